import { epochUs } from "../../../src/base/time.ts";
import assert from "node:assert/strict";
import { SessionSaver } from "../../../src/recording/saver.ts";
import { encodeEnvelope, encodeFrameEnvelope } from "../../../src/envelopes/envelope.ts";
import type { Envelope } from "../../../src/envelopes/envelope.ts";
import { SystemClock } from "../../../src/telemetry/clock.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import {
  FAKE_START_US,
  fakeJpeg,
  fakeMetrics,
  fakeRecordingState,
  fakeStatus,
} from "../../support/fake_stream.ts";
import { Program, PYTHON, SAMPLES } from "../../support/program.ts";
import { type RedisServer, startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

const text = (envelope: Envelope) => new TextDecoder().decode(encodeEnvelope(envelope));

async function publishAll(server: RedisServer, envelopes: readonly Envelope[]): Promise<void> {
  const client = server.client();
  for (const envelope of envelopes) {
    await client.publish(`physiology:${envelope.type}`, text(envelope));
  }
}

async function subscribers(server: RedisServer, count: number): Promise<void> {
  const client = server.client();
  await waitFor(`${count} subscribers`, async () => {
    const [, receivers] = await client.pubsub("NUMSUB", "physiology:recording_state") as unknown[];
    return receivers === count;
  });
}

const FRAME = {
  timestamp: epochUs(FAKE_START_US),
  sequence: 1,
  width: 1,
  height: 1,
  jpeg: fakeJpeg(),
};

/** Two sessions with messages before, between and after them that belong to no session. */
function twoVisits(): Envelope[] {
  const metrics = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => fakeMetrics(from + index)).flat();
  return [
    fakeRecordingState(0),
    ...metrics(0, 2),
    fakeRecordingState(2, "visit 1"),
    ...metrics(2, 12),
    fakeRecordingState(12),
    ...metrics(12, 14),
    fakeRecordingState(14, "visit/2"),
    ...metrics(14, 20),
    fakeRecordingState(20, "visit 1"), // the same session again, which is appended to
    ...metrics(20, 24),
    fakeRecordingState(24),
  ];
}

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const readJson = (path: string) => JSON.parse(Deno.readTextFileSync(path));

function savingClient(server: RedisServer, folder: string, args: readonly string[] = []): Program {
  return new Program(PYTHON, [
    `${SAMPLES}redis_ipc_metrics_saving_client.py`,
    "--redis_host=127.0.0.1",
    `--redis_port=${server.port}`,
    `--output_directory=${folder}`,
    ...args,
  ]);
}

Deno.test("redis_ipc_metrics_saving_client.py saves the same series as the record command", () =>
  withFolder(async (folder) => {
    await using server = await startRedis();
    await using sample = savingClient(server, `${folder}/sample`);
    await subscribers(server, 1);
    await publishAll(server, twoVisits());
    await waitFor("both visits", () => sample.output.split("Saved ").length === 4);
    const options = { directory: `${folder}/record`, log: silentLog, clock: new SystemClock() };
    const saver = new SessionSaver(options);
    for (const envelope of twoVisits()) saver.add(text(envelope));
    await saver[Symbol.asyncDispose]();

    for (const name of ["metrics_visit 1", "metrics_visit_2"]) {
      const sampled = readJson(`${folder}/sample/${name}.json`);
      assert.deepEqual(sampled, readJson(`${folder}/record/${name}.json`));
      const lines = (part: string) =>
        Deno.readTextFileSync(`${folder}/${part}/${name}.jsonl`).trimEnd().split("\n")
          .map((line) => JSON.parse(line));
      assert.deepEqual(lines("sample"), lines("record"));
    }
    const first = readJson(`${folder}/sample/metrics_visit 1.json`);
    assert.equal(first.session_id, "visit 1");
    assert.equal(first.start_timestamp, FAKE_START_US + 2 * 200_000);
    assert.equal(first.end_timestamp, FAKE_START_US + 24 * 200_000);
    const strict = first.series["core_metrics.pulse.strict"];
    assert.equal(strict.timestamp.length, 13); // 3..11 and 20..23
    assert.deepEqual(new Set(strict.value), new Set([72.5]));
    const trace = first.series["edge_metrics.breathing.upper_trace"];
    assert.equal(trace.timestamp.length, trace.value.length);
    assert.equal(new Set(trace.timestamp).size, trace.timestamp.length);
  }));

/** The messages of an outage in which session a ended and b began, as they arrive after it. */
function replayedVisits(): unknown[] {
  const metadata = { replayed: true };
  const late = (envelope: Envelope) =>
    ({ ...envelope, payload: { ...envelope.payload, metadata } }) as unknown;
  const named = (n: number, sessionId: string) =>
    fakeMetrics(n).map((envelope) => ({
      ...envelope,
      payload: {
        ...envelope.payload,
        metadata: { sequence: n, boot_id: "fake", session_id: sessionId },
      },
    }));
  return [
    fakeRecordingState(0, "a"),
    ...fakeMetrics(1),
    ...named(12, "b"),
    fakeStatus(13, "OK", "b"),
    ...fakeMetrics(14),
    ...fakeMetrics(2),
    ...named(3, "a"),
    late(fakeRecordingState(5)),
    ...fakeMetrics(6),
    late(fakeRecordingState(10, "b")),
    ...fakeMetrics(11),
    fakeRecordingState(20),
  ];
}

Deno.test("redis_ipc_metrics_saving_client.py saves replayed metrics in their own session, as record does", () =>
  withFolder(async (folder) => {
    await using server = await startRedis();
    await using sample = savingClient(server, `${folder}/sample`);
    await subscribers(server, 1);
    await publishAll(server, replayedVisits() as Envelope[]);
    await sample.prints("metrics_b.json\nSaved");
    sample.kill("SIGTERM");
    assert.equal(await sample.ended(), 0);
    const options = { directory: `${folder}/record`, log: silentLog, clock: new SystemClock() };
    const saver = new SessionSaver(options);
    for (const envelope of replayedVisits()) saver.add(JSON.stringify(envelope));
    await saver[Symbol.asyncDispose]();
    for (const [id, sequences] of [["a", [1, 2, 3]], ["b", [11, 12, 14]]] as const) {
      const sampled = readJson(`${folder}/sample/metrics_${id}.json`);
      const recorded = readJson(`${folder}/record/metrics_${id}.json`);
      assert.deepEqual(sampled.series["core_metrics.metadata"].sequence.sort(), sequences);
      assert.deepEqual(recorded.series["core_metrics.metadata"].sequence, sequences);
      assert.deepEqual(
        [sampled.start_timestamp, sampled.end_timestamp],
        [recorded.start_timestamp, recorded.end_timestamp],
      );
    }
  }));

Deno.test("redis_ipc_metrics_saving_client.py takes no recording state from a replayed status", async () => {
  const script = `
import sys
sys.path.insert(0, sys.argv[1])
from redis_ipc_metrics_saving_client import has_recording_state as has
def envelope(kind, **payload):
    return {"type": kind, "timestamp": 1, "payload": payload}
replayed = {"replayed": True}
print([has(each) for each in [
    envelope("status", recording=True), envelope("status", recording=True, metadata=replayed),
    envelope("status"), envelope("recording_state", recording=True, metadata=replayed),
    envelope("core_metrics", recording=True)]])
`;
  await using python = new Program(PYTHON, ["-c", script, SAMPLES]);
  assert.equal(await python.ended(), 0, python.output);
  assert.equal(python.output.trim(), "[True, False, False, True, False]");
});

Deno.test("redis_ipc_metrics_saving_client.py leaves complete lines when killed, and continues them", () =>
  withFolder(async (folder) => {
    await using server = await startRedis();
    const path = `${folder}/metrics_a.jsonl`;
    const size = () => {
      try {
        return Deno.statSync(path).size;
      } catch {
        return 0;
      }
    };
    {
      await using sample = savingClient(server, folder, ["--snapshot_seconds=0.05"]);
      await subscribers(server, 1);
      await publishAll(server, [fakeRecordingState(0, "a"), ...fakeMetrics(1), ...fakeMetrics(2)]);
      await waitFor("a snapshot", () => size() > 3000 && readJsonOr(`${folder}/metrics_a.json`));
      sample.kill("SIGKILL");
    }
    const before = Deno.readTextFileSync(path);
    for (const line of before.trimEnd().split("\n")) JSON.parse(line);
    assert(before.endsWith("\n"));
    Deno.writeTextFileSync(path, before + '{"type":"core_met'); // as after a power failure
    {
      await using sample = savingClient(server, folder);
      await subscribers(server, 1);
      await publishAll(server, [fakeRecordingState(3, "a"), ...fakeMetrics(3)]);
      await waitFor("the rest", () => size() > before.length + 1000);
      sample.kill("SIGTERM");
      assert.equal(await sample.ended(), 0);
    }
    assert(Deno.readTextFileSync(path).startsWith(before));
    const saved = readJson(`${folder}/metrics_a.json`);
    assert.equal(saved.series["core_metrics.metadata"].sequence.join(), "1,2,3");
    assert.equal(saved.start_timestamp, FAKE_START_US);
    assert.equal(saved.end_timestamp, null);
  }));

function readJsonOr(path: string): unknown {
  try {
    return readJson(path);
  } catch {
    return undefined;
  }
}

Deno.test("redis_ipc_metrics_saving_client.py survives a restart of Redis and invalid messages", () =>
  withFolder(async (folder) => {
    await using server = await startRedis();
    await using sample = savingClient(server, folder);
    await subscribers(server, 1);
    await publishAll(server, [fakeRecordingState(0, "a"), ...fakeMetrics(1)]);
    await sample.prints("Saving session a");
    await server.kill();
    await server.restart();
    await subscribers(server, 1);
    const client = server.client();
    for (const hostile of ["", "[]", "{}", "null", '{"type":"core_metrics"}', "\ud800", "[[[["]) {
      await client.publish("physiology:core_metrics", hostile);
      await client.publish("physiology:recording_state", hostile);
    }
    await publishAll(server, [...fakeMetrics(2), fakeRecordingState(3)]);
    await sample.prints("Saved");
    const saved = readJson(`${folder}/metrics_a.json`);
    assert.equal(saved.series["core_metrics.metadata"].sequence.join(), "1,2");
  }));

Deno.test("alt_ipc_example_on_prem_client.py prints every message of Redis, and records while it runs", async () => {
  await using server = await startRedis();
  await using sample = new Program(PYTHON, [
    `${SAMPLES}alt_ipc_example_on_prem_client.py`,
    "--backend=redis",
    "--redis_host=127.0.0.1",
    `--redis_port=${server.port}`,
    "--record",
    "--session_id=s1",
  ]);
  await subscribers(server, 1);
  await publishAll(server, [...fakeMetrics(0), ...fakeMetrics(4), fakeStatus(0, "NO_FACES_FOUND")]);
  await publishAll(server, [fakeRecordingState(5, "s1")]);
  const client = server.client();
  await client.publish("physiology:frame", Buffer.from(encodeFrameEnvelope(FRAME)));
  await sample.prints("frame: 1x1");
  await sample.prints("pulse withheld: warming_up, breathing withheld: warming_up");
  await sample.prints("pulse 72.5 beats/min (95%), breathing 16.2 breaths/min (89%)");
  await sample.prints("NO_FACES_FOUND: No face is in the picture. Sit in front of the camera.");
  await sample.prints("recording_state: started s1");
  sample.kill("SIGTERM");
  assert.equal(await sample.ended(), 0);
  const commands = await client.lrange("physiology:command_queue", 0, -1);
  assert.deepEqual(commands.map((command) => JSON.parse(String(command))), [
    { recording: false, session_id: "s1" },
    { recording: true, session_id: "s1" },
  ]);
});

Deno.test("alt_ipc_example_on_prem_client.py follows the files of the file backend across truncation", () =>
  withFolder(async (folder) => {
    await using sample = new Program(PYTHON, [
      `${SAMPLES}alt_ipc_example_on_prem_client.py`,
      "--backend=file",
      `--base_directory=${folder}`,
    ]);
    const [core] = fakeMetrics(4);
    await Deno.writeTextFile(`${folder}/core_metrics.jsonl`, text(core!) + "\n");
    await Deno.writeFile(`${folder}/latest.jpg`, fakeJpeg());
    await sample.prints("pulse 72.5");
    await sample.prints("frame: 1x1");
    const [early] = fakeMetrics(0);
    await Deno.writeTextFile(`${folder}/core_metrics.jsonl`, text(early!) + "\n");
    await sample.prints("pulse withheld: warming_up");
  }));

Deno.test("command_queue_consumer.py handles commands across a restart of Redis, and ends without losing one", async () => {
  await using server = await startRedis();
  await using sample = new Program(PYTHON, [
    `${SAMPLES}command_queue_consumer.py`,
    "--redis_host=127.0.0.1",
    `--redis_port=${server.port}`,
  ]);
  const client = server.client();
  const push = (text: string) => client.lpush("physiology:command_queue", text);
  await push("[]");
  await push('{"recording": 1}');
  await push('{"recording": true, "expires_at": 1}');
  await push('{"recording": true, "expires_at": 9e15}');
  await sample.prints("Received command: recording=True session_id=None");
  await sample.prints(/(Dropped an invalid command[^]*){2}/);
  await sample.prints("Dropped a command that has expired");
  await server.kill();
  await sample.prints("reconnecting");
  await server.restart();
  await client.lpush("physiology:metrics:command_queue", '{"recording": false}');
  await sample.prints("Received command: recording=False session_id=None");
  sample.kill("SIGTERM");
  assert.equal(await sample.ended(), 0, sample.output);
  assert.doesNotMatch(sample.output, /Traceback/);
});

Deno.test("subscriber.ts prints every message and pushes a command", async () => {
  await using server = await startRedis();
  await using sample = new Program(Deno.execPath(), [
    "run",
    "--quiet",
    "--allow-net",
    "--allow-env",
    `${SAMPLES}subscriber.ts`,
    "--redis_host=127.0.0.1",
    `--redis_port=${server.port}`,
    "--start=s2",
  ]);
  await subscribers(server, 1);
  await publishAll(server, [...fakeMetrics(0), ...fakeMetrics(4), fakeStatus(0)]);
  await publishAll(server, [fakeRecordingState(5, "s2")]);
  const client = server.client();
  await client.publish("physiology:frame", Buffer.from(encodeFrameEnvelope(FRAME)));
  await sample.prints("1x1, ");
  await sample.prints("pulse withheld (warming_up)");
  await sample.prints("pulse 72.5/min (95 %), breathing 16.2/min (89 %)");
  await sample.prints("OK: Measuring.");
  await sample.prints("started s2");
  const [command] = await client.lrange("physiology:command_queue", 0, -1);
  assert.deepEqual(JSON.parse(String(command)), { recording: true, session_id: "s2" });
});
