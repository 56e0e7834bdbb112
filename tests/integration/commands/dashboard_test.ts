import { epochUs } from "../../../src/base/time.ts";
import assert from "node:assert/strict";
import type { Redis } from "ioredis";
import {
  encodeEnvelope,
  encodeFrameEnvelope,
  type Envelope,
} from "../../../src/envelopes/envelope.ts";
import { fakeMetrics, fakeRecordingState, fakeStatus } from "../../support/fake_stream.ts";
import { startProgram } from "../../support/physiology_server.ts";
import { Program } from "../../support/program.ts";
import { startCluster } from "../../support/redis_cluster.ts";
import { freePort, type RedisServer, startRedis } from "../../support/redis_server.ts";
import { StreamProbe } from "../../support/stream_probe.ts";
import { waitFor } from "../../support/wait.ts";

const TOKEN = "a secret of 16 characters";
const MAIN = new URL("../../../main.ts", import.meta.url).pathname;

/** A device as seen from Redis: publishes with a key prefix and reads its command queue. */
class FakeDevice implements Disposable {
  readonly prefix: string;
  readonly commands: unknown[] = [];
  readonly #client: Redis;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #images: readonly Uint8Array<ArrayBuffer>[];
  #turn = 0;
  #session: string | undefined;
  frameReceivers = 0;

  constructor(server: RedisServer, { prefix, images }: {
    prefix: string;
    images: readonly Uint8Array<ArrayBuffer>[];
  }) {
    this.prefix = prefix;
    this.#client = server.client();
    this.#images = images;
    this.#timer = setInterval(() => void this.#run().catch(() => {}), 100);
  }

  async send(envelope: Envelope): Promise<void> {
    const bytes = Buffer.from(encodeEnvelope(envelope));
    await this.#client.publish(`${this.prefix}:${envelope.type}`, bytes);
  }

  async #run(): Promise<void> {
    const turn = this.#turn++;
    for (const envelope of fakeMetrics(turn + 4)) await this.send(envelope);
    if (turn % 10 === 0) await this.send(fakeStatus(turn, "OK", this.#session));
    const jpeg = this.#images[turn % this.#images.length]!;
    const frame = { timestamp: epochUs(turn), sequence: turn, width: 320, height: 240, jpeg };
    const bytes = Buffer.from(encodeFrameEnvelope(frame));
    this.frameReceivers = Number(await this.#client.publish(`${this.prefix}:frame`, bytes));
    const pushed = await this.#client.rpop(`${this.prefix}:command_queue`);
    if (pushed === null) return;
    const command = JSON.parse(String(pushed));
    this.commands.push(command);
    this.#session = command.recording ? "s" : undefined;
    await this.send(fakeRecordingState(turn, this.#session));
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

async function startDashboard(server: RedisServer, args: readonly string[] = []) {
  const port = freePort();
  const program = new Program(Deno.execPath(), [
    "run",
    "-A",
    "-q",
    MAIN,
    "dashboard",
    "--redis_host=127.0.0.1",
    `--redis_port=${server.port}`,
    `--port=${port}`,
    ...args,
  ]);
  await program.prints("Serving the web page at");
  return { program, url: `http://127.0.0.1:${port}/` };
}

Deno.test("dashboard subscribes to frames only while the video has subscribers", async () => {
  await using server = await startRedis();
  using device = new FakeDevice(server, { prefix: "a", images: [Uint8Array.of(0xff, 0xd8, 1)] });
  const { program, url } = await startDashboard(server);
  await using _dashboard = program;
  await waitFor("the device", async () => {
    const response = await fetch(`${url}video?device=a`);
    if (response.status !== 200) return await response.body?.cancel(), false;
    const reader = response.body!.getReader();
    await waitFor("a receiver", () => device.frameReceivers === 1);
    const { value } = await reader.read();
    assert.match(new TextDecoder("latin1").decode(value), /^--physiology-frame\r\n/);
    await reader.cancel();
    return true;
  });
  await waitFor("no receiver", () => device.frameReceivers === 0);
});

for (
  const [what, args] of [
    ["a server in key-value mode", ["--noredis_use_pubsub"]],
    ["a cluster", ["--redis_cluster"]],
    ["a cluster in key-value mode", ["--redis_cluster", "--noredis_use_pubsub"]],
    ["a cluster with sharded channels", ["--redis_cluster", "--redis_sharded_publish"]],
  ] as const
) {
  Deno.test(`dashboard reads metrics, recordings and frames of ${what}`, async () => {
    await using stack = new AsyncDisposableStack();
    const [server] = args[0] === "--redis_cluster"
      ? stack.use(await startCluster()).nodes
      : [stack.use(await startRedis())];
    assert.ok(server);
    const devices = what.endsWith("sharded channels") ? "physiology" : "physio*";
    const { program, url } = await startDashboard(server, [...args, `--devices=${devices}`]);
    stack.use(program);
    stack.use(startProgram([
      "--simulate",
      "--redis_host=127.0.0.1",
      `--redis_port=${server.port}`,
      ...args,
      "--start_with_recording_on",
    ]));
    const topics = ["core_metrics", "status", "recording_state"];
    const probe = await StreamProbe.subscribed(url, { subscribe: topics });
    for (const part of ['"type":"core_metrics"', '"recording":true']) {
      await waitFor(part, () => JSON.stringify(probe.messages).includes(part), {
        timeoutMs: 20_000,
      });
    }
    const video = await fetch(`${url}video?device=physiology`);
    const reader = video.body!.getReader();
    let bytes = 0;
    while (bytes < 20_000) bytes += (await reader.read()).value!.length;
    await reader.cancel();
    program.kill("SIGTERM");
    assert.equal((await probe.closed).code, 1001);
  });
}

Deno.test("dashboard with a token requires a login or the token", async () => {
  await using server = await startRedis();
  using _device = new FakeDevice(server, { prefix: "a", images: [new Uint8Array(2)] });
  const { program, url } = await startDashboard(server, [
    `--token=${TOKEN}`,
    "--listen=0.0.0.0",
    "--http_allow_plaintext",
  ]);
  await using _dashboard = program;
  for (const path of ["", "v1/stream", "video?device=a", "app.js", "api/recording"]) {
    const response = await fetch(url + path);
    assert.equal(response.status, 401, path);
    await response.body?.cancel();
  }
  const login = (token: string) =>
    fetch(`${url}login`, {
      method: "POST",
      body: new URLSearchParams({ token }),
      redirect: "manual",
    });
  const wrong = await login("guess");
  assert.equal(wrong.status, 401);
  assert.match(await wrong.text(), /Wrong token/);
  const right = await login(TOKEN);
  assert.equal(right.status, 303);
  await right.body?.cancel();
  const cookie = right.headers.get("set-cookie")!.split(";")[0]!;
  assert(!cookie.includes(TOKEN));
  const page = await fetch(url, { headers: { cookie } });
  assert.equal(page.status, 200);
  assert.match(await page.text(), /Vital signs/);
  const bearer = await fetch(url, { headers: { authorization: `Bearer ${TOKEN}` } });
  assert.equal(bearer.status, 200);
  await bearer.body?.cancel();
});
