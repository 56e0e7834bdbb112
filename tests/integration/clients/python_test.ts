import assert from "node:assert/strict";
import { VERSION } from "../../../src/base/version.ts";
import { encodeFrameEnvelope, type Envelope, TOPICS } from "../../../src/envelopes/envelope.ts";
import { FAKE_START_US, fakeMetrics } from "../../support/fake_stream.ts";
import { GOLDEN_FRAME, goldenEnvelopes } from "../../support/golden_envelopes.ts";
import { startProgram } from "../../support/physiology_server.ts";
import { Program, PYTHON } from "../../support/program.ts";
import { InstalledClient, PYTHON_CLIENT, succeed } from "../../support/python_client.ts";
import { startCluster } from "../../support/redis_cluster.ts";
import { type RedisServer, startRedis } from "../../support/redis_server.ts";
import { StreamPage } from "../../support/stream_page.ts";
import { waitFor } from "../../support/wait.ts";

const TESTS = `${PYTHON_CLIENT}tests/`;
const GOLDENS = goldenEnvelopes();
const FRAME = JSON.parse(new TextDecoder().decode(encodeFrameEnvelope(GOLDEN_FRAME)));

const installed = await InstalledClient.install();
Deno.test.afterAll(() => installed[Symbol.dispose]());

/** Starts print_envelopes.py with the installed package. */
function reader(style: "plain" | "asyncio", kind: "redis" | "page", options: object): Program {
  return new Program(installed.python, [
    `${TESTS}print_envelopes.py`,
    style,
    kind,
    JSON.stringify(options),
  ]);
}

const redisOptions = ({ port }: RedisServer) => ({ host: "127.0.0.1", port });

/** The envelopes that a program has printed. */
function printed(program: Program): Record<string, unknown>[] {
  return program.output.split("\n").filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
}

/** Waits for as many envelopes, and asserts that they are those of the golden messages. */
async function assertGoldens(program: Program, device: string): Promise<void> {
  const expected = [...GOLDENS, FRAME].map((envelope) => ({ ...envelope, device }));
  await waitFor("the golden messages", () => printed(program).length >= expected.length);
  const byTopic = (envelopes: readonly Record<string, unknown>[]) =>
    Object.groupBy(envelopes, ({ type }) => String(type));
  assert.deepEqual(byTopic(printed(program)), byTopic(expected));
}

Deno.test("physiology_client passes mypy --strict and its unit tests", async () => {
  const { output, code } = await run(PYTHON, ["-m", "mypy", "--cache-dir=/dev/null"]);
  assert.equal(code, 0, output);
  await succeed(installed.python, ["-m", "unittest", "discover", TESTS]);
});

async function run(command: string, args: readonly string[]) {
  await using program = new Program(command, args, { cwd: PYTHON_CLIENT });
  return { code: await program.ended(), output: program.output };
}

Deno.test("physiology_client is a typed wheel with the version of the server", async () => {
  assert.match(installed.wheel, new RegExp(`/physiology_client-${VERSION}-py3-none-any\\.whl$`));
  const files = await succeed(installed.python, ["-m", "zipfile", "--list", installed.wheel]);
  assert.match(files, /physiology_client\/py\.typed/);
  assert.doesNotMatch(files, /tests/);
});

for (const style of ["plain", "asyncio"] as const) {
  for (const mode of ["pubsub", "sharded"] as const) {
    Deno.test(`RedisSource reads the golden messages: ${style}, ${mode}`, async () => {
      await using server = await startRedis();
      await using program = reader(style, "redis", { ...redisOptions(server), mode });
      await program.prints("Connected");
      const client = server.client();
      const command = mode === "sharded" ? "SPUBLISH" : "PUBLISH";
      for (const envelope of [...GOLDENS, FRAME]) {
        await client.call(command, `physiology:${envelope.type}`, JSON.stringify(envelope));
      }
      await assertGoldens(program, "physiology");
    });
  }

  Deno.test(`RedisSource reads the golden messages: ${style}, history`, async () => {
    await using server = await startRedis();
    const options = { ...redisOptions(server), mode: "history", since_ms: 1 };
    await using program = reader(style, "redis", options);
    await program.prints("Connected");
    await store(server, GOLDENS);
    await server.client().set("physiology:frame", JSON.stringify(FRAME));
    await assertGoldens(program, "physiology");
  });

  Deno.test(`WebSocketSource reads the golden messages: ${style}`, async () => {
    await using page = new StreamPage();
    const options = { url: page.url, token: "a token" };
    await using program = reader(style, "page", options);
    await waitFor("the subscriber", () => page.subscribers === 1);
    for (const envelope of GOLDENS) page.send({ ...envelope, device: "bed-1" });
    page.sendFrame({ ...GOLDEN_FRAME, device: "bed-1" });
    await assertGoldens(program, "bed-1");
    assert.deepEqual(page.authorizations, ["Bearer a token"]);
  });
}

/** Adds envelopes to the histories, as a server in key-value mode. */
async function store(server: RedisServer, envelopes: readonly Envelope[]): Promise<void> {
  const client = server.client();
  for (const envelope of envelopes) {
    const key = `physiology:${envelope.type}:history`;
    const id = `${Math.floor(envelope.timestamp / 1000)}-*`;
    await client.xadd(key, id, "envelope", JSON.stringify(envelope));
  }
}

const core = (n: number) => fakeMetrics(n)[0]!;
const sequences = (program: Program) =>
  printed(program).map(({ payload }) =>
    (payload as { metadata: { sequence: number } }).metadata.sequence
  );

Deno.test("RedisSource subscribes again when its broker is killed and starts again", async () => {
  await using server = await startRedis();
  await using program = reader("plain", "redis", redisOptions(server));
  await program.prints("Connected");
  const publish = async (n: number) =>
    await server.client().publish("physiology:core_metrics", JSON.stringify(core(n)));
  await publish(1);
  await waitFor("the first message", () => sequences(program).length === 1);
  await server.kill();
  await program.prints("Connection lost: reconnecting");
  await server.restart();
  await waitFor("the second connection", () => program.output.split("Connected").length === 3);
  await publish(2);
  await waitFor("the second message", () => sequences(program).length === 2);
  assert.deepEqual(sequences(program), [1, 2]);
});

const RECORD = `
import sys
from physiology_client import *
port, recording = int(sys.argv[1]), sys.argv[2] == "start"
partitions = int(sys.argv[5]) if len(sys.argv) > 5 else 0
source = RedisSource("127.0.0.1", port, mode=sys.argv[3], partitions=partitions)
with PhysiologyClient(source) as client:
    try:
        client.record(recording, session_id="visit", timeout_s=float(sys.argv[4]))
        print("confirmed")
    except RecordingError as error:
        print(error.outcome)
`;

/** The lease of frames with and without partitions. */
const LEASES = { 0: "physiology:frame:demand", 128: "{p28}:physiology:frame:demand" };

for (const [partitions, lease] of Object.entries(LEASES)) {
  Deno.test(`RedisSource finds the nodes of a cluster with ${partitions} partitions: sharded channels, and commands`, async () => {
    await using cluster = await startCluster();
    await using server = startProgram([
      "--simulate",
      "--redis_cluster",
      "--redis_sharded_publish",
      `--redis_partitions=${partitions}`,
      `--redis_port=${cluster.nodes[0]!.port}`,
    ]);
    await waitFor("the server", () => /Connected to Redis/.test(server.stderr), {
      timeoutMs: 60_000,
    });
    const [, , node] = cluster.nodes;
    assert.ok(node);
    await using program = reader("plain", "redis", {
      ...redisOptions(node),
      mode: "sharded",
      partitions: Number(partitions),
    });
    await program.prints("Connected");
    const has = (topic: string) => printed(program).some(({ type }) => type === topic);
    for (const what of ["start", "stop"]) {
      const args = ["-c", RECORD, `${node.port}`, what, "sharded", "60", partitions];
      assert.match(await succeed(installed.python, args), /^confirmed/m);
    }
    await waitFor("each topic", () => TOPICS.every(has), { timeoutMs: 60_000 });
    assert.deepEqual(
      new Set(printed(program).map(({ device }) => device)),
      new Set(["physiology"]),
    );
    await waitFor("the lease of frames", async () => {
      const keys = await Promise.all(cluster.nodes.map((node) => node.client().keys("*")));
      return keys.flat().includes(lease);
    });
  });
}

for (const mode of ["pubsub", "history"]) {
  Deno.test(`RedisSource leaves a frozen broker, and reads when it responds again: ${mode}`, async () => {
    await using server = await startRedis();
    const options = { ...redisOptions(server), mode, silence_s: 1 };
    await using program = reader("plain", "redis", options);
    await program.prints("Connected");
    server.freeze();
    await program.prints("reconnecting");
    server.thaw();
    const publish = () =>
      mode === "history"
        ? store(server, [core(1)])
        : server.client().publish("physiology:core_metrics", JSON.stringify(core(1)));
    await waitFor("the message", async () => {
      await publish();
      return sequences(program).length > 0;
    }, { pollMs: 100 });
    assert.deepEqual(sequences(program), [1]);
  });
}

Deno.test("RedisSource yields what was stored in the histories while it was not connected", async () => {
  await using server = await startRedis({ args: ["--appendonly", "yes"] });
  const options = { ...redisOptions(server), mode: "history" };
  await store(server, [core(0)]);
  await using program = reader("asyncio", "redis", options);
  await program.prints("Connected");
  await store(server, [core(1)]);
  await waitFor("the first message", () => sequences(program).length === 1);
  program.kill("SIGSTOP");
  // The connection is lost, and the messages are stored before the client returns.
  await server.client().call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  await store(server, [core(2), core(3)]);
  program.kill("SIGCONT");
  await waitFor("the others", () => sequences(program).length === 3);
  assert.deepEqual(sequences(program), [1, 2, 3]);
});

Deno.test("RedisSource yields a message that is sent again once, and ignores what is no envelope", async () => {
  await using server = await startRedis();
  await using program = reader("plain", "redis", redisOptions(server));
  await program.prints("Connected");
  const client = server.client();
  const late = structuredClone(core(1)) as unknown as { payload: { metadata: object } };
  Object.assign(late.payload.metadata, { replayed: true });
  const texts = [
    JSON.stringify(core(1)),
    "not JSON",
    "[".repeat(100_000),
    "[1]",
    '{"type": "core_metrics", "timestamp": 1, "payload": {}}',
    JSON.stringify(late),
    JSON.stringify(core(2)),
  ];
  for (const text of texts) await client.publish("physiology:core_metrics", text);
  await waitFor("the messages", () => sequences(program).includes(2));
  assert.deepEqual(sequences(program), [1, 2]);
  assert.match(program.output, /Ignored a message of physiology: The key metadata is missing/);
  assert.equal(program.output.match(/that is not a JSON object/g)?.length, 3);
});

Deno.test("RedisSource reads all devices whose prefix matches a pattern", async () => {
  await using server = await startRedis();
  const options = { ...redisOptions(server), key_prefix: "ward-*" };
  await using program = reader("plain", "redis", options);
  await program.prints("Connected");
  const client = server.client();
  for (const prefix of ["ward-1", "other", "ward-2"]) {
    await client.publish(`${prefix}:core_metrics`, JSON.stringify(core(1)));
  }
  await waitFor("both devices", () => printed(program).length === 2);
  assert.deepEqual(printed(program).map(({ device }) => device), ["ward-1", "ward-2"]);
});

Deno.test("WebSocketSource subscribes again when the page is restarted", async () => {
  await using page = new StreamPage();
  await using program = reader("plain", "page", { url: page.url });
  await waitFor("the subscriber", () => page.subscribers === 1);
  page.send({ ...core(1), device: "bed-1" });
  await waitFor("the first message", () => sequences(program).length === 1);
  await page.restart();
  await waitFor("the second connection", () => page.subscribers === 1);
  page.send({ ...core(2), device: "bed-1" });
  await waitFor("the second message", () => sequences(program).length === 2);
});

for (const mode of ["pubsub", "history"]) {
  Deno.test(`PhysiologyClient.record() returns when the server confirms: ${mode}`, async () => {
    await using broker = await startRedis();
    const args = (
      what: string,
      timeoutS = 60,
    ) => ["-c", RECORD, `${broker.port}`, what, mode, `${timeoutS}`];
    assert.match(await succeed(installed.python, args("start", 0.5)), /unconfirmed/);
    await using server = startProgram([
      "--simulate",
      `--redis_port=${broker.port}`,
      `--redis_use_pubsub=${mode === "pubsub"}`,
    ]);
    await waitFor("the server", () => /Status/.test(server.stderr), { timeoutMs: 60_000 });
    // The command of before has expired.
    assert.doesNotMatch(server.stderr, /Recording started/);
    for (const what of ["start", "start", "stop", "stop"]) {
      assert.match(await succeed(installed.python, args(what)), /^confirmed/m, server.stderr);
    }
    assert.match(server.stderr, /Recording started/);
    await broker.kill();
    assert.match(await succeed(installed.python, args("start")), /unreachable/);
  });
}

const PAGE_RECORD = `
import sys
from physiology_client import *
with PhysiologyClient(WebSocketSource(sys.argv[1])) as client:
    try:
        client.record(True, device="bed-1", session_id="visit")
        print("confirmed")
    except RecordingError as error:
        print(error.outcome, error)
`;

Deno.test("PhysiologyClient.record() passes the outcome of the page on", async () => {
  await using page = new StreamPage();
  const result = (outcome: string) => ({
    results: [{ device: "bed-1", recording: true, outcome }],
    ...outcome === "confirmed" ? {} : { error: `bed-1 is ${outcome}` },
  });
  for (
    const [status, body, expected] of [
      [200, result("confirmed"), "confirmed"],
      [504, result("unconfirmed"), "unconfirmed bed-1 is unconfirmed"],
      [409, result("silent"), "silent bed-1 is silent"],
      [403, { error: "no access" }, "refused no access"],
    ] as const
  ) {
    page.recording = { status, body };
    assert.match(await succeed(installed.python, ["-c", PAGE_RECORD, page.url]), RegExp(expected));
  }
  assert.deepEqual(page.requests[0], { device: "bed-1", recording: true, session_id: "visit" });
});

Deno.test("python -m physiology_client watch prints the values, the reasons and a silence", async () => {
  await using server = await startRedis({ args: ["--requirepass", "secret"] });
  const client = server.client({ password: "secret" });
  await using program = new Program(installed.python, [
    "-m",
    "physiology_client",
    "watch",
    "--interval=0.1",
    `--redis_port=${server.port}`,
  ], { env: { PHYSIOLOGY_REDIS_PASSWORD: "secret", PHYSIOLOGY_REDIS_KEY_PREFIX: "bed-1" } });
  await waitFor("the subscriber", async () => {
    const [, receivers] = await client.pubsub("NUMSUB", "bed-1:core_metrics") as unknown[];
    return receivers === 1;
  });
  await client.publish("bed-1:core_metrics", JSON.stringify(core(0)));
  await program.prints("bed-1: pulse withheld: warming_up, breathing withheld: warming_up");
  await client.publish("bed-1:core_metrics", JSON.stringify(core(5)));
  await program.prints("bed-1: pulse 72.5 beats/min (95%), breathing 16.2 breaths/min (89%)");
  await program.prints("bed-1: pulse withheld: stale, breathing withheld: stale");
  await server.kill();
  await program.prints("not connected");
  assert.doesNotMatch(program.output, /Traceback/);
});

Deno.test("PhysiologyClient.latest shows no kept value of a page as present", async () => {
  await using page = new StreamPage();
  page.kept = [{ ...core(5), device: "bed-1", timestamp: FAKE_START_US }];
  await using program = new Program(installed.python, [
    "-m",
    "physiology_client",
    "watch",
    "--interval=0.1",
    `--url=${page.url}`,
  ]);
  await program.prints("bed-1: pulse withheld: stale");
  assert.doesNotMatch(program.output, /72\.5/);
  page.send({ ...core(6), device: "bed-1" });
  await program.prints("bed-1: pulse 72.5");
});
