import assert from "node:assert/strict";
import fc from "fast-check";
import { Outbox, type OutboxOptions } from "../../../src/delivery/outbox.ts";
import type { MetricOutgoing, Outgoing } from "../../../src/envelopes/outgoing.ts";
import { Counters } from "../../../src/telemetry/counters.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { FakeBackend } from "../../support/fake_backend.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { waitFor } from "../../support/wait.ts";
import { ManualClock } from "../../support/manual_clock.ts";

function start(options: OutboxOptions = {}, backend = new FakeBackend()) {
  const clock = new ManualClock();
  const counters = new Counters();
  const outbox = new Outbox(backend, { clock, counters, log: silentLog }, options);
  outbox.start();
  const dropped = (kind: string) =>
    counters.all().filter(({ name, labels }) =>
      name === "outbox_dropped_total" && labels.class === kind
    ).reduce((sum, { total }) => sum + total, 0);
  return {
    backend,
    clock,
    counters,
    outbox,
    dropped,
    [Symbol.asyncDispose]: () => outbox[Symbol.asyncDispose](),
  };
}

function metric(clock: ManualClock, sequence: number, topic: MetricOutgoing["topic"] = "status") {
  const timestamp = clock.monotonicUs();
  const text = JSON.stringify({ type: topic, timestamp, payload: { sequence } });
  return { kind: "metric", topic, timestamp, bytes: new TextEncoder().encode(text) } as const;
}

function frame(clock: ManualClock, sequence: number) {
  const captureUs = clock.monotonicUs();
  const jpeg = new Uint8Array(100);
  const image = { timestamp: captureUs, sequence, width: 4, height: 4, jpeg };
  return { kind: "frame", topic: "frame", timestamp: captureUs, captureUs, image } as const;
}

interface Seen {
  readonly sequence: number;
  readonly late: boolean;
}

function metricsOf(messages: readonly Outgoing[]): Seen[] {
  return messages.flatMap((message) => {
    if (message.kind !== "metric") return [];
    const { payload } = JSON.parse(new TextDecoder().decode(message.bytes));
    return [{ sequence: payload.sequence, late: payload.metadata?.replayed === true }];
  });
}

function framesOf(messages: readonly Outgoing[]): number[] {
  return messages.flatMap((message) => message.kind === "frame" ? [message.image.sequence] : []);
}

Deno.test("of frames the newest waits, and the displaced are counted", async () => {
  await using ends = start({ framesInFlight: 1 });
  ends.backend.setReady(true);
  ends.backend.acknowledging = false;
  for (let sequence = 1; sequence <= 5; sequence++) ends.outbox.offer(frame(ends.clock, sequence));
  ends.backend.acknowledge();
  await ends.clock.advance(0);
  assert.deepEqual(framesOf(ends.backend.sent), [1, 5]);
  assert.equal(
    ends.counters.get("outbox_dropped_total", { class: "frame", reason: "displaced" }),
    3,
  );
});

Deno.test("a frame that has become too old is not sent", async () => {
  await using ends = start({ framesInFlight: 1, maxFrameAgeMs: 500 });
  ends.backend.setReady(true);
  ends.backend.acknowledging = false;
  ends.outbox.offer(frame(ends.clock, 1));
  ends.outbox.offer(frame(ends.clock, 2));
  await ends.clock.advance(501);
  ends.backend.acknowledge();
  await ends.clock.advance(0);
  assert.deepEqual(framesOf(ends.backend.sent), [1]);
  assert.equal(ends.dropped("frame"), 1);
});

Deno.test("metrics go out while no frame is acknowledged", async () => {
  await using ends = start();
  ends.backend.setReady(true);
  ends.backend.acknowledging = false;
  for (let sequence = 1; sequence <= 50; sequence++) {
    ends.outbox.offer(frame(ends.clock, sequence));
    ends.outbox.offer(metric(ends.clock, sequence));
  }
  assert.equal(metricsOf(ends.backend.sent).length, 50);
});

Deno.test("late metrics wait until somebody receives, and so do live ones meanwhile", async () => {
  await using ends = start();
  ends.outbox.offer(metric(ends.clock, 1));
  ends.backend.receivers = 0;
  ends.backend.setReady(true);
  await ends.clock.advance(1000);
  ends.outbox.offer(metric(ends.clock, 2));
  await ends.clock.advance(3000);
  assert.deepEqual(ends.backend.received, []);
  ends.backend.receivers = 2;
  await ends.clock.advance(1000);
  assert.deepEqual(metricsOf(ends.backend.received), [
    { sequence: 1, late: true },
    { sequence: 2, late: true },
  ]);
});

Deno.test("metrics that nobody receives on a link that never broke are not kept", async () => {
  await using ends = start();
  ends.backend.receivers = 0;
  ends.backend.setReady(true);
  ends.outbox.offer(metric(ends.clock, 1));
  ends.backend.receivers = 1;
  await ends.clock.advance(5000);
  assert.deepEqual(ends.backend.received, []);
});

Deno.test("who does not come back within a quarter of an hour is no longer waited for", async () => {
  await using ends = start();
  ends.backend.setReady(true);
  ends.outbox.offer(metric(ends.clock, 1));
  await ends.clock.advance(2000);
  ends.backend.setReady(false);
  ends.backend.receivers = 0;
  ends.backend.setReady(true);
  ends.outbox.offer(metric(ends.clock, 2));
  await ends.clock.advance(10);
  await ends.clock.jump(16 * 60_000);
  ends.outbox.offer(metric(ends.clock, 3));
  await ends.clock.advance(1000);
  ends.backend.receivers = 1;
  await ends.clock.advance(1000);
  assert.deepEqual(metricsOf(ends.backend.received), [
    { sequence: 1, late: false },
    { sequence: 2, late: true },
  ]);
});

Deno.test("what was acknowledged within a second before the link was lost is sent again", async () => {
  await using ends = start();
  ends.backend.setReady(true);
  for (let sequence = 1; sequence <= 5; sequence++) {
    ends.outbox.offer(metric(ends.clock, sequence));
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
    [4, 5].map((sequence) => ({ sequence, late: true })),
    "and no more than once",
  );
});

Deno.test("the end of the server sends nothing again", async () => {
  using folder = temporaryFolder();
  {
    await using ends = start({ spoolFolder: folder.path });
    ends.backend.setReady(true);
    ends.outbox.offer(metric(ends.clock, 1));
    await ends.clock.advance(10);
  }
  await using next = start({ spoolFolder: folder.path });
  next.backend.setReady(true);
  await next.clock.advance(1000);
  assert.deepEqual(next.backend.received, []);
});

Deno.test("what has waited for ten seconds is in the spool, out of a power cut's reach", async () => {
  using folder = temporaryFolder();
  await using ends = start({ spoolFolder: folder.path });
  await ends.clock.advance(0);
  ends.outbox.offer(metric(ends.clock, 1));
  await waitFor("the spool", async () => {
    await ends.clock.advance(1000);
    ends.outbox.offer(metric(ends.clock, 2));
    return [...Deno.readDirSync(`${folder.path}/status`)].some(({ name }) =>
      name.endsWith(".spool")
    );
  });
  assert.equal(ends.dropped("metric"), 0);
});

Deno.test("the replay keeps to its rate", async () => {
  await using ends = start({ replayPerSecond: 100 });
  for (let sequence = 1; sequence <= 1000; sequence++) {
    ends.outbox.offer(metric(ends.clock, sequence));
  }
  ends.backend.setReady(true);
  await ends.clock.advance(5000);
  const late = metricsOf(ends.backend.received).length;
  assert.ok(late >= 480 && late <= 520, `${late} in 5 s`);
});

Deno.test("metrics beyond the memory without a spool give up the oldest, counted", async () => {
  await using ends = start({ memoryBytes: 20_000 });
  for (let sequence = 1; sequence <= 100; sequence++) {
    ends.outbox.offer(metric(ends.clock, sequence));
  }
  ends.backend.setReady(true);
  await ends.clock.advance(5000);
  const sequences = metricsOf(ends.backend.received).map(({ sequence }) => sequence);
  assert.equal(sequences.at(-1), 100);
  assert.equal(ends.dropped("metric"), 100 - sequences.length);
  assert.ok(sequences.length < 20);
});

Deno.test("metrics that waited too long are given up, counted", async () => {
  await using ends = start({ maxMetricAgeMs: 10_000 });
  ends.outbox.offer(metric(ends.clock, 1));
  await ends.clock.advance(8000);
  ends.outbox.offer(metric(ends.clock, 2));
  await ends.clock.advance(4000);
  ends.backend.setReady(true);
  await ends.clock.advance(1000);
  assert.deepEqual(metricsOf(ends.backend.received).map(({ sequence }) => sequence), [2]);
  assert.equal(ends.dropped("metric"), 1);
});

Deno.test("a spool keeps what the memory does not hold, also over the end of the server", async () => {
  using folder = temporaryFolder();
  const options = { memoryBytes: 20_000, spoolFolder: folder.path };
  {
    await using ends = start(options);
    for (let sequence = 1; sequence <= 300; sequence++) {
      ends.outbox.offer(metric(ends.clock, sequence));
      await waitFor("room in memory", () => ends.outbox.queuedBytes < 2000, { pollMs: 1 });
    }
    assert.equal(ends.dropped("metric"), 0);
  }
  await using ends = start(options);
  ends.backend.setReady(true);
  for (let tries = 0; metricsOf(ends.backend.received).length < 300 && tries < 2000; tries++) {
    await ends.clock.advance(100);
  }
  assert.deepEqual(
    metricsOf(ends.backend.received).map(({ sequence }) => sequence),
    Array.from({ length: 300 }, (_, index) => index + 1),
  );
});

type Action =
  | { readonly kind: "metrics" | "frames" | "advance"; readonly count: number }
  | {
    readonly kind: "link" | "arriving" | "acknowledging" | "receivers";
    readonly on: boolean;
  };

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("metrics" as const, "frames" as const, "advance" as const),
    count: fc.integer({ min: 1, max: 8 }),
  }),
  fc.record({
    kind: fc.constantFrom(
      "link" as const,
      "arriving" as const,
      "acknowledging" as const,
      "receivers" as const,
    ),
    on: fc.boolean(),
  }),
);

for (
  const { inOrder, topic, spooled } of [
    { inOrder: false, topic: "status" },
    { inOrder: true, topic: "status" },
    { inOrder: false, topic: "recording_state" },
    { inOrder: false, topic: "status", spooled: true },
    { inOrder: true, topic: "status", spooled: true },
  ] as { inOrder: boolean; topic: "status" | "recording_state"; spooled?: boolean }[]
) {
  const kind = (inOrder ? "that keeps order" : "with subscribers") +
    (spooled ? ", before a spool," : "");
  Deno.test(`random faults of a backend ${kind} lose no ${topic} and mix up none`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
        using folder = temporaryFolder();
        const options = spooled ? { memoryBytes: 20_000, spoolFolder: folder.path } : {};
        await using ends = start(options, new FakeBackend({ inOrder }));
        const { backend, clock, outbox } = ends;
        if (inOrder) backend.receivers = undefined;
        backend.setReady(true);
        let sequence = 0;
        let frames = 0;
        let stalled = false;
        const toNobody = new Set<number>();
        for (const step of actions) {
          if (step.kind === "metrics") {
            for (let i = 0; i < step.count; i++) {
              if (backend.receivers === 0) toNobody.add(sequence + 1);
              outbox.offer(metric(clock, ++sequence, topic));
            }
          } else if (step.kind === "frames") {
            for (let i = 0; i < step.count; i++) outbox.offer(frame(clock, ++frames));
          } else if (step.kind === "advance") await clock.advance(step.count * 100);
          else if (step.kind === "link") backend.setReady(step.on);
          else if (step.kind === "arriving") backend.setArriving(!(stalled = !step.on));
          else if (step.kind === "acknowledging") {
            backend.acknowledging = step.on;
            if (step.on) backend.acknowledge();
          } else if (step.kind === "receivers" && !inOrder && !stalled) {
            backend.receivers = step.on ? 1 : 0;
          }
          // More at once than memory holds would be given up: the disk gets its time.
          if (spooled) await waitBriefly(() => outbox.queuedBytes < 2000);
        }
        if (!inOrder) backend.receivers = 1;
        backend.acknowledging = true;
        backend.setArriving(true);
        backend.setReady(true);
        await clock.advance(10_000);
        const all = () => {
          const sequences = new Set(metricsOf(backend.received).map((one) => one.sequence));
          return sequences.union(toNobody).size === sequence;
        };
        for (let tries = 0; spooled && tries < 100 && !all(); tries++) {
          await clock.advance(500);
          await waitBriefly(all);
        }

        const seen = metricsOf(backend.received);
        const missing = new Set(Array.from({ length: sequence }, (_, index) => index + 1))
          .difference(new Set(seen.map((one) => one.sequence)))
          .difference(toNobody);
        // A disk that is slower than the metrics come costs some, but none that is not counted.
        assert.deepEqual([...missing].slice(ends.dropped("metric")), []);
        const ways = inOrder || topic === "recording_state"
          ? [seen]
          : [seen.filter(({ late }) => late), seen.filter(({ late }) => !late)];
        for (const way of ways) assertInOrder(way.map((one) => one.sequence));
        assertInOrder(framesOf(backend.received));
        assert.equal(new Set(framesOf(backend.sent)).size, framesOf(backend.sent).length);
        assert.ok(framesOf(backend.sent).length + ends.dropped("frame") >= frames, "each is told");
      }),
      { numRuns: spooled ? 40 : 150 },
    );
  });
}

/** Lets files be written, until it is done or does not get on. */
async function waitBriefly(done: () => boolean): Promise<void> {
  for (let tries = 0; tries < 20 && !done(); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** A message whose acknowledgement was lost may come again, with those that followed it. */
function assertInOrder(sequences: readonly number[]): void {
  const firsts = [...new Set(sequences)];
  assert.deepEqual(firsts, firsts.toSorted((a, b) => a - b));
}
