import assert from "node:assert/strict";
import { Outbox, type OutboxOptions } from "../../src/delivery/outbox.ts";
import type { FrameOutgoing, MetricOutgoing, Outgoing } from "../../src/envelopes/message.ts";
import { Counters } from "../../src/telemetry/counters.ts";
import { Health } from "../../src/telemetry/health.ts";
import { type Log, silentLog } from "../../src/telemetry/log.ts";
import { FakeBackend } from "./fake_backend.ts";
import { ManualClock } from "./manual_clock.ts";

/** Starts an outbox in front of a fake backend, on a manual clock. */
export function startFakeOutbox(
  options: OutboxOptions = {},
  backend = new FakeBackend(),
  log: Log = silentLog,
) {
  const clock = new ManualClock();
  const counters = new Counters();
  const health = new Health(clock);
  const outbox = new Outbox(backend, { clock, counters, log, health }, options);
  outbox.start();
  return {
    health,
    backend,
    clock,
    counters,
    outbox,
    /** Number of messages of a class that were dropped, for any reason. */
    dropped: (kind: "metric" | "frame") =>
      counters.all().filter(({ name, labels }) =>
        name === "outbox_dropped_total" && labels.class === kind
      ).reduce((sum, { total }) => sum + total, 0),
    /** Disposes the outbox, which must leave nothing open: no backend and no sleeper. */
    [Symbol.asyncDispose]: async () => {
      await outbox[Symbol.asyncDispose]();
      assert.deepEqual([backend.started, backend.disposed, backend.inFlight], [1, 1, 0]);
      assert.equal(clock.sleepers, 0, "what slept was woken");
    },
  };
}

export type FakeOutbox = ReturnType<typeof startFakeOutbox>;

/** Returns a metric of the current time with a sequence number. */
export function fakeMetric(
  clock: ManualClock,
  sequence: number,
  topic: MetricOutgoing["topic"] = "status",
): MetricOutgoing {
  const timestamp = clock.epochUs(clock.monotonicUs());
  const text = JSON.stringify({ type: topic, timestamp, payload: { sequence } });
  return { kind: "metric", topic, timestamp, bytes: new TextEncoder().encode(text) };
}

/** Returns a frame of 100 bytes, captured now, with a sequence number. */
export function fakeFrame(clock: ManualClock, sequence: number): FrameOutgoing {
  const captureUs = clock.monotonicUs();
  const timestamp = clock.epochUs(captureUs);
  const jpeg = new Uint8Array(100);
  const image = { timestamp, sequence, width: 4, height: 4, jpeg };
  return { kind: "frame", topic: "frame", timestamp, captureUs, image };
}

export interface SentMetric {
  readonly sequence: number;
  readonly replayed: boolean;
}

/** Decodes the metrics among `messages`. */
export function metricsOf(messages: readonly Outgoing[]): SentMetric[] {
  return messages.flatMap((message) => {
    if (message.kind !== "metric") return [];
    const { payload } = JSON.parse(new TextDecoder().decode(message.bytes));
    return [{ sequence: payload.sequence, replayed: payload.metadata?.replayed === true }];
  });
}

/** Returns the sequence numbers of the frames among `messages`. */
export function framesOf(messages: readonly Outgoing[]): number[] {
  return messages.flatMap((message) => message.kind === "frame" ? [message.image.sequence] : []);
}
