import assert from "node:assert/strict";
import fc from "fast-check";
import { FakeBackend } from "../../support/fake_backend.ts";
import {
  fakeFrame,
  fakeMetric,
  framesOf,
  metricsOf,
  startFakeOutbox,
} from "../../support/fake_outbox.ts";
import { temporaryFolder } from "../../support/folders.ts";

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

/** Sequences that once failed. */
const KNOWN_FAULTS: Action[][] = [[
  // A link that is back before the loss of a metric in flight was processed.
  { kind: "arriving", on: false },
  { kind: "metrics", count: 1 },
  { kind: "link", on: false },
  { kind: "link", on: true },
  { kind: "metrics", count: 1 },
], [
  // A metric that was acknowledged without a receiver, before a subscriber and the loss of the link.
  { kind: "receivers", on: false },
  { kind: "metrics", count: 1 },
  { kind: "receivers", on: true },
  { kind: "metrics", count: 1 },
  { kind: "link", on: false },
  { kind: "metrics", count: 1 },
]];

for (
  const { inOrder, topic, spooled } of [
    { inOrder: false, topic: "status" },
    { inOrder: true, topic: "status" },
    { inOrder: false, topic: "recording_state" },
    { inOrder: false, topic: "status", spooled: true },
    { inOrder: true, topic: "status", spooled: true },
    { inOrder: false, topic: "recording_state", spooled: true },
  ] as { inOrder: boolean; topic: "status" | "recording_state"; spooled?: boolean }[]
) {
  const backendKind = (inOrder ? "a backend that requires order" : "a backend with subscribers") +
    (spooled ? " and a spool" : "");
  Deno.test(`Outbox loses and reorders no ${topic} under random faults of ${backendKind}`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
        using folder = temporaryFolder();
        const options = spooled ? { memoryBytes: 20_000, spoolFolder: folder.path } : {};
        await using ends = startFakeOutbox(options, new FakeBackend({ inOrder }));
        const { backend, clock, outbox } = ends;
        if (inOrder) backend.receivers = undefined;
        backend.setReady(true);
        let sequence = 0;
        let frames = 0;
        let stalled = false;
        const withoutReceiver = new Set<number>();
        for (const step of actions) {
          if (step.kind === "metrics") {
            for (let i = 0; i < step.count; i++) {
              if (backend.receivers === 0) withoutReceiver.add(sequence + 1);
              outbox.offer(fakeMetric(clock, ++sequence, topic));
            }
          } else if (step.kind === "frames") {
            for (let i = 0; i < step.count; i++) {
              // A frame that no client receives is neither sent nor counted.
              const isIgnored = backend.ready && !outbox.framesWanted;
              if (!isIgnored) outbox.offer(fakeFrame(clock, ++frames));
            }
          } else if (step.kind === "advance") await clock.advance(step.count * 100);
          else if (step.kind === "link") {
            // A reply is an event before the loss of the link, and is processed before it.
            if (!step.on) await clock.advance(0);
            backend.setReady(step.on);
          } else if (step.kind === "arriving") backend.setArriving(!(stalled = !step.on));
          else if (step.kind === "acknowledging") {
            backend.acknowledging = step.on;
            if (step.on) backend.acknowledge();
          } else if (step.kind === "receivers" && !inOrder && !stalled) {
            backend.receivers = step.on ? 1 : 0;
          }
          // Gives the disk time: metrics over the memory limit would be dropped.
          if (spooled) await waitBriefly(() => outbox.queuedBytes < 2000);
        }
        if (!inOrder) backend.receivers = 1;
        backend.acknowledging = true;
        backend.setArriving(true);
        backend.setReady(true);
        await clock.advance(10_000);
        const isComplete = () => {
          const sequences = new Set(metricsOf(backend.received).map((metric) => metric.sequence));
          return sequences.union(withoutReceiver).size === sequence;
        };
        for (let tries = 0; spooled && tries < 100 && !isComplete(); tries++) {
          await clock.advance(500);
          await waitBriefly(isComplete);
        }

        const received = metricsOf(backend.received);
        const missing = new Set(Array.from({ length: sequence }, (_, index) => index + 1))
          .difference(new Set(received.map((metric) => metric.sequence)))
          .difference(withoutReceiver);
        // A disk that is slower than the metrics costs some of them: each must be counted.
        assert.deepEqual([...missing].slice(ends.dropped("metric")), []);
        const sequences = inOrder || topic === "recording_state" ? [received] : [
          received.filter(({ replayed }) => replayed),
          received.filter(({ replayed }) => !replayed),
        ];
        for (const metrics of sequences) assertInOrder(metrics.map((metric) => metric.sequence));
        assertInOrder(framesOf(backend.received));
        assert.equal(new Set(framesOf(backend.sent)).size, framesOf(backend.sent).length);
        assert.ok(
          framesOf(backend.sent).length + ends.dropped("frame") >= frames,
          "each is counted",
        );
      }),
      {
        numRuns: Number(Deno.env.get("TEST_RUNS") ?? (spooled ? 40 : 150)),
        examples: KNOWN_FAULTS.map((actions) => [actions]),
      },
    );
  });
}

/** Gives file operations up to 20 ms, or until `done`. */
async function waitBriefly(done: () => boolean): Promise<void> {
  for (let tries = 0; tries < 20 && !done(); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Asserts the order of first arrivals: messages may be repeated after a lost acknowledgement. */
function assertInOrder(sequences: readonly number[]): void {
  const firsts = [...new Set(sequences)];
  assert.deepEqual(firsts, firsts.toSorted((a, b) => a - b));
}
