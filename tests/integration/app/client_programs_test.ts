import assert from "node:assert/strict";
import { startProgram } from "../../support/physiology_server.ts";
import { type RedisServer, startRedis } from "../../support/redis_server.ts";
import { hasShared, sharedPath } from "../../support/shared_data.ts";
import { waitFor } from "../../support/wait.ts";

const CLIENTS = new URL("../../clients/", import.meta.url).pathname;
const PROGRAMS = ["subscriber", "multi_channel", "queue_consumer", "pattern", "filter"];

/** A client program under Debian's python3, killed at the end of the block. */
class Client implements AsyncDisposable {
  output = "";
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<unknown>;

  constructor(program: string, broker: RedisServer) {
    this.#child = new Deno.Command("/usr/bin/python3", {
      args: ["-u", `${CLIENTS}${program}.py`],
      env: { TEST_REDIS_PORT: `${broker.port}`, PYTHONPATH: `${CLIENTS}redirect` },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#reading = Promise.all([this.#read(this.#child.stdout), this.#read(this.#child.stderr)]);
  }

  async prints(pattern: RegExp, timeoutMs = 40_000): Promise<void> {
    try {
      await waitFor(`${pattern}`, () => pattern.test(this.output), { timeoutMs });
    } catch (cause) {
      throw new Error(`No ${pattern} in:\n${this.output.slice(-2000)}`, { cause });
    }
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) this.output += decoder.decode(chunk, { stream: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
    await this.#reading;
  }
}

Deno.test("client programs of the published description run unchanged against the server", async () => {
  await using broker = await startRedis();
  await using server = startProgram(["--simulate", `--redis_port=${broker.port}`]);
  const client = broker.client();
  await waitFor(
    "the server's first metrics",
    async () => ((await client.pubsub("CHANNELS")) as string[]) && /Status/.test(server.stderr),
  );

  await using subscriber = new Client("subscriber", broker);
  await using multi = new Client("multi_channel", broker);
  await using pattern = new Client("pattern", broker);
  await using filter = new Client("filter", broker);
  await using consumer = new Client("queue_consumer", broker);

  await subscriber.prints(/Received core_metrics at \d{16}\nPayload: \{/);
  await subscriber.prints(/Received edge_metrics at \d{16}\nPayload: \{/);
  await multi.prints(/Received frame: 640x480/);
  await multi.prints(/EDA: None/);
  await multi.prints(/Status: \S/);
  await multi.prints(/Pulse: \d+\.\d+ BPM/);
  await pattern.prints(/pmessage \*:core_metrics physiology:core_metrics/);
  await pattern.prints(/pmessage physiology:\* physiology:frame/);
  await filter.prints(/Confident pulse: \d+/);

  // The consumer and the server pop the same list; Redis serves the client that waited longest.
  let pushed = 0;
  await waitFor("both to receive commands", async () => {
    // In pairs: two clients that alternate would each receive the same command every time.
    const recording = pushed++ % 4 < 2;
    await client.lpush("physiology:metrics:command_queue", JSON.stringify({ recording }));
    return /Received command: recording=(True|False)/.test(consumer.output) &&
      /Recording state changed: started/.test(multi.output) &&
      /Recording state changed: stopped/.test(multi.output);
  }, { pollMs: 300 });
  await subscriber.prints(/Received recording_state/);
  for (const { output } of [subscriber, multi, pattern, filter, consumer]) {
    assert.doesNotMatch(output, /Traceback/);
  }
});

Deno.test({
  name: "client programs equal those of the published description, line by line",
  ignore: !hasShared("design/redis_ipc_source.txt"),
  fn() {
    const lines = (text: string) => text.split("\n").map((line) => line.trim()).filter(Boolean);
    const source = lines(Deno.readTextFileSync(sharedPath("design/redis_ipc_source.txt")))
      .join("\n");
    for (const program of PROGRAMS.slice(0, 3)) {
      const text = lines(Deno.readTextFileSync(`${CLIENTS}${program}.py`)).join("\n");
      assert.ok(source.includes(text), `${program}.py differs from the description`);
    }
  },
});
