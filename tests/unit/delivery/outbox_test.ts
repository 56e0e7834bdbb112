import assert from "node:assert/strict";
import { recordBytes } from "../../../src/delivery/spool/record.ts";
import {
  fakeFrame,
  fakeMetric,
  framesOf,
  metricsOf,
  startFakeOutbox,
} from "../../support/fake_outbox.ts";
import { FakeBackend } from "../../support/fake_backend.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { FAKE_HEADER_BYTES, segmentsOf } from "../../support/spool_records.ts";
import { waitFor } from "../../support/wait.ts";

Deno.test("Outbox keeps only the newest frame and counts the displaced ones", async () => {
  await using ends = startFakeOutbox({ framesInFlight: 1 });
  ends.backend.setReady(true);
  ends.backend.acknowledging = false;
  for (let sequence = 1; sequence <= 5; sequence++) {
    ends.outbox.offer(fakeFrame(ends.clock, sequence));
  }
  ends.backend.acknowledge();
  await ends.clock.advance(0);
  assert.deepEqual(framesOf(ends.backend.sent), [1, 5]);
  assert.equal(
    ends.counters.get("outbox_dropped_total", { class: "frame", reason: "displaced" }),
    3,
  );
});

Deno.test("Outbox drops frames over the age limit", async () => {
  await using ends = startFakeOutbox({ framesInFlight: 1, maxFrameAgeMs: 500 });
  ends.backend.setReady(true);
  ends.backend.acknowledging = false;
  ends.outbox.offer(fakeFrame(ends.clock, 1));
  ends.outbox.offer(fakeFrame(ends.clock, 2));
  await ends.clock.advance(501);
  ends.backend.acknowledge();
  await ends.clock.advance(0);
  assert.deepEqual(framesOf(ends.backend.sent), [1]);
  assert.equal(ends.dropped("frame"), 1);
});

Deno.test("Outbox sends metrics while no frame is acknowledged", async () => {
  await using ends = startFakeOutbox();
  ends.backend.setReady(true);
  ends.backend.acknowledging = false;
  for (let sequence = 1; sequence <= 50; sequence++) {
    ends.outbox.offer(fakeFrame(ends.clock, sequence));
    ends.outbox.offer(fakeMetric(ends.clock, sequence));
  }
  assert.equal(metricsOf(ends.backend.sent).length, 50);
});

Deno.test("Outbox keeps metrics until there is a subscriber after an outage", async () => {
  await using ends = startFakeOutbox();
  ends.outbox.offer(fakeMetric(ends.clock, 1));
  ends.backend.receivers = 0;
  ends.backend.setReady(true);
  await ends.clock.advance(1000);
  ends.outbox.offer(fakeMetric(ends.clock, 2));
  await ends.clock.advance(3000);
  assert.deepEqual(ends.backend.received, []);
  ends.backend.receivers = 2;
  await ends.clock.advance(1000);
  assert.deepEqual(metricsOf(ends.backend.received), [
    { sequence: 1, replayed: true },
    { sequence: 2, replayed: true },
  ]);
});

Deno.test("Outbox does not keep metrics without a subscriber on a link that was never lost", async () => {
  await using ends = startFakeOutbox();
  ends.backend.receivers = 0;
  ends.backend.setReady(true);
  ends.outbox.offer(fakeMetric(ends.clock, 1));
  ends.backend.receivers = 1;
  await ends.clock.advance(5000);
  assert.deepEqual(ends.backend.received, []);
});

Deno.test("Outbox stops keeping metrics 15 minutes after an outage without a subscriber", async () => {
  await using ends = startFakeOutbox();
  ends.backend.setReady(true);
  ends.outbox.offer(fakeMetric(ends.clock, 1));
  await ends.clock.advance(2000);
  ends.backend.setReady(false);
  ends.backend.receivers = 0;
  ends.backend.setReady(true);
  ends.outbox.offer(fakeMetric(ends.clock, 2));
  await ends.clock.advance(10);
  await ends.clock.jump(16 * 60_000);
  ends.outbox.offer(fakeMetric(ends.clock, 3));
  await ends.clock.advance(1000);
  ends.backend.receivers = 1;
  await ends.clock.advance(1000);
  assert.deepEqual(metricsOf(ends.backend.received), [
    { sequence: 1, replayed: false },
    { sequence: 2, replayed: true },
  ]);
});

Deno.test("Outbox sends metrics again that were acknowledged within 1 s before the link was lost", async () => {
  await using ends = startFakeOutbox();
  ends.backend.setReady(true);
  for (let sequence = 1; sequence <= 5; sequence++) {
    ends.outbox.offer(fakeMetric(ends.clock, sequence));
    await ends.clock.advance(400);
  }
  ends.backend.setReady(false);
  ends.backend.setReady(true);
  await ends.clock.advance(500);
  ends.backend.setReady(false);
  ends.backend.setReady(true);
  await ends.clock.advance(1000);
  assert.deepEqual(
    metricsOf(ends.backend.received).slice(5),
    [4, 5].map((sequence) => ({ sequence, replayed: true })),
    "each only once",
  );
});

Deno.test("Outbox sends nothing again after it was disposed", async () => {
  using folder = temporaryFolder();
  {
    await using ends = startFakeOutbox({ spoolFolder: folder.path });
    ends.backend.setReady(true);
    ends.outbox.offer(fakeMetric(ends.clock, 1));
    await ends.clock.advance(10);
  }
  await using next = startFakeOutbox({ spoolFolder: folder.path });
  next.backend.setReady(true);
  await next.clock.advance(1000);
  assert.deepEqual(next.backend.received, []);
});

Deno.test("Outbox spools metrics that have waited for 10 s", async () => {
  using folder = temporaryFolder();
  await using ends = startFakeOutbox({ spoolFolder: folder.path });
  await ends.clock.advance(0);
  ends.outbox.offer(fakeMetric(ends.clock, 1));
  await waitFor("the spool", async () => {
    await ends.clock.advance(1000);
    ends.outbox.offer(fakeMetric(ends.clock, 2));
    return segmentsOf(folder.path, "status").length > 0;
  });
  assert.equal(ends.dropped("metric"), 0);
});

Deno.test("Outbox limits the rate of the replay", async () => {
  await using ends = startFakeOutbox({ replayPerSecond: 100 });
  for (let sequence = 1; sequence <= 1000; sequence++) {
    ends.outbox.offer(fakeMetric(ends.clock, sequence));
  }
  ends.backend.setReady(true);
  await ends.clock.advance(5000);
  const replayed = metricsOf(ends.backend.received).length;
  assert.ok(replayed >= 480 && replayed <= 520, `${replayed} in 5 s`);
});

Deno.test("Outbox without a spool drops the oldest metrics over the memory limit, counted", async () => {
  await using ends = startFakeOutbox({ memoryBytes: 20_000 });
  for (let sequence = 1; sequence <= 100; sequence++) {
    ends.outbox.offer(fakeMetric(ends.clock, sequence));
  }
  ends.backend.setReady(true);
  await ends.clock.advance(5000);
  const sequences = metricsOf(ends.backend.received).map(({ sequence }) => sequence);
  assert.equal(sequences.at(-1), 100);
  assert.equal(ends.dropped("metric"), 100 - sequences.length);
  assert.ok(sequences.length < 20);
});

Deno.test("Outbox drops metrics over the age limit, counted", async () => {
  await using ends = startFakeOutbox({ maxMetricAgeMs: 10_000 });
  ends.outbox.offer(fakeMetric(ends.clock, 1));
  await ends.clock.advance(8000);
  ends.outbox.offer(fakeMetric(ends.clock, 2));
  await ends.clock.advance(4000);
  ends.backend.setReady(true);
  await ends.clock.advance(1000);
  assert.deepEqual(metricsOf(ends.backend.received).map(({ sequence }) => sequence), [2]);
  assert.equal(ends.dropped("metric"), 1);
});

Deno.test("Outbox spools metrics over the memory limit and replays them after a restart", async () => {
  using folder = temporaryFolder();
  const options = { memoryBytes: 20_000, spoolFolder: folder.path };
  {
    await using ends = startFakeOutbox(options);
    for (let sequence = 1; sequence <= 300; sequence++) {
      ends.outbox.offer(fakeMetric(ends.clock, sequence));
      await waitFor("room in memory", () => ends.outbox.queuedBytes < 2000, { pollMs: 1 });
    }
    assert.equal(ends.dropped("metric"), 0);
  }
  await using ends = startFakeOutbox(options);
  ends.backend.setReady(true);
  await waitFor("all metrics", async () => {
    await ends.clock.advance(100); // the spool is read meanwhile, in real time
    return metricsOf(ends.backend.received).length >= 300;
  }, { pollMs: 1 });
  assert.deepEqual(
    metricsOf(ends.backend.received).map(({ sequence }) => sequence),
    Array.from({ length: 300 }, (_, index) => index + 1),
  );
});

Deno.test("Outbox.flush() waits for the acknowledgements, for no longer than its time", async () => {
  await using ends = startFakeOutbox();
  ends.backend.setReady(true);
  ends.backend.acknowledging = false;
  ends.outbox.offer(fakeMetric(ends.clock, 1));
  let flushed = 0;
  ends.outbox.flush(1000).then(() => flushed++);
  await ends.clock.advance(990);
  assert.equal(flushed, 0);
  await ends.clock.advance(15);
  assert.equal(flushed, 1);
  ends.outbox.flush(1000).then(() => flushed++);
  ends.backend.acknowledge();
  await ends.clock.advance(10);
  assert.equal(flushed, 2);
});

Deno.test("Outbox shows the bytes in memory and on the disk, and the degradation, with each core metric", async () => {
  using folder = temporaryFolder();
  await using ends = startFakeOutbox({ memoryBytes: 1, spoolFolder: folder.path });
  const { outbox, counters, clock } = ends;
  const first = fakeMetric(clock, 1, "core_metrics");
  outbox.offer(first);
  assert.equal(counters.get("outbox_queue_bytes"), first.bytes.length + 200);
  assert.equal(counters.get("outbox_spool_bytes"), 0);
  await waitFor("the spool", () => outbox.queuedBytes === 0, { pollMs: 1 });
  outbox.offer(fakeMetric(clock, 2, "status"));
  assert.equal(counters.get("outbox_spool_bytes"), 0, "not with other metrics");
  await waitFor("the spool", () => outbox.queuedBytes === 0, { pollMs: 1 });
  outbox.offer(fakeMetric(clock, 3, "core_metrics"));
  const spooledBytes = counters.get("outbox_spool_bytes");
  const records = [first, fakeMetric(clock, 2, "status")].map(recordBytes);
  assert.equal(spooledBytes, records[0]! + records[1]! + 2 * FAKE_HEADER_BYTES);
  assert.equal(counters.get("outbox_frame_degradation"), outbox.frameDegradation);
});

Deno.test("Outbox shows a degradation at the start of a connection with a long RTT", async () => {
  await using ends = startFakeOutbox();
  const { backend, outbox, counters, clock } = ends;
  backend.measured = { rttUs: 200_000, usPerByte: 0 };
  backend.setReady(true);
  assert.equal(outbox.frameDegradation, 0.7);
  outbox.offer(fakeMetric(clock, 1, "core_metrics"));
  assert.equal(counters.get("outbox_frame_degradation"), 0.7);
});

Deno.test("Outbox reports core metrics and acknowledgements to the health check", async () => {
  await using ends = startFakeOutbox();
  const { backend, outbox, health, clock } = ends;
  outbox.offer(fakeMetric(clock, 1, "status"));
  assert.equal(health.ageS("metric"), undefined);
  outbox.offer(fakeMetric(clock, 2, "core_metrics"));
  assert.deepEqual([health.ageS("metric"), health.ageS("acknowledgement")], [0, undefined]);
  backend.setReady(true);
  await clock.advance(0);
  assert.equal(health.ageS("acknowledgement"), 0);
});

Deno.test("Outbox counts each connection after the first as a reconnect, until it is disposed", async () => {
  const ends = startFakeOutbox();
  const reconnects = () => ends.counters.get("outbox_reconnects_total");
  ends.backend.setReady(true);
  assert.equal(reconnects(), 0);
  for (const count of [1, 2]) {
    ends.backend.setReady(false);
    ends.backend.setReady(true);
    assert.equal(reconnects(), count);
  }
  await ends[Symbol.asyncDispose]();
  ends.backend.setReady(true);
  assert.equal(reconnects(), 2);
});

Deno.test("Outbox reports the problem of the backend before its own", async () => {
  await using ends = startFakeOutbox();
  assert.equal(ends.outbox.problem, undefined);
  ends.backend.problem = "Redis is unreachable";
  assert.equal(ends.outbox.problem, "Redis is unreachable");
});

Deno.test("Outbox reports that it cannot spool, and keeps the metrics in memory until it can", async () => {
  using folder = temporaryFolder();
  const spoolFolder = `${folder.path}/file`;
  Deno.writeTextFileSync(spoolFolder, "");
  await using ends = startFakeOutbox({ memoryBytes: 1000, spoolFolder });
  const { outbox, clock } = ends;
  await waitFor("the problem", () => outbox.problem, { pollMs: 1 });
  assert.match(outbox.problem ?? "", /^Cannot use the spool in .*: .*: check the folder/);
  outbox.offer(fakeMetric(clock, 1));
  await clock.advance(100);
  assert.ok(outbox.queuedBytes > 0);
  Deno.removeSync(spoolFolder);
  await waitFor("the spool", async () => {
    outbox.offer(fakeMetric(clock, 2));
    await clock.advance(500);
    return outbox.queuedBytes < 500;
  });
});

Deno.test("Outbox.flush() is done while metrics cannot be sent or have no receiver", async () => {
  await using ends = startFakeOutbox();
  const { backend, outbox, clock } = ends;
  outbox.offer(fakeMetric(clock, 1));
  await outbox.flush(1000);
  backend.receivers = 0;
  backend.setReady(true);
  await clock.advance(0);
  await outbox.flush(1000);
  assert.equal(backend.sent.length, 1);
});

Deno.test("Outbox sends a metric behind those that were in flight when the link was lost, if order counts", async () => {
  await using ends = startFakeOutbox({}, new FakeBackend({ inOrder: true }));
  const { backend, outbox, clock } = ends;
  backend.receivers = undefined;
  backend.setReady(true);
  backend.setArriving(false);
  outbox.offer(fakeMetric(clock, 1));
  backend.setReady(false);
  backend.setArriving(true);
  backend.setReady(true);
  outbox.offer(fakeMetric(clock, 2));
  await clock.advance(10);
  assert.deepEqual(metricsOf(backend.received).map(({ sequence }) => sequence), [1, 2]);
  assert.equal(outbox.queuedBytes, 0, "it woke up by itself");
});

Deno.test("Outbox.flush() looks every millisecond whether all was sent", async () => {
  await using ends = startFakeOutbox();
  ends.backend.setReady(true);
  ends.backend.acknowledging = false;
  ends.outbox.offer(fakeMetric(ends.clock, 1));
  let flushed = false;
  ends.outbox.flush(1000).then(() => flushed = true);
  await ends.clock.advance(0.5);
  ends.backend.acknowledge();
  await ends.clock.advance(0.4);
  assert.equal(flushed, false);
  await ends.clock.advance(0.1);
  assert.equal(flushed, true);
});
