/** Every transport and client program decodes the same values from the golden messages. */
import assert from "node:assert/strict";
import { monotonicUs } from "../../src/base/time.ts";
import { Outbox } from "../../src/delivery/outbox.ts";
import type { Envelope } from "../../src/envelopes/envelope.ts";
import { EnvelopeMessage, type Message } from "../../src/envelopes/message.ts";
import { SessionSaver } from "../../src/recording/saver.ts";
import { Counters } from "../../src/telemetry/counters.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import { FileBackend } from "../../src/transports/file/file_backend.ts";
import { DEFAULT_FILE_OPTIONS } from "../../src/transports/file/options.ts";
import { HttpServer } from "../../src/web/http_server.ts";
import { Hub } from "../../src/web/hub.ts";
import { PageSink } from "../../src/web/page_sink.ts";
import { temporaryFolder } from "../support/folders.ts";
import { GOLDEN_FRAME, GOLDEN_SESSION, goldenEnvelopes } from "../support/golden_envelopes.ts";
import { GrpcBench } from "../support/grpc.ts";
import { clock } from "../support/messages.ts";
import { Program, PYTHON, SAMPLES } from "../support/program.ts";
import { optionsFor, startOutbox, subscribe } from "../support/redis_outbox.ts";
import { type RedisServer, startRedis } from "../support/redis_server.ts";
import { StreamProbe } from "../support/stream_probe.ts";
import { waitFor } from "../support/wait.ts";

const GOLDENS = goldenEnvelopes();
const TOPICS = ["core_metrics", "edge_metrics", "status", "recording_state"] as const;
type MetricTopic = typeof TOPICS[number];

/** The golden messages of a topic, as JSON. */
function goldensOf(topic: MetricTopic): readonly unknown[] {
  return JSON.parse(JSON.stringify(GOLDENS.filter(({ type }) => type === topic)));
}

/** The golden frame as an envelope. */
const FRAME_ENVELOPE = {
  type: "frame",
  timestamp: GOLDEN_FRAME.timestamp,
  payload: {
    data: GOLDEN_FRAME.jpeg.toBase64(),
    width: GOLDEN_FRAME.width,
    height: GOLDEN_FRAME.height,
    format: "jpeg",
    sequence: GOLDEN_FRAME.sequence,
  },
};

/** All golden messages, as they come from the bus. */
function messages(): Message[] {
  const { timestamp } = GOLDEN_FRAME;
  const captureUs = monotonicUs(clock.monotonicUs());
  return [
    ...GOLDENS.map((envelope) => new EnvelopeMessage(envelope)),
    { kind: "frame", topic: "frame", timestamp, captureUs, image: GOLDEN_FRAME },
  ];
}

/** Checks that the envelopes of each topic are the golden ones, in order. */
function assertGoldens(
  received: readonly { readonly type: string }[],
  topics: readonly MetricTopic[] = TOPICS,
): void {
  for (const topic of topics) {
    assert.deepEqual(received.filter(({ type }) => type === topic), goldensOf(topic), topic);
  }
}

const COUNT = GOLDENS.length;

Deno.test("RedisBackend publishes the golden messages on its channels", async () => {
  await using server = await startRedis();
  const received = await subscribe(server, ...[...TOPICS, "frame"].map((t) => `physiology:${t}`));
  await using ends = startOutbox(optionsFor(server));
  await waitFor("the connection for frames", () => ends.framesReady() && ends.outbox.framesWanted);
  for (const message of messages()) ends.outbox.offer(message);
  await waitFor("all messages", () => received.length === COUNT + 1);
  const envelopes = received.map(({ arrivedUs: _, ...envelope }) => envelope);
  assertGoldens(envelopes);
  assert.deepEqual(envelopes.find(({ type }) => type === "frame"), FRAME_ENVELOPE);
});

Deno.test("RedisBackend stores the golden messages in keys and histories", async () => {
  await using server = await startRedis();
  const client = server.client();
  // The times of the golden messages are in the past: they must not expire.
  await using ends = startOutbox(
    optionsFor(server, { usePubsub: false, historySeconds: 100 * 365 * 86_400 }),
  );
  await waitFor("the connection for frames", () => ends.framesReady() && ends.outbox.framesWanted);
  for (const message of messages()) ends.outbox.offer(message);
  await waitFor("the frame", () => client.exists("physiology:frame"));
  await ends.outbox.flush(5000);
  const entries = await Promise.all(
    TOPICS.map((topic) => client.xrange(`physiology:${topic}:history`, "-", "+")),
  );
  assertGoldens(entries.flat().map(([, [, envelope]]) => JSON.parse(envelope ?? "")));
  for (const topic of TOPICS) {
    const newest = JSON.parse(await client.get(`physiology:${topic}`) ?? "");
    assert.deepEqual(newest, goldensOf(topic).at(-1));
  }
  assert.deepEqual(JSON.parse(await client.get("physiology:frame") ?? ""), FRAME_ENVELOPE);
});

Deno.test("FileBackend writes the golden messages as lines, and the frame as an image", async () => {
  using folder = temporaryFolder();
  const counters = new Counters();
  const options = { ...DEFAULT_FILE_OPTIONS, baseDirectory: folder.path };
  {
    const backend = new FileBackend(options, { clock, log: silentLog });
    await using outbox = new Outbox(backend, { clock, counters, log: silentLog });
    outbox.start();
    await waitFor("the folder", () => backend.ready);
    for (const message of messages()) outbox.offer(message);
    await waitFor("the frame", () => counters.get("outbox_sent_total", { class: "frame" }));
    await outbox.flush(5000);
  }
  const lines = TOPICS.flatMap((topic) =>
    Deno.readTextFileSync(`${folder.path}/${topic}.jsonl`).trimEnd().split("\n")
  );
  assertGoldens(lines.map((line) => JSON.parse(line)));
  assert.deepEqual(Deno.readFileSync(`${folder.path}/latest.jpg`), GOLDEN_FRAME.jpeg);
});

const GRPC_TOPICS = ["core_metrics", "edge_metrics", "status"] as const;

/**
 * The golden messages of a stream. Core metrics have no timestamp of their own there: that of their
 * newest frame stands for it.
 */
function goldensOfStream(topic: typeof GRPC_TOPICS[number]): readonly unknown[] {
  if (topic !== "core_metrics") return goldensOf(topic);
  return (goldensOf(topic) as readonly Extract<Envelope, { type: "core_metrics" }>[])
    .map((golden) => ({ ...golden, timestamp: golden.payload.metadata.frame_timestamp }));
}

Deno.test("GrpcServer streams the golden messages", async () => {
  await using bench = new GrpcBench();
  const counts = GRPC_TOPICS.map((topic) => `${goldensOf(topic).length}`);
  await using reader = new Program(PYTHON, [
    new URL("grpc_envelopes.py", import.meta.url).pathname,
    bench.address,
    ...counts,
  ]);
  await waitFor("the streams", () => bench.server.streams === 3);
  for (const envelope of GOLDENS) bench.server.publish(envelope);
  assert.equal(await reader.ended(), 0, reader.output);
  const received = reader.output.trimEnd().split("\n").map((line) => JSON.parse(line));
  for (const topic of GRPC_TOPICS) {
    assert.deepEqual(received.filter(({ type }) => type === topic), goldensOfStream(topic), topic);
  }
});

Deno.test("HttpServer streams the golden messages, and the frame as video", async () => {
  const hub = new Hub();
  await using server = new HttpServer({
    address: "127.0.0.1",
    port: 0,
    hub,
    log: silentLog,
    onCommand: () => true,
  });
  await server.start();
  const url = `http://127.0.0.1:${server.port}`;
  const sink = new PageSink(hub, { device: "golden" });
  sink.offer(new EnvelopeMessage(GOLDENS[0]!));
  await using probe = await StreamProbe.subscribed(url, { subscribe: TOPICS, live: ["golden"] });
  await probe.receives("the snapshot", ({ type }) => type === "heard");
  probe.messages.length = 0;
  for (const message of messages()) sink.offer(message);
  const { bytes: sent, ...frame } = await probe.receives(
    "the frame",
    ({ bytes }) => bytes !== undefined,
  );
  const envelopes = probe.messages.slice(0, -1).map(({ device, ...envelope }) => {
    assert.equal(device, "golden");
    return envelope;
  });
  assertGoldens(envelopes);
  const { data, ...payload } = FRAME_ENVELOPE.payload;
  assert.deepEqual(frame, { ...FRAME_ENVELOPE, payload, device: "golden" });
  assert.equal(sent!.subarray(8).toBase64(), data);

  const video = (await fetch(`${url}/video?device=golden`)).body!.getReader();
  let bytes = new Uint8Array();
  const hex = GOLDEN_FRAME.jpeg.toHex();
  while (!bytes.toHex().includes(hex)) {
    sink.offer(messages().at(-1)!);
    const { value, done } = await video.read();
    assert.ok(!done, "no image");
    bytes = Uint8Array.from([...bytes, ...value]);
  }
  await video.cancel();
});

Deno.test("SessionSaver and redis_ipc_metrics_saving_client.py save the golden messages", async () => {
  using folder = temporaryFolder();
  await using server = await startRedis();
  await using sample = new Program(PYTHON, [
    `${SAMPLES}redis_ipc_metrics_saving_client.py`,
    "--redis_host=127.0.0.1",
    `--redis_port=${server.port}`,
    `--output_directory=${folder.path}/sample`,
  ]);
  await publishToSubscriber(server);
  await sample.prints("Saved ");
  const options = { directory: `${folder.path}/record`, log: silentLog, clock };
  await using saver = new SessionSaver(options);
  for (const envelope of GOLDENS) saver.add(JSON.stringify(envelope));
  for (const part of ["sample", "record"]) {
    const path = `${folder.path}/${part}/metrics_${GOLDEN_SESSION}.jsonl`;
    const lines = Deno.readTextFileSync(path).trimEnd().split("\n");
    assertGoldens(lines.map((line) => JSON.parse(line)), ["core_metrics", "edge_metrics"]);
  }
});

/** Publishes the golden messages when a client has subscribed. */
async function publishToSubscriber(server: RedisServer): Promise<void> {
  const client = server.client();
  await waitFor("the subscriber", async () => {
    const [, receivers] = await client.pubsub("NUMSUB", "physiology:status") as unknown[];
    return receivers === 1;
  });
  for (const envelope of GOLDENS) {
    await client.publish(`physiology:${envelope.type}`, JSON.stringify(envelope));
  }
}

/** The figures of a line that a sample prints for core metrics, and the reasons of missing ones. */
function shownBy(line: string): readonly (number | string)[] {
  return ["pulse", "breathing"].flatMap((vital): (number | string)[] => {
    const rate = line.match(new RegExp(`${vital} ([\\d.]+)[^(]*\\((\\d+) ?%\\)`));
    if (rate) return [Number(rate[1]), Number(rate[2])];
    return [line.match(new RegExp(`${vital} withheld[: (]+(\\w+)`))?.[1] ?? line];
  });
}

/** The figures that the samples must show for the golden core metrics. */
function expectedFigures(): readonly (readonly (number | string)[])[] {
  const core = GOLDENS.filter(({ type }) => type === "core_metrics");
  return core.map((envelope) => {
    const { payload } = envelope as Extract<Envelope, { type: "core_metrics" }>;
    return (["pulse", "breathing"] as const).flatMap((vital): (number | string)[] => {
      const strict = payload[vital]?.strict;
      return strict
        ? [strict.value, 100 * strict.confidence]
        : [payload.withheld?.[vital] ?? "absent"];
    });
  });
}

/** Checks the printed figures, which have one decimal, and none for the confidence. */
function assertFigures(lines: readonly string[]): void {
  const expected = expectedFigures();
  assert.equal(lines.length, expected.length);
  assert.ok(expected.some((figures) => figures.length > 2), "no golden message has a rate");
  for (const [k, line] of lines.entries()) {
    const shown = shownBy(line);
    assert.equal(shown.length, expected[k]!.length, line);
    for (const [i, figure] of expected[k]!.entries()) {
      const near = typeof figure === "number"
        ? Math.abs(Number(shown[i]) - figure) <= (i % 2 ? 0.51 : 0.051)
        : shown[i] === figure;
      assert.ok(near, `${line}: ${figure} expected`);
    }
  }
}

/** The samples that print the messages of a Redis on a port. */
const PRINTING_SAMPLES: Readonly<Record<string, (port: number) => Program>> = {
  "alt_ipc_example_on_prem_client.py": (port) =>
    new Program(PYTHON, [
      `${SAMPLES}alt_ipc_example_on_prem_client.py`,
      "--redis_host=127.0.0.1",
      `--redis_port=${port}`,
    ]),
  "subscriber.ts": (port) =>
    new Program(Deno.execPath(), [
      "run",
      "--quiet",
      "--allow-net",
      "--allow-env",
      `${SAMPLES}subscriber.ts`,
      "--redis_host=127.0.0.1",
      `--redis_port=${port}`,
    ]),
};

for (const [name, start] of Object.entries(PRINTING_SAMPLES)) {
  Deno.test(`${name} shows the rates of the golden messages`, async () => {
    await using server = await startRedis();
    await using sample = start(server.port);
    await publishToSubscriber(server);
    await sample.prints(/recording_state.*stopped/);
    assertFigures(sample.output.split("\n").filter((line) => /core_metrics.*pulse/.test(line)));
  });
}

Deno.test("grpc_client.py shows the rates of the golden messages", async () => {
  await using bench = new GrpcBench();
  await using sample = new Program(PYTHON, [
    `${SAMPLES}grpc_client.py`,
    `--address=${bench.address}`,
    `--messages=${goldensOf("core_metrics").length}`,
  ]);
  await waitFor("the stream", () => bench.server.streams === 1);
  for (const envelope of GOLDENS) bench.server.publish(envelope);
  assert.equal(await sample.ended(), 0, sample.output);
  assertFigures(sample.output.split("\n").filter((line) => line.startsWith("pulse ")));
});
