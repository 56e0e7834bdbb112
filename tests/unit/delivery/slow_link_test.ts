import assert from "node:assert/strict";
import type { LinkMeasurement } from "../../../src/delivery/backend.ts";
import { FakeBackend } from "../../support/fake_backend.ts";
import {
  fakeFrame,
  fakeMetric,
  type FakeOutbox,
  framesOf,
  metricsOf,
  startFakeOutbox,
} from "../../support/fake_outbox.ts";

/** A backend whose answers arrive when the test acknowledges them; it counts discards of frames. */
class SlowBackend extends FakeBackend {
  discards = 0;

  constructor() {
    super();
    this.measured = { rttUs: 1000, usPerByte: 1 };
  }

  discardFrames(): void {
    this.discards++;
  }
}

/** A backend without a network. */
class LocalBackend extends FakeBackend {
  readonly isLocal = true;
}

/** Publishes core metrics, each of which is acknowledged after `delayMs`, for `ms`. */
async function publishCore(ends: FakeOutbox, { delayMs, ms }: { delayMs: number; ms: number }) {
  ends.backend.acknowledging = false;
  for (let nowMs = 0; nowMs < ms; nowMs += delayMs) {
    ends.outbox.offer(fakeMetric(ends.clock, 1, "core_metrics"));
    await ends.clock.advance(delayMs);
    ends.backend.acknowledge();
    await ends.clock.advance(0);
  }
  ends.backend.acknowledging = true;
}

async function startSlowOutbox(backend: FakeBackend = new SlowBackend()) {
  const ends = startFakeOutbox({}, backend);
  ends.backend.setReady(true);
  await publishCore(ends, { delayMs: 1, ms: 5 });
  return ends;
}

function dropsOf({ counters }: FakeOutbox, kind: string, reason: string): number {
  return counters.get("outbox_dropped_total", { class: kind, reason });
}

/** A backend whose link can be measured at any time. */
class MeasurableBackend extends SlowBackend {
  measurements = 0;
  usPerByte = 33;

  // deno-lint-ignore require-await
  async measure(): Promise<LinkMeasurement> {
    this.measurements++;
    return { rttUs: 1000, usPerByte: this.usPerByte };
  }
}

Deno.test("Outbox sends no frame again before it has measured that the link has room for one", async () => {
  const backend = new MeasurableBackend();
  await using ends = await startSlowOutbox(backend);
  await publishCore(ends, { delayMs: 200, ms: 600 });
  assert.equal(ends.outbox.framesWanted, false);
  // 12 kB take 0.4 s at 30 kB/s.
  await publishCore(ends, { delayMs: 50, ms: 10_000 });
  assert.deepEqual([ends.outbox.framesWanted, backend.measurements], [false, 3], "after 1, 3, 7 s");
  backend.usPerByte = 10;
  await publishCore(ends, { delayMs: 50, ms: 10_000 });
  assert.deepEqual([ends.outbox.framesWanted, backend.measurements], [true, 5], "every 5 s");
});

Deno.test("FrameQueue drops all frames while core metrics are delayed, counted, and sends them again later", async () => {
  await using ends = await startSlowOutbox();
  const { outbox, backend, clock } = ends;
  assert.equal(outbox.framesWanted, true);
  await publishCore(ends, { delayMs: 200, ms: 600 });
  assert.equal(outbox.framesWanted, false);
  for (const sequence of [1, 2]) outbox.offer(fakeFrame(clock, sequence));
  assert.deepEqual([framesOf(backend.sent), dropsOf(ends, "frame", "slow_link")], [[], 2]);
  await publishCore(ends, { delayMs: 50, ms: 3000 });
  assert.equal(outbox.framesWanted, true);
  outbox.offer(fakeFrame(clock, 3));
  await clock.advance(1000);
  assert.deepEqual(framesOf(backend.sent), [3]);
});

Deno.test("FrameQueue sends frames while core metrics are delayed, if no network delays them", async () => {
  const backend = new LocalBackend();
  await using ends = await startSlowOutbox(backend);
  await publishCore(ends, { delayMs: 400, ms: 3000 });
  assert.equal(ends.outbox.framesWanted, true);
  ends.outbox.offer(fakeFrame(ends.clock, 1));
  await ends.clock.advance(1000);
  assert.deepEqual(framesOf(backend.sent), [1]);
});

Deno.test("FrameQueue drops the frame that waits when frames are stopped", async () => {
  await using ends = await startSlowOutbox();
  const { outbox, backend, clock } = ends;
  backend.acknowledging = false;
  for (const sequence of [1, 2, 3]) outbox.offer(fakeFrame(clock, sequence));
  for (let count = 0; count < 4; count++) {
    outbox.offer(fakeMetric(clock, count, "core_metrics"));
    await clock.advance(200);
  }
  assert.equal(dropsOf(ends, "frame", "slow_link"), 0);
  backend.acknowledge();
  await clock.advance(0);
  assert.deepEqual(framesOf(backend.sent), [1]);
  assert.equal(dropsOf(ends, "frame", "slow_link"), 1);
});

Deno.test("FrameQueue discards frames in flight that delay core metrics, and no others", async () => {
  const backend = new SlowBackend();
  await using ends = await startSlowOutbox(backend);
  const { outbox, clock } = ends;
  backend.acknowledging = false;
  outbox.offer(fakeFrame(clock, 1));
  await clock.advance(100);
  assert.equal(backend.discards, 0);
  for (let count = 0; count < 5; count++) {
    outbox.offer(fakeMetric(clock, count, "core_metrics"));
    await clock.advance(200);
  }
  assert.ok(backend.discards > 0);
});

Deno.test("MetricQueue thins edge metrics while core metrics are delayed without frames, counted", async () => {
  await using ends = await startSlowOutbox();
  await publishCore(ends, { delayMs: 200, ms: 1200 });
  const sent = () => metricsOf(ends.backend.sent.filter(({ topic }) => topic === "edge_metrics"));
  for (let sequence = 1; sequence <= 8; sequence++) {
    ends.outbox.offer(fakeMetric(ends.clock, sequence, "edge_metrics"));
  }
  assert.equal(sent().length, 4);
  assert.equal(dropsOf(ends, "metric", "thinned"), 4);
  for (const topic of ["core_metrics", "status", "recording_state"] as const) {
    for (let sequence = 1; sequence <= 8; sequence++) {
      ends.outbox.offer(fakeMetric(ends.clock, sequence, topic));
    }
  }
  assert.equal(ends.dropped("metric"), 4, "nothing else");
});

Deno.test("MetricQueue thins nothing for a backend without a network", async () => {
  await using ends = await startSlowOutbox(new FakeBackend());
  await publishCore(ends, { delayMs: 200, ms: 3000 });
  for (let sequence = 1; sequence <= 8; sequence++) {
    ends.outbox.offer(fakeMetric(ends.clock, sequence, "edge_metrics"));
  }
  assert.equal(ends.dropped("metric"), 0);
});

Deno.test("Outbox reports late core metrics without a network as those of a busy machine", async () => {
  const backend = new LocalBackend();
  await using ends = await startSlowOutbox(backend);
  backend.acknowledging = false;
  ends.outbox.offer(fakeMetric(ends.clock, 1, "core_metrics"));
  await ends.clock.advance(1300);
  assert.match(ends.outbox.problem ?? "", /^Core metrics are written more than 2 s late/);
  backend.acknowledge();
  await ends.clock.advance(0);
});

Deno.test("Outbox reports core metrics that have waited for 1.3 s, 0.5 s before a status shows it", async () => {
  await using ends = await startSlowOutbox();
  const { outbox, backend, clock } = ends;
  backend.acknowledging = false;
  outbox.offer(fakeMetric(clock, 1, "core_metrics"));
  await clock.advance(1299);
  assert.equal(outbox.problem, undefined);
  await clock.advance(1);
  assert.match(outbox.problem ?? "", /^Core metrics arrive more than 2 s late: the broker/);
  backend.acknowledge();
  await clock.advance(0);
  assert.equal(outbox.problem, undefined);
});
