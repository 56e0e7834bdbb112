import assert from "node:assert/strict";
import { BackendError, type Delivery } from "../../../src/delivery/backend.ts";
import type { OutboxOptions } from "../../../src/delivery/outbox.ts";
import { recordBytes } from "../../../src/delivery/spool/record.ts";
import type { MetricOutgoing, Outgoing } from "../../../src/envelopes/message.ts";
import type { CounterName } from "../../../src/telemetry/counters.ts";
import { FakeBackend } from "../../support/fake_backend.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
import {
  fakeMetric,
  type FakeOutbox,
  metricsOf,
  startFakeOutbox,
} from "../../support/fake_outbox.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { FAKE_HEADER_BYTES } from "../../support/spool_records.ts";
import { waitFor } from "../../support/wait.ts";

const HOUR_MS = 3_600_000;
/** The smallest step of the clock. */
const MICROSECOND_MS = 0.001;

/** Bytes of memory that an entry takes beside its metric. */
const ENTRY_BYTES = 200;

function offerBytes({ outbox, clock }: FakeOutbox, topic: MetricOutgoing["topic"], bytes: number) {
  outbox.offer({ ...fakeMetric(clock, 0, topic), bytes: new Uint8Array(bytes) });
}

const SHARES = [
  ["core_metrics", 0.5],
  ["edge_metrics", 0.3],
  ["status", 0.1],
  ["recording_state", 0.1],
] as const;

for (const [topic, share] of SHARES) {
  Deno.test(`MetricQueue of ${topic} takes ${share} of the memory limit, by default of 2 MiB`, async () => {
    for (
      const { options, limit } of [
        { options: { memoryBytes: 1_000_000 }, limit: 1_000_000 },
        { options: {}, limit: 2 ** 21 },
      ]
    ) {
      await using ends = startFakeOutbox(options);
      const kept = Math.floor(limit * share / 5000);
      for (let count = 0; count < kept; count++) offerBytes(ends, topic, 5000 - ENTRY_BYTES);
      assert.deepEqual([ends.outbox.queuedBytes, ends.dropped("metric")], [kept * 5000, 0]);
      offerBytes(ends, topic, 5000 - ENTRY_BYTES);
      assert.deepEqual([ends.outbox.queuedBytes, ends.dropped("metric")], [kept * 5000, 1]);
    }
  });

  Deno.test(`MetricQueue of ${topic} takes ${share} of the limit of the spool`, async () => {
    using folder = temporaryFolder();
    await using ends = startFakeOutbox({
      memoryBytes: 1,
      spoolFolder: folder.path,
      spoolBytes: 80_000,
    });
    // A spool has room for 8 segments; each record fills one.
    const overhead = FAKE_HEADER_BYTES + recordBytes({ timestamp: 0, bytes: new Uint8Array() });
    for (let count = 1; count <= 9; count++) {
      offerBytes(ends, topic, 10_000 * share - overhead);
      await waitFor("the spool", () => ends.outbox.queuedBytes === 0, { pollMs: 1 });
      assert.equal(ends.dropped("metric"), count === 9 ? 1 : 0);
    }
  });
}

Deno.test("MetricQueue has up to 1 MiB of live metrics in flight by default", async () => {
  await using ends = startFakeOutbox();
  ends.backend.setReady(true);
  ends.backend.acknowledging = false;
  for (let count = 0; count < 4; count++) offerBytes(ends, "status", 2 ** 18);
  assert.equal(ends.backend.inFlight, 4);
  offerBytes(ends, "status", 1);
  assert.equal(ends.backend.inFlight, 4, "the fifth waits");
});

Deno.test("MetricQueue sends a metric that is larger than the limit in flight alone", async () => {
  await using ends = startFakeOutbox({ bytesInFlight: 1000 });
  ends.backend.setReady(true);
  ends.backend.acknowledging = false;
  offerBytes(ends, "status", 1001);
  offerBytes(ends, "status", 1);
  assert.equal(ends.backend.inFlight, 1);
});

Deno.test("MetricQueue keeps metrics for 24 h by default", async () => {
  await using ends = startFakeOutbox();
  await ends.clock.advance(0);
  ends.outbox.offer(fakeMetric(ends.clock, 1));
  await ends.clock.advance(0);
  await ends.clock.jump(24 * HOUR_MS);
  assert.equal(ends.dropped("metric"), 0);
  await ends.clock.jump(60_000);
  assert.equal(ends.dropped("metric"), 1);
});

Deno.test("MetricQueue checks the age of its metrics every 60 s", async () => {
  await using ends = startFakeOutbox({ maxMetricAgeMs: 30_000 });
  await ends.clock.advance(0);
  ends.outbox.offer(fakeMetric(ends.clock, 1));
  await ends.clock.advance(60_000 - MICROSECOND_MS);
  assert.equal(ends.dropped("metric"), 0);
  await ends.clock.advance(MICROSECOND_MS);
  assert.equal(ends.dropped("metric"), 1);
});

/** Returns the number of metrics that are replayed within 1 s after an outage. */
async function replayedPerSecond(
  { topic = "status", inOrder = false, options = {} }: {
    topic?: MetricOutgoing["topic"];
    inOrder?: boolean;
    options?: OutboxOptions;
  },
): Promise<number> {
  await using ends = startFakeOutbox(options, new FakeBackend({ inOrder }));
  for (let sequence = 1; sequence <= 600; sequence++) {
    ends.outbox.offer(fakeMetric(ends.clock, sequence, topic));
  }
  ends.backend.setReady(true);
  await ends.clock.advance(1000);
  return metricsOf(ends.backend.received).length;
}

for (
  const { name, setup, rate } of [
    { name: "200 metrics/s by default", setup: {}, rate: 200 },
    { name: "the rate of its options", setup: { options: { replayPerSecond: 400 } }, rate: 400 },
    {
      name: "ten times the rate to a backend that requires order",
      setup: { inOrder: true, options: { replayPerSecond: 40 } },
      rate: 400,
    },
    {
      name: "ten times the rate for recording states",
      setup: { topic: "recording_state" as const, options: { replayPerSecond: 40 } },
      rate: 400,
    },
  ]
) {
  Deno.test(`MetricQueue replays ${name}`, async () => {
    const count = await replayedPerSecond(setup);
    // A batch has up to 16 metrics.
    assert.ok(Math.abs(count - rate) <= 17, `${count} in 1 s`);
  });
}

Deno.test("MetricQueue replays one metric while no receiver is known, and then 16 at a time", async () => {
  await using ends = startFakeOutbox();
  for (let sequence = 1; sequence <= 40; sequence++) {
    ends.outbox.offer(fakeMetric(ends.clock, sequence));
  }
  ends.backend.acknowledging = false;
  ends.backend.setReady(true);
  await ends.clock.advance(1000);
  assert.equal(ends.backend.inFlight, 1);
  ends.backend.acknowledge();
  await ends.clock.advance(1000);
  assert.equal(ends.backend.inFlight, 16);
});

Deno.test("MetricQueue replays 16 metrics at once to a backend that stores them", async () => {
  await using ends = startFakeOutbox({}, new FakeBackend({ inOrder: true }));
  for (let sequence = 1; sequence <= 40; sequence++) {
    ends.outbox.offer(fakeMetric(ends.clock, sequence));
  }
  ends.backend.acknowledging = false;
  ends.backend.setReady(true);
  await ends.clock.advance(0);
  assert.equal(ends.backend.inFlight, 16);
});

Deno.test("MetricQueue marks and counts what it replays, and only that", async () => {
  await using ends = startFakeOutbox();
  ends.outbox.offer(fakeMetric(ends.clock, 1));
  ends.backend.setReady(true);
  await ends.clock.advance(1000);
  ends.outbox.offer(fakeMetric(ends.clock, 2));
  assert.deepEqual(metricsOf(ends.backend.sent), [
    { sequence: 1, replayed: true },
    { sequence: 2, replayed: false },
  ]);
  await ends.clock.advance(0);
  const counted = (name: CounterName) => ends.counters.get(name, { class: "metric" });
  assert.deepEqual([counted("outbox_replayed_total"), counted("outbox_sent_total")], [1, 1]);
});

Deno.test("MetricQueue looks for a receiver every 500 ms", async () => {
  await using ends = startFakeOutbox();
  ends.outbox.offer(fakeMetric(ends.clock, 1));
  ends.backend.receivers = 0;
  ends.backend.setReady(true);
  await ends.clock.advance(500 - MICROSECOND_MS);
  assert.equal(ends.backend.sent.length, 1);
  await ends.clock.advance(MICROSECOND_MS);
  assert.equal(ends.backend.sent.length, 2);
});

/** A backend that knows whether there are subscribers. */
class CountingBackend extends FakeBackend {
  asked = 0;

  hasSubscribers(): Promise<boolean> {
    this.asked++;
    return Promise.resolve(this.receivers !== 0);
  }
}

Deno.test("MetricQueue publishes nothing again while the backend knows that there is no subscriber", async () => {
  const backend = new CountingBackend();
  await using ends = startFakeOutbox({}, backend);
  backend.receivers = 0;
  ends.outbox.offer(fakeMetric(ends.clock, 1, "recording_state"));
  backend.setReady(true);
  await ends.clock.advance(10_000);
  assert.deepEqual(backend.sent, []);
  assert.ok(backend.asked >= 20 && backend.asked <= 21, `${backend.asked}`);
  backend.receivers = 1;
  await ends.clock.advance(500);
  assert.deepEqual(metricsOf(backend.received), [{ sequence: 1, replayed: true }]);
});

/** Offers a metric that reaches no receiver; returns whether it is kept. */
async function isKeptWithoutReceiver({ outbox, backend, clock }: FakeOutbox): Promise<boolean> {
  backend.receivers = 0;
  const before = outbox.queuedBytes;
  outbox.offer(fakeMetric(clock, 2));
  await clock.advance(0);
  return outbox.queuedBytes > before;
}

Deno.test("MetricQueue keeps metrics without a receiver for 15 minutes after a lost link", async () => {
  for (
    const { waitMs, kept } of [
      { waitMs: 15 * 60_000 - MICROSECOND_MS, kept: true },
      { waitMs: 15 * 60_000, kept: false },
    ]
  ) {
    await using ends = startFakeOutbox();
    ends.backend.setReady(true);
    ends.outbox.offer(fakeMetric(ends.clock, 1));
    await ends.clock.advance(2000);
    ends.backend.setReady(false);
    ends.backend.setReady(true);
    await ends.clock.jump(waitMs);
    assert.equal(await isKeptWithoutReceiver(ends), kept, `after ${waitMs} ms`);
  }
});

Deno.test("MetricQueue keeps what waited for the first connection, but no edge metrics after it", async () => {
  for (const [topic, kept] of [["core_metrics", true], ["edge_metrics", false]] as const) {
    await using ends = startFakeOutbox();
    const { outbox, backend, clock, counters } = ends;
    backend.receivers = 0;
    outbox.offer(fakeMetric(clock, 1, topic));
    backend.setReady(true);
    await clock.advance(0);
    const before = outbox.queuedBytes;
    outbox.offer(fakeMetric(clock, 2, topic));
    await clock.advance(0);
    assert.equal(outbox.queuedBytes > before, kept, topic);
    assert.ok(!counters.all().some(({ name }) => name === "outbox_dropped_total"));
  }
});

/** A backend whose subscribers follow from one server to another. */
class MovingBackend extends FakeBackend {
  subscribersMoving = true;

  override async send(outgoing: Outgoing): Promise<Delivery> {
    const { subscribersMoving } = this;
    return { ...await super.send(outgoing), subscribersMoving };
  }
}

Deno.test("MetricQueue keeps metrics without a receiver for 5 s while subscribers move", async () => {
  for (
    const { waitMs, kept } of [
      { waitMs: 5000 - MICROSECOND_MS, kept: true },
      { waitMs: 5000, kept: false },
    ]
  ) {
    const backend = new MovingBackend();
    await using ends = startFakeOutbox({}, backend);
    ends.backend.setReady(true);
    ends.outbox.offer(fakeMetric(ends.clock, 1));
    await ends.clock.advance(0);
    backend.subscribersMoving = false;
    await ends.clock.jump(waitMs);
    assert.equal(await isKeptWithoutReceiver(ends), kept, `after ${waitMs} ms`);
  }
});

Deno.test("MetricQueue replays what some missed on their way once more have followed, and only then", async () => {
  for (
    const { later, sent } of [
      { later: 2, sent: [1, 2, 3, 1, 2] },
      { later: 1, sent: [1, 2, 3] }, // the other has left
    ]
  ) {
    const backend = new MovingBackend();
    await using ends = startFakeOutbox({}, backend);
    const sequences = () => metricsOf(backend.sent).map(({ sequence }) => sequence);
    backend.receivers = 1;
    backend.setReady(true);
    for (const sequence of [1, 2]) ends.outbox.offer(fakeMetric(ends.clock, sequence));
    await ends.clock.advance(1000);
    assert.deepEqual(sequences(), [1, 2], "not while they move");
    backend.subscribersMoving = false;
    backend.receivers = later;
    ends.outbox.offer(fakeMetric(ends.clock, 3));
    await ends.clock.advance(1000);
    assert.deepEqual(sequences(), sent, `${later} receivers`);
    const replayed = metricsOf(backend.sent).filter(({ replayed }) => replayed);
    assert.equal(replayed.length, sent.length - 3);
  }
});

Deno.test("MetricQueue replays for the second of two that follow what waited for the first", async () => {
  const backend = new MovingBackend();
  await using ends = startFakeOutbox({}, backend);
  const sequences = () => metricsOf(backend.sent).map(({ sequence }) => sequence);
  backend.receivers = 0;
  backend.setReady(true);
  ends.outbox.offer(fakeMetric(ends.clock, 1));
  await ends.clock.advance(0);
  backend.receivers = 1;
  await ends.clock.advance(2000);
  const toTheFirst = sequences().length;
  assert.ok(toTheFirst >= 2, "replayed");
  backend.subscribersMoving = false;
  backend.receivers = 2;
  ends.outbox.offer(fakeMetric(ends.clock, 2));
  await ends.clock.advance(2000);
  assert.deepEqual(sequences().slice(toTheFirst), [2, 1]);
});

Deno.test("MetricQueue sends again, when the link is lost, what some missed on their way", async () => {
  const backend = new MovingBackend();
  await using ends = startFakeOutbox({}, backend);
  backend.receivers = 1;
  backend.setReady(true);
  ends.outbox.offer(fakeMetric(ends.clock, 1));
  await ends.clock.advance(3000);
  backend.setReady(false);
  backend.subscribersMoving = false;
  backend.setReady(true);
  await ends.clock.advance(1000);
  assert.deepEqual(metricsOf(backend.sent).map(({ sequence }) => sequence), [1, 1]);
});

Deno.test("MetricQueue sends metrics again that were acknowledged less than 1 s before the link was lost", async () => {
  for (
    const { waitMs, sent } of [
      { waitMs: 1000 - MICROSECOND_MS, sent: [1, 1] },
      { waitMs: 1000, sent: [1] },
    ]
  ) {
    await using ends = startFakeOutbox();
    ends.backend.setReady(true);
    ends.outbox.offer(fakeMetric(ends.clock, 1));
    await ends.clock.advance(waitMs);
    ends.backend.setReady(false);
    ends.backend.setReady(true);
    await ends.clock.advance(1000);
    assert.deepEqual(metricsOf(ends.backend.sent).map(({ sequence }) => sequence), sent);
  }
});

for (
  const { topic, receivers, again } of [
    { topic: "recording_state", receivers: [0, 0], again: [1, 2] },
    { topic: "recording_state", receivers: [1, 1], again: [1, 2] },
    { topic: "recording_state", receivers: [0, 1], again: [2] },
    { topic: "status", receivers: [0, 1], again: [1, 2] },
  ] as const
) {
  Deno.test(`MetricQueue sends ${again.join(" and ")} of ${topic} again if ${receivers.join(" and ")} received them`, async () => {
    await using ends = startFakeOutbox();
    ends.backend.setReady(true);
    for (const [index, count] of receivers.entries()) {
      ends.backend.receivers = count;
      ends.outbox.offer(fakeMetric(ends.clock, index + 1, topic));
      await ends.clock.advance(100);
    }
    ends.backend.receivers = 1;
    ends.backend.setReady(false);
    ends.backend.setReady(true);
    await ends.clock.advance(1000);
    const sent = metricsOf(ends.backend.sent).map(({ sequence }) => sequence);
    assert.deepEqual(sent, [1, 2, ...again]);
  });
}

/** A backend that refuses every message while it is set to. */
class RefusingBackend extends FakeBackend {
  refusing: "rejected" | "link" | undefined = "rejected";

  override send(outgoing: Outgoing): Promise<Delivery> {
    if (!this.refusing) return super.send(outgoing);
    this.sent.push(outgoing);
    const retriable = this.refusing === "link";
    return Promise.reject(new BackendError("Refused", { retriable, reason: this.refusing }));
  }
}

Deno.test("MetricQueue drops a metric that is rejected, live or replayed, and goes on with the next", async () => {
  const backend = new RefusingBackend();
  const log = new CollectingLog();
  await using ends = startFakeOutbox({}, backend, log);
  const dropped = () =>
    ends.counters.get("outbox_dropped_total", { class: "metric", reason: "rejected" });
  ends.outbox.offer(fakeMetric(ends.clock, 1));
  ends.outbox.offer(fakeMetric(ends.clock, 2));
  backend.setReady(true);
  await ends.clock.advance(100);
  assert.equal(dropped(), 2);
  ends.outbox.offer(fakeMetric(ends.clock, 3));
  await ends.clock.advance(0);
  assert.deepEqual([dropped(), ends.outbox.queuedBytes], [3, 0]);
  assert.equal(log.linesWith("Refused").length, 1);
  backend.refusing = undefined;
  ends.outbox.offer(fakeMetric(ends.clock, 4));
  await ends.clock.advance(0);
  assert.deepEqual(metricsOf(backend.received).map(({ sequence }) => sequence), [4]);
});

Deno.test("MetricQueue tries a metric again 500 ms after its replay failed", async () => {
  const backend = new RefusingBackend();
  backend.refusing = "link";
  await using ends = startFakeOutbox({}, backend);
  backend.setReady(true);
  ends.outbox.offer(fakeMetric(ends.clock, 1));
  await ends.clock.advance(0);
  assert.equal(backend.sent.length, 2, "live, and at once as a replay");
  await ends.clock.advance(500 - MICROSECOND_MS);
  assert.equal(backend.sent.length, 2);
  await ends.clock.advance(MICROSECOND_MS);
  assert.equal(backend.sent.length, 3);
  backend.refusing = undefined;
  await ends.clock.advance(500);
  assert.deepEqual(metricsOf(backend.received), [{ sequence: 1, replayed: true }]);
  assert.equal(ends.dropped("metric"), 0);
});

Deno.test("MetricQueue logs dropped metrics every 10 s", async () => {
  const log = new CollectingLog();
  await using ends = startFakeOutbox({ memoryBytes: 10 }, new FakeBackend(), log);
  for (const [nowMs, lines] of [[0, 1], [9000, 1], [11_000, 2]] as const) {
    log.time.nowMs = nowMs;
    ends.outbox.offer(fakeMetric(ends.clock, 1));
    ends.outbox.offer(fakeMetric(ends.clock, 2));
    assert.equal(log.linesWith("Dropped metrics").length, lines, `${nowMs}`);
  }
});

Deno.test("MetricQueue counts the bytes in flight until they are acknowledged", async () => {
  await using ends = startFakeOutbox({ bytesInFlight: 1000 });
  ends.backend.setReady(true);
  ends.backend.acknowledging = false;
  offerBytes(ends, "status", 600);
  offerBytes(ends, "status", 400);
  assert.deepEqual([ends.backend.inFlight, ends.outbox.queuedBytes], [2, 1000]);
  offerBytes(ends, "status", 1);
  assert.deepEqual([ends.backend.inFlight, ends.outbox.queuedBytes], [2, 1001 + ENTRY_BYTES]);
  ends.backend.acknowledging = true;
  ends.backend.acknowledge();
  await ends.clock.advance(1000);
  assert.equal(ends.outbox.queuedBytes, 0);
  offerBytes(ends, "status", 1000);
  assert.equal(ends.backend.sent.length, 4);
});

Deno.test("MetricQueue starts a replay as soon as a live metric reaches a receiver", async () => {
  await using ends = startFakeOutbox();
  ends.outbox.offer(fakeMetric(ends.clock, 1));
  ends.backend.receivers = 0;
  ends.backend.setReady(true);
  await ends.clock.advance(100);
  ends.backend.receivers = 1;
  ends.outbox.offer(fakeMetric(ends.clock, 2));
  await ends.clock.advance(399);
  assert.deepEqual(metricsOf(ends.backend.received).map(({ sequence }) => sequence), [2]);
  await ends.clock.advance(1);
  assert.deepEqual(metricsOf(ends.backend.received), [
    { sequence: 2, replayed: false },
    { sequence: 1, replayed: true },
  ]);
});

Deno.test("MetricQueue spools what waits in memory when it is closed", async () => {
  using folder = temporaryFolder();
  {
    await using ends = startFakeOutbox({ spoolFolder: folder.path });
    ends.outbox.offer(fakeMetric(ends.clock, 7));
  }
  await using next = startFakeOutbox({ spoolFolder: folder.path });
  next.backend.setReady(true);
  await waitFor("the metric", async () => {
    await next.clock.advance(100);
    return next.backend.received.length === 1;
  });
  assert.deepEqual(metricsOf(next.backend.received), [{ sequence: 7, replayed: true }]);
});

Deno.test("MetricQueue tries to spool again 500 ms after that has failed", async () => {
  using folder = temporaryFolder();
  const { open } = Deno;
  let tries = 0;
  await using ends = startFakeOutbox({ memoryBytes: 1, spoolFolder: folder.path });
  offerBytes(ends, "status", 100);
  await waitFor("the spool", () => ends.outbox.queuedBytes === 0, { pollMs: 1 });
  try {
    Deno.open = () => {
      tries++;
      return Promise.reject(new Error("The disk is full"));
    };
    offerBytes(ends, "status", 100);
    await waitFor("the first try", () => tries === 1, { pollMs: 1 });
    for (let step = 0; step < 40; step++) {
      offerBytes(ends, "status", 100);
      await ends.clock.advance(50);
    }
    assert.ok(tries >= 4 && tries <= 6, `${tries} in 2 s with new metrics`);
    assert.match(ends.outbox.problem ?? "", /The disk is full/);
  } finally {
    Deno.open = open;
  }
  await waitFor("the spool", async () => {
    await ends.clock.advance(100);
    if (ends.outbox.queuedBytes === 0) return true;
    offerBytes(ends, "status", 100);
    return false;
  });
  assert.equal(ends.outbox.problem, undefined);
});

Deno.test("MetricQueue of status takes a tenth of the default limit of the spool, which is 64 MiB", async () => {
  using folder = temporaryFolder();
  await using ends = startFakeOutbox({ memoryBytes: 1, spoolFolder: folder.path });
  for (let count = 1; count <= 7; count++) {
    offerBytes(ends, "status", 1_100_000);
    await waitFor("the spool", () => ends.outbox.queuedBytes === 0, { pollMs: 1 });
    assert.equal(ends.dropped("metric"), count === 7 ? 1 : 0);
  }
});
