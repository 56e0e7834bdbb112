import assert from "node:assert/strict";
import { Cluster } from "ioredis";
import { envelopeEvent } from "../../../clients/typescript/src/events.ts";
import {
  PhysiologyClient,
  RecordingError,
  redisSource,
  type StreamEvent,
  TOPICS,
  webSocketSource,
} from "../../../clients/typescript/src/mod.ts";
import { VERSION } from "../../../src/base/version.ts";
import { encodeFrameEnvelope } from "../../../src/envelopes/envelope.ts";
import { ChromiumPage } from "../../support/chromium.ts";
import { fakeMetrics } from "../../support/fake_stream.ts";
import { GOLDEN_FRAME, goldenEnvelopes } from "../../support/golden_envelopes.ts";
import { startProgram } from "../../support/physiology_server.ts";
import { Program } from "../../support/program.ts";
import { succeed } from "../../support/python_client.ts";
import { startCluster } from "../../support/redis_cluster.ts";
import { startRedis } from "../../support/redis_server.ts";
import { StreamPage } from "../../support/stream_page.ts";
import { BuiltClient, TYPESCRIPT_CLIENT } from "../../support/typescript_client.ts";
import { waitFor } from "../../support/wait.ts";

const TESTS = `${TYPESCRIPT_CLIENT}tests/`;
const GOLDENS = goldenEnvelopes();
const core = (n: number) => fakeMetrics(n)[0]!;

const built = await BuiltClient.build();
Deno.test.afterAll(() => built[Symbol.dispose]());

/** What every client must receive for the golden messages of a device. */
function expectedEvents(device: string): Record<string, unknown>[] {
  const { jpeg, timestamp, ...size } = GOLDEN_FRAME;
  const payload = { ...size, format: "jpeg" };
  return [
    ...GOLDENS.map((envelope) => ({ ...envelope, device, late: false })),
    { type: "frame", timestamp, payload, device, jpeg: jpeg.toBase64() },
  ];
}

function sendGoldens(page: StreamPage): void {
  page.send({ type: "heard", device: "bed-1", ago_ms: 0 });
  for (const envelope of GOLDENS) page.send({ ...envelope, device: "bed-1" });
  page.sendFrame({ ...GOLDEN_FRAME, device: "bed-1" });
}

function assertGoldens(events: readonly Record<string, unknown>[], device: string): void {
  const envelopes = events.filter(({ type }) => (TOPICS as readonly unknown[]).includes(type));
  const byTopic = (events: readonly Record<string, unknown>[]) =>
    Object.groupBy(events, ({ type }) => String(type));
  assert.deepEqual(byTopic(envelopes), byTopic(expectedEvents(device)));
}

/** Collects the events of a client until it is closed. */
function collect(client: PhysiologyClient): StreamEvent[] {
  const events: StreamEvent[] = [];
  (async () => {
    for await (const event of client) events.push(event);
  })();
  return events;
}

/** The event with its JPEG as base64, as the programs of other runtimes print it. */
function plain(event: StreamEvent): Record<string, unknown> {
  return event.type === "frame" ? { ...event, jpeg: event.jpeg.toBase64() } : { ...event };
}

const EVENT_COUNT = GOLDENS.length + 2; // a frame, and the connection

Deno.test("physiology-client is packed with types, without dependencies, in the server's version", () => {
  const manifest = JSON.parse(Deno.readTextFileSync(`${built.installed}/package.json`));
  assert.equal(manifest.version, VERSION);
  assert.equal(manifest.dependencies, undefined);
  const { types, default: module } = manifest.exports["."];
  for (const path of [types, module, "README.md", "examples"]) {
    assert.ok(Deno.statSync(`${built.installed}/${path}`));
  }
  assert.throws(() => Deno.statSync(`${built.installed}/src`), Deno.errors.NotFound);
});

Deno.test("webSocketSource() reads the golden messages on Deno", async () => {
  await using page = new StreamPage();
  const source = webSocketSource(page.url, { topics: TOPICS, token: "a token" });
  const client = new PhysiologyClient(source);
  const events = collect(client);
  await waitFor("the subscriber", () => page.subscribers === 1);
  sendGoldens(page);
  await waitFor("the messages", () => events.length === EVENT_COUNT);
  assertGoldens(events.map(plain), "bed-1");
  assert.deepEqual(page.authorizations, ["Bearer a token"]);
  await client.close();
});

Deno.test("webSocketSource() reads the golden messages on Node", async () => {
  await using page = new StreamPage();
  const script = `${built.path}/print_events.mjs`;
  await Deno.copyFile(`${TESTS}print_events.mjs`, script);
  // Node 20 has a WebSocket only with this flag.
  await using program = new Program("node", [
    "--experimental-websocket",
    script,
    page.url,
    "a token",
  ]);
  await waitFor("the subscriber", () => page.subscribers === 1);
  sendGoldens(page);
  const lines = () => program.output.split("\n").filter((line) => line.startsWith("{"));
  await waitFor("the messages", () => lines().length === EVENT_COUNT);
  assertGoldens(lines().map((line) => JSON.parse(line)), "bed-1");
  assert.deepEqual(page.authorizations, ["Bearer a token"]);
});

Deno.test("webSocketSource() reads the golden messages in Chromium, and shows the frame", async () => {
  await Deno.copyFile(`${TESTS}page.html`, `${built.installed}/dist/page.html`);
  await using page = new StreamPage({ folder: `${built.installed}/dist` });
  await using browser = await ChromiumPage.open();
  await browser.goto(`${page.url}page.html`);
  await waitFor("the subscriber", () => page.subscribers === 1, { timeoutMs: 20_000 });
  sendGoldens(page);
  const count = () => browser.evaluate<number>("received.length");
  await waitFor("the messages", async () => await count() === EVENT_COUNT);
  const events = await browser.evaluate<Record<string, unknown>[]>(
    "received.map((e) => e.jpeg ? {...e, jpeg: btoa(String.fromCharCode(...e.jpeg))} : e)",
  );
  assertGoldens(events, "bed-1");
  const size = "imageSize(received.find(({ type }) => type === 'frame'))";
  assert.equal(await browser.evaluate(size), "1x1");
  const rate = core(5);
  page.send({ ...rate, device: "bed-1" });
  const pulse = () => browser.evaluate("client.latest.pulse?.value");
  await waitFor("the pulse", async () => await pulse() === 72.5);
  await page.restart();
  await waitFor("the second connection", () => page.subscribers === 1);
  assert.deepEqual(browser.errors.filter((error) => !error.includes("favicon")), []);
});

Deno.test("useVitals() renders the pulse, its reason and a silence with React in Chromium", async () => {
  const folder = `${built.path}/react`;
  await succeed(Deno.execPath(), [
    "bundle",
    "--quiet",
    "--platform=browser",
    `--output=${folder}/page.js`,
    `${TESTS}react_page.js`,
  ]);
  await Deno.writeTextFile(
    `${folder}/page.html`,
    '<!doctype html><body><script type="module" src="page.js"></script>',
  );
  await using page = new StreamPage({ folder });
  await using browser = await ChromiumPage.open();
  await browser.goto(`${page.url}page.html`);
  await waitFor("the subscriber", () => page.subscribers === 1, { timeoutMs: 20_000 });
  page.send({ type: "heard", device: "bed-1", ago_ms: 0 });
  const shows = (text: string) =>
    waitFor(text, async () => await browser.evaluate("document.body.innerText") === text);
  await shows("stale");
  page.send({ ...core(0), device: "bed-1" });
  await shows("warming_up");
  page.send({ ...core(5), device: "bed-1" });
  await shows("72.5");
  await shows("stale");
});

Deno.test("redisSource() reads the golden messages with ioredis, and notices a killed broker", async () => {
  await using server = await startRedis();
  const subscriber = server.client();
  const client = new PhysiologyClient(redisSource({ subscriber, topics: TOPICS }));
  const events = collect(client);
  await waitFor("the subscription", () => client.connected);
  const publisher = server.client();
  for (const envelope of GOLDENS) {
    await publisher.publish(`physiology:${envelope.type}`, JSON.stringify(envelope));
  }
  const frame = new TextDecoder().decode(encodeFrameEnvelope(GOLDEN_FRAME));
  await publisher.publish("physiology:frame", frame);
  await publisher.publish("physiology:core_metrics", "not JSON");
  await publisher.publish("physiology:core_metrics", '{"type": "core_metrics", "payload": {}}');
  await waitFor("the messages", () => events.length === EVENT_COUNT);
  assertGoldens(events.map(plain), "physiology");
  await server.kill();
  await waitFor("the loss", () => !client.connected);
  await server.restart();
  await waitFor("the connection", () => client.connected);
  const receivers = () => publisher.publish("physiology:core_metrics", JSON.stringify(core(1)));
  await waitFor("the subscription", async () => await receivers() === 1);
  await waitFor("the message", () => events.at(-1)?.type === "core_metrics");
  await client.close();
});

Deno.test("PhysiologyClient.record() returns when the server confirms by Redis", async () => {
  await using broker = await startRedis();
  const [subscriber, commands] = [broker.client(), broker.client()];
  const source = redisSource({ subscriber, commands, partitions: 16 });
  const client = new PhysiologyClient(source);
  await assert.rejects(
    client.record({ recording: true, timeoutMs: 200 }),
    (error) => error instanceof RecordingError && error.outcome === "unconfirmed",
  );
  await using server = startProgram([
    "--simulate",
    `--redis_port=${broker.port}`,
    "--redis_partitions=16",
  ]);
  await waitFor("the server", () => /Connected to Redis/.test(server.stderr), {
    timeoutMs: 60_000,
  });
  await client.record({ recording: true, sessionId: "visit", timeoutMs: 20_000 });
  assert.equal(client.latest.recording, true);
  await client.record({ recording: false, timeoutMs: 20_000 });
  assert.equal(server.stderr.match(/Recording started/g)?.length, 1);
  await client.close();
});

Deno.test("redisSource() reads sharded channels and frames of a cluster, and records", async () => {
  await using cluster = await startCluster();
  await using server = startProgram([
    "--simulate",
    "--redis_cluster",
    "--redis_sharded_publish",
    "--redis_partitions=16",
    `--redis_port=${cluster.nodes[0]!.port}`,
  ]);
  await waitFor("the server", () => /Connected to Redis/.test(server.stderr), {
    timeoutMs: 60_000,
  });
  await using clients = new AsyncDisposableStack();
  const connect = () => {
    const { hostname: host, port } = cluster.nodes[2]!;
    const redis = new Cluster([{ host, port }], { shardedSubscribers: true });
    clients.defer(() => redis.disconnect());
    return redis;
  };
  const source = redisSource({
    subscriber: connect(),
    commands: connect(),
    topics: TOPICS,
    partitions: 16,
    sharded: true,
  });
  const client = new PhysiologyClient(source);
  const events = collect(client);
  const topics = () => new Set(events.map(({ type }) => type));
  await waitFor("metrics and frames", () => topics().has("core_metrics") && topics().has("frame"), {
    timeoutMs: 60_000,
  });
  await client.record({ recording: true, sessionId: "visit", timeoutMs: 20_000 });
  await waitFor("every topic", () => TOPICS.every((topic) => topics().has(topic)));
  const devices = events.flatMap((event) => "device" in event ? [event.device] : []);
  assert.deepEqual(new Set(devices), new Set(["physiology"]));
  await client.close();
});

Deno.test("PhysiologyClient.record() passes the outcome of the page on", async () => {
  await using page = new StreamPage();
  const client = new PhysiologyClient(webSocketSource(page.url));
  const command = { recording: true, device: "bed-1", sessionId: "visit" };
  const results = (outcome: string) => [{ device: "bed-1", recording: true, outcome }];
  page.recording = { status: 200, body: { results: results("confirmed") } };
  await client.record(command);
  assert.deepEqual(page.requests, [{ device: "bed-1", recording: true, session_id: "visit" }]);
  for (
    const [status, body, outcome] of [
      [504, { results: results("unconfirmed") }, "unconfirmed"],
      [409, { results: results("silent") }, "silent"],
      [403, { error: "no access" }, "refused"],
    ] as const
  ) {
    page.recording = { status, body };
    await assert.rejects(
      client.record(command),
      (error) => error instanceof RecordingError && error.outcome === outcome,
    );
  }
  await assert.rejects(client.record({ recording: true }), TypeError);
  await client.close();
});

Deno.test("PhysiologyClient subscribes again after a restart of the page, and ends its iterations", async () => {
  await using page = new StreamPage();
  page.kept = [{ ...core(4), device: "bed-1" }];
  const reasons: string[] = [];
  const client = new PhysiologyClient(webSocketSource(page.url), {
    onConnectionLost: (reason) => void reasons.push(reason),
  });
  const queue = client.events("core_metrics");
  const first = await queue.next();
  assert.equal(first.value?.late, true);
  assert.equal(client.latest.reason("pulse"), "stale");
  await page.restart();
  await waitFor("the second connection", () => page.subscribers === 1);
  assert.equal(reasons.length, 1);
  page.send({ ...core(5), device: "bed-1" });
  const second = await queue.next();
  assert.equal(second.value?.timestamp, core(5).timestamp);
  assert.equal(client.latest.pulse?.value, 72.5);
  await client.close();
  assert.deepEqual(await queue.next(), { value: undefined, done: true });
  assert.deepEqual(await client.events().next(), { value: undefined, done: true });
});

Deno.test("webSocketSource() connects again when the page is silent", async () => {
  await using page = new StreamPage();
  const reasons: string[] = [];
  const client = new PhysiologyClient(webSocketSource(page.url, { silenceMs: 50 }), {
    onConnectionLost: (reason) => void reasons.push(reason),
  });
  await waitFor("the second connection", () => page.authorizations.length >= 2);
  assert.match(reasons[0] ?? "", /no message for 50 ms/);
  await client.close();
});

Deno.test("envelopeEvent() returns nothing for what is no envelope", () => {
  const options = { device: "bed-1" };
  const payload = { recording: true };
  const invalid = [
    null,
    [],
    "text",
    { type: "frame", timestamp: 1, payload },
    { type: "recording_state", timestamp: "1", payload },
    { type: "recording_state", timestamp: 1, payload: [] },
    { type: "core_metrics", timestamp: 1, payload },
  ];
  for (const value of invalid) assert.equal(envelopeEvent(value, options), undefined);
  assert.ok(envelopeEvent({ type: "recording_state", timestamp: 1, payload }, options));
});
