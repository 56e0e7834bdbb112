import assert from "node:assert/strict";
import { FakeBackend } from "../../support/fake_backend.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
import { fakeMetric, metricsOf, startFakeOutbox } from "../../support/fake_outbox.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { segmentsOf } from "../../support/spool_records.ts";
import { waitFor } from "../../support/wait.ts";

function sequencesOf({ received }: FakeBackend): number[] {
  return metricsOf(received).map(({ sequence }) => sequence);
}

/** Waits until an outbox has locked and opened the spools of its four topics. */
async function spoolOpened(folder: string): Promise<void> {
  await waitFor("the spools of the topics", () => {
    const [server] = [...Deno.readDirSync(folder)];
    return server && [...Deno.readDirSync(`${folder}/${server.name}`)].length === 5;
  }, { pollMs: 1 });
}

Deno.test("MetricQueue spools a lone recording state after 10 s", async () => {
  using folder = temporaryFolder();
  await using ends = startFakeOutbox({ spoolFolder: folder.path });
  await spoolOpened(folder.path);
  const startUs = ends.clock.monotonicUs();
  ends.outbox.offer(fakeMetric(ends.clock, 1, "recording_state"));
  await ends.clock.advance(10_000);
  assert.deepEqual(segmentsOf(folder.path, "recording_state"), []);
  await waitFor("the segment", async () => {
    await ends.clock.advance(1);
    return segmentsOf(folder.path, "recording_state").length === 1;
  });
  const waitedMs = (ends.clock.monotonicUs() - startUs) / 1000;
  assert.ok(waitedMs < 30_000, `${waitedMs} ms`);
});

Deno.test("MetricQueue replays at its full rate while the disk is full, and then reports no problem", async () => {
  using folder = temporaryFolder();
  await using ends = startFakeOutbox({ memoryBytes: 200_000, spoolFolder: folder.path });
  const { backend, clock, outbox } = ends;
  await spoolOpened(folder.path);
  const { open } = Deno;
  try {
    Deno.open = () => Promise.reject(new Error("The disk is full"));
    for (let sequence = 1; sequence <= 600; sequence++) {
      outbox.offer(fakeMetric(clock, sequence, "core_metrics"));
    }
    await waitFor("the problem", async () => {
      await clock.advance(10);
      return /The disk is full/.test(outbox.problem ?? "");
    });
    backend.setReady(true);
    await clock.advance(1000);
    const { length } = backend.received;
    assert.ok(Math.abs(length - 200) <= 17, `${length} in the first second`);
    await clock.advance(2500);
    assert.deepEqual(sequencesOf(backend), Array.from({ length: 600 }, (_, index) => index + 1));
    assert.equal(outbox.problem, undefined);
    assert.equal(ends.dropped("metric"), 0);
  } finally {
    Deno.open = open;
  }
});

/** A backend that fails what is in flight only after it was disposed, as a socket that closes. */
class LingeringBackend extends FakeBackend {
  override [Symbol.asyncDispose](): Promise<void> {
    setTimeout(() => super[Symbol.asyncDispose](), 20);
    return Promise.resolve();
  }
}

Deno.test("MetricQueue spools what is in flight when it is closed, once", async () => {
  using folder = temporaryFolder();
  {
    const backend = new LingeringBackend();
    const { outbox, clock } = startFakeOutbox({ spoolFolder: folder.path }, backend);
    backend.setReady(true);
    backend.acknowledging = false;
    for (const sequence of [1, 2, 3]) outbox.offer(fakeMetric(clock, sequence));
    await outbox[Symbol.asyncDispose]();
    await waitFor("the end of the backend", () => backend.disposed === 1);
  }
  await using next = startFakeOutbox({ spoolFolder: folder.path });
  next.backend.setReady(true);
  await waitFor("the metrics", async () => {
    await next.clock.advance(100);
    return next.backend.received.length >= 3;
  });
  await next.clock.advance(1000);
  assert.deepEqual(sequencesOf(next.backend), [1, 2, 3]);
});

Deno.test("MetricQueue counts and logs what it neither sends nor spools at the end", async () => {
  const log = new CollectingLog();
  const ends = startFakeOutbox({}, new FakeBackend(), log);
  ends.outbox.offer(fakeMetric(ends.clock, 1));
  ends.outbox.offer(fakeMetric(ends.clock, 2));
  await ends[Symbol.asyncDispose]();
  assert.equal(
    ends.counters.get("outbox_dropped_total", { class: "metric", reason: "stopped" }),
    2,
  );
  assert.equal(log.linesWith("Dropped metrics").length, 1);
});

Deno.test("MetricQueue counts and logs a damaged record, and delivers the others", async () => {
  using folder = temporaryFolder();
  {
    await using ends = startFakeOutbox({ spoolFolder: folder.path });
    for (const sequence of [1, 2, 3]) ends.outbox.offer(fakeMetric(ends.clock, sequence));
  }
  const [path] = segmentsOf(folder.path, "status");
  const segment = Deno.readFileSync(path!);
  segment[segment.length >> 1]! ^= 1;
  Deno.writeFileSync(path!, segment);
  const log = new CollectingLog();
  await using ends = startFakeOutbox({ spoolFolder: folder.path }, new FakeBackend(), log);
  ends.backend.setReady(true);
  await waitFor("the metrics", async () => {
    await ends.clock.advance(100);
    return ends.backend.received.length >= 2;
  });
  assert.equal(
    ends.counters.get("outbox_dropped_total", { class: "metric", reason: "damaged" }),
    1,
  );
  assert.match(log.linesWith("Dropped metrics")[0]!, /damaged/);
});

Deno.test("Outbox publishes nothing that another destination has spooled, until it is that destination again", async () => {
  using folder = temporaryFolder();
  const options = { spoolFolder: folder.path };
  {
    await using ends = startFakeOutbox(options);
    ends.outbox.offer(fakeMetric(ends.clock, 1));
  }
  {
    const other = new FakeBackend();
    other.destination = "another channel";
    const log = new CollectingLog();
    await using ends = startFakeOutbox(options, other, log);
    other.setReady(true);
    await waitFor("the report", () => log.linesWith("metrics of another server").length === 1);
    await ends.clock.advance(5000);
    assert.deepEqual(other.received, []);
  }
  await using ends = startFakeOutbox(options);
  ends.backend.setReady(true);
  await waitFor("the metric", async () => {
    await ends.clock.advance(100);
    return ends.backend.received.length === 1;
  });
});

Deno.test("Outbox reports a spool that another server uses, and takes it over when that one ends", async () => {
  using folder = temporaryFolder();
  const options = { spoolFolder: folder.path };
  const first = startFakeOutbox(options);
  first.outbox.offer(fakeMetric(first.clock, 1));
  await spoolOpened(folder.path);
  await using second = startFakeOutbox(options);
  const { backend, clock, outbox } = second;
  await waitFor("the problem", async () => {
    await clock.advance(100);
    return /^Cannot use the spool in .*: another server uses it: give/.test(outbox.problem ?? "");
  });
  backend.setReady(true);
  await first[Symbol.asyncDispose]();
  // The queue of each topic tries again on its own.
  await waitFor("the metric, and the end of the problem", async () => {
    await clock.advance(100);
    return backend.received.length === 1 && outbox.problem === undefined;
  });
});
