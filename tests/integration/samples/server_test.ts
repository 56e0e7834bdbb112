import assert from "node:assert/strict";
import { startProgram } from "../../support/physiology_server.ts";
import { Program, PYTHON, SAMPLES } from "../../support/program.ts";
import { freePort, startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

/** Starts the server with a small simulated camera. */
function serve(...args: string[]) {
  const size = ["--capture_width_px=320", "--capture_height_px=240"];
  return startProgram(["--simulate", ...size, ...args]);
}

async function folderFor(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const mode of ["channels", "histories"]) {
  Deno.test(`redis_ipc_metrics_saving_client.py saves a session of the server from its ${mode}`, () =>
    folderFor(async (folder) => {
      const keyValue = mode === "histories";
      await using broker = await startRedis();
      await using server = serve(
        `--redis_port=${broker.port}`,
        `--redis_use_pubsub=${!keyValue}`,
      );
      await using sample = new Program(PYTHON, [
        `${SAMPLES}redis_ipc_metrics_saving_client.py`,
        `--redis_port=${broker.port}`,
        `--output_directory=${folder}`,
        ...keyValue ? ["--key_value"] : [],
      ]);
      const client = broker.client();
      await waitFor("the server and the sample", async () => {
        const names = String(await client.call("CLIENT", "LIST"));
        return names.includes(":commands") && names.includes(keyValue ? "cmd=xread" : "sub=4");
      }, { timeoutMs: 60_000 });
      await client.lpush("physiology:command_queue", '{"recording": true, "session_id": "visit"}');
      await sample.prints("Saving session visit");
      await waitFor(
        "some metrics",
        () => Deno.readTextFileSync(`${folder}/metrics_visit.jsonl`).split("\n").length > 20,
        {
          timeoutMs: 60_000,
        },
      );
      await client.lpush("physiology:metrics:command_queue", '{"recording": false}');
      await sample.prints("Saved");
      const { series, ...session } = JSON.parse(
        await Deno.readTextFile(`${folder}/metrics_visit.json`),
      );
      assert.equal(session.session_id, "visit");
      assert(session.end_timestamp > session.start_timestamp);
      const { sequence } = series["core_metrics.metadata"];
      assert.deepEqual(sequence, sequence.map((_: number, index: number) => sequence[0] + index));
      assert(series["edge_metrics.signal"].fps.length > 5);
      assert(server.running);
    }));
}

Deno.test("command_queue_consumer.py takes every command beside a server with --noredis_command_queue", async () => {
  await using broker = await startRedis();
  await using server = serve(`--redis_port=${broker.port}`, "--noredis_command_queue");
  await using sample = new Program(PYTHON, [
    `${SAMPLES}command_queue_consumer.py`,
    `--redis_port=${broker.port}`,
  ]);
  const client = broker.client();
  const clients = async () => String(await client.call("CLIENT", "LIST"));
  await waitFor("the server and the sample", async () => {
    const list = await clients();
    return list.includes("physiology_server:metrics") && list.includes("cmd=brpop");
  }, { timeoutMs: 60_000 });
  const lists = ["physiology:command_queue", "physiology:metrics:command_queue"] as const;
  const expected = Array.from({ length: 20 }, (_, index) => `session_id=visit-${index}\n`);
  for (const index of expected.keys()) {
    const command = { recording: true, session_id: `visit-${index}` };
    await client.lpush(lists[index % 2]!, JSON.stringify(command));
    await sample.prints(expected[index]!);
  }
  assert.doesNotMatch(await clients(), /physiology_server:commands/);
  assert.doesNotMatch(server.stderr, /Recording started/);
  assert(server.running);
});

Deno.test("alt_ipc_example_on_prem_client.py records by a file, and follows the files of the server", () =>
  folderFor(async (folder) => {
    const directory = `${folder}/ipc`;
    await using server = serve("--streaming_backend=file", `--file_base_directory=${directory}`);
    const states = () => {
      try {
        return Deno.readTextFileSync(`${directory}/recording_state.jsonl`).trim().split("\n")
          .map((line) => JSON.parse(line).payload);
      } catch {
        return [];
      }
    };
    await waitFor("the files", () => states().length > 0, { timeoutMs: 60_000 });
    {
      await using sample = new Program(PYTHON, [
        `${SAMPLES}alt_ipc_example_on_prem_client.py`,
        "--backend=file",
        `--base_directory=${directory}`,
        "--record",
        "--session_id=s 1",
      ]);
      await sample.prints("recording_state: started s 1", 60_000);
      await sample.prints(/frame: 320x240/, 60_000);
      await sample.prints(/core_metrics: pulse/, 60_000);
      sample.kill("SIGTERM");
      assert.equal(await sample.ended(), 0, sample.output);
    }
    await waitFor("the end", () => states().at(-1)?.recording === false);
    assert.deepEqual(states().slice(-2), [
      { recording: true, session_id: "s 1" },
      { recording: false },
    ]);
    assert(server.running);
  }));

Deno.test("grpc_client.py follows and records on the server without Redis", async () => {
  const port = freePort();
  await using server = serve("--streaming_backend=grpc", `--port=${port}`);
  const sample = (...args: string[]) =>
    new Program(PYTHON, [`${SAMPLES}grpc_client.py`, `--address=127.0.0.1:${port}`, ...args]);
  await waitFor("gRPC", () => server.stderr.includes("Listening for gRPC"), { timeoutMs: 60_000 });
  await using start = sample("--start", "--session_id=visit");
  assert.equal(await start.ended(), 0, start.output);
  await using follow = sample("--messages=5");
  assert.equal(await follow.ended(), 0, follow.output);
  assert.match(follow.output, /"recording": true, "sessionId": "visit"/);
  assert.equal(follow.output.match(/^pulse /gm)?.length, 5);
  await using stop = sample("--stop");
  assert.equal(await stop.ended(), 0, stop.output);
  assert.match(stop.output, /recording: False/);
});
