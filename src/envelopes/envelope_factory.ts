import type { VitalsEstimate } from "../vitals/estimate.ts";
import { STATUS_TABLE } from "../vitals/condition/status_table.ts";
import { coreMetricsPayload } from "./core_metrics.ts";
import { EdgeMetrics, type EdgeObservation } from "./edge_metrics.ts";
import type { Envelope, RecordingStatePayload, Topic } from "./envelope.ts";
import { Stamps } from "./stamps.ts";
import type { DueStatus } from "./status.ts";
import type { ToEpoch } from "./series.ts";

type EnvelopeOf<T extends Topic> = Extract<Envelope, { type: T }>;

/** The clocks as the envelopes needs them. */
export interface EnvelopeClock {
  monotonicUs(): number;
  epochUs(monotonicUs: number): number;
}

/**
 * Writes the envelopes of one run of the program: stamps them, counts each type, names the run.
 */
export class EnvelopeFactory {
  readonly #clock: EnvelopeClock;
  readonly #bootId: string;
  readonly #stamps = new Stamps();
  readonly #edge = new EdgeMetrics();
  readonly #sequences = new Map<Topic, number>();
  readonly #toEpoch: ToEpoch;

  constructor(clock: EnvelopeClock, bootId: string = crypto.randomUUID()) {
    this.#clock = clock;
    this.#bootId = bootId;
    this.#toEpoch = (timeUs) => clock.epochUs(timeUs);
  }

  /** @param ofUs the moment that the message is about: that of its newest frame, where there is one. */
  coreMetrics(estimate: VitalsEstimate, ofUs: number): EnvelopeOf<"core_metrics"> {
    const identity = this.#identity("core_metrics");
    return {
      type: "core_metrics",
      timestamp: this.#stamp("core_metrics", ofUs),
      payload: coreMetricsPayload(estimate, {
        ...identity,
        toEpoch: this.#toEpoch,
        nowUs: this.#clock.monotonicUs(),
      }),
    };
  }

  edgeMetrics(observation: EdgeObservation): EnvelopeOf<"edge_metrics"> {
    const identity = this.#identity("edge_metrics");
    return {
      type: "edge_metrics",
      timestamp: this.#stamp("edge_metrics", observation.sample.timeUs),
      payload: this.#edge.payload(observation, { ...identity, toEpoch: this.#toEpoch }),
    };
  }

  status(
    { name, detail, sinceUs }: DueStatus,
    { recording, session_id }: RecordingStatePayload,
  ): EnvelopeOf<"status"> {
    const { code, message, hint } = STATUS_TABLE[name];
    return {
      type: "status",
      timestamp: this.#stamp("status", this.#clock.monotonicUs()),
      payload: {
        code,
        name,
        message: detail ? `${message} ${detail}` : message,
        hint,
        since: this.#toEpoch(sinceUs),
        sequence: this.#count("status"),
        recording,
        ...session_id === undefined ? {} : { session_id },
      },
    };
  }

  recordingState(payload: RecordingStatePayload): EnvelopeOf<"recording_state"> {
    const timestamp = this.#stamp("recording_state", this.#clock.monotonicUs());
    return { type: "recording_state", timestamp, payload };
  }

  /** Stamp and number of a frame captured at `captureUs`. */
  frame(captureUs: number): { timestamp: number; sequence: number } {
    return { timestamp: this.#stamp("frame", captureUs), sequence: this.#count("frame") };
  }

  #stamp(topic: Topic, monotonicUs: number): number {
    return this.#stamps.next(topic, this.#clock.epochUs(monotonicUs));
  }

  #identity(topic: Topic): { sequence: number; bootId: string } {
    return { sequence: this.#count(topic), bootId: this.#bootId };
  }

  #count(topic: Topic): number {
    const sequence = this.#sequences.get(topic) ?? 0;
    this.#sequences.set(topic, sequence + 1);
    return sequence;
  }
}
