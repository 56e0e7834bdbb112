import type { EpochUs, MonotonicUs } from "../base/time.ts";
import { STATUS_TABLE } from "../vitals/condition/status_table.ts";
import type { VitalsEstimate } from "../vitals/estimate.ts";
import { EdgeMetricsBuilder, type EdgeObservation } from "./edge_metrics.ts";
import { encoderOf } from "./encode.ts";
import type { Envelope } from "./envelope.ts";
import {
  CORE_METRICS,
  type CoreMetricsPayload,
  type CoreMetricsSource,
} from "./fields/core_metrics.ts";
import {
  EDGE_METRICS,
  type EdgeMetricsPayload,
  type EdgeMetricsSource,
} from "./fields/edge_metrics.ts";
import type { ToEpoch } from "./fields/field.ts";
import type { MessageIdentity } from "./fields/metadata.ts";
import type { RecordingStatePayload } from "./fields/state.ts";
import type { Topic } from "./fields/table.ts";
import type { DueStatus } from "./status.ts";
import { Timestamps } from "./timestamps.ts";

type EnvelopeOf<T extends Topic> = Extract<Envelope, { type: T }>;

/** The clocks that the factory needs. */
export interface EnvelopeClock {
  monotonicUs(): MonotonicUs;
  epochUs(time: MonotonicUs): EpochUs;
}

export interface EnvelopeFactoryOptions {
  /** Identifies the start of the server. @default a random one */
  readonly bootId?: string;
  /** Mark the metrics as those of the simulated camera. @default false */
  readonly simulated?: boolean;
}

const encodeCoreMetrics = encoderOf<CoreMetricsSource, CoreMetricsPayload>(CORE_METRICS);
const encodeEdgeMetrics = encoderOf<EdgeMetricsSource, EdgeMetricsPayload>(EDGE_METRICS);

/**
 * Makes the envelopes of one run of the program: timestamps, sequence numbers, boot id, and the
 * session of each message.
 */
export class EnvelopeFactory {
  readonly #clock: EnvelopeClock;
  readonly #bootId: string;
  readonly #simulated: boolean;
  readonly #timestamps = new Timestamps();
  readonly #edge = new EdgeMetricsBuilder();
  readonly #sequences = new Map<Topic, number>();
  readonly #toEpoch: ToEpoch;
  /** The sessions since the last change of the recording state, and before it. */
  #session: { readonly sinceUs: number; readonly id?: string; readonly previousId?: string } = {
    sinceUs: -Infinity,
  };

  constructor(
    clock: EnvelopeClock,
    { bootId = crypto.randomUUID(), simulated = false }: EnvelopeFactoryOptions = {},
  ) {
    this.#clock = clock;
    this.#bootId = bootId;
    this.#simulated = simulated;
    this.#toEpoch = (timeUs) => clock.epochUs(timeUs);
  }

  /** @param atUs Time that the message describes: the newest frame's, if there is one. */
  coreMetrics(estimate: VitalsEstimate, atUs: MonotonicUs): EnvelopeOf<"core_metrics"> {
    const identity = this.#identity("core_metrics", atUs);
    const timestamp = this.#timestamp("core_metrics", atUs);
    const latencyUs = Math.max(0, this.#clock.monotonicUs() - estimate.timeUs);
    const payload = encodeCoreMetrics({ estimate, identity, latencyUs }, this.#toEpoch);
    if (!payload) throw new RangeError("Cannot encode core metrics: the metadata are incomplete");
    return { type: "core_metrics", timestamp, payload };
  }

  edgeMetrics(observation: EdgeObservation): EnvelopeOf<"edge_metrics"> {
    const identity = this.#identity("edge_metrics", observation.sample.timeUs);
    const timestamp = this.#timestamp("edge_metrics", observation.sample.timeUs);
    const source = { ...this.#edge.source(observation), identity };
    const payload = encodeEdgeMetrics(source, this.#toEpoch);
    if (!payload) throw new RangeError("Cannot encode edge metrics: the signal is incomplete");
    return { type: "edge_metrics", timestamp, payload };
  }

  status(
    { name, detail, sinceUs }: DueStatus,
    { recording, session_id }: RecordingStatePayload,
  ): EnvelopeOf<"status"> {
    const { code, message, hint } = STATUS_TABLE[name];
    return {
      type: "status",
      timestamp: this.#timestamp("status", this.#clock.monotonicUs()),
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
    const nowUs = this.#clock.monotonicUs();
    const timestamp = this.#timestamp("recording_state", nowUs);
    const { session_id: id } = payload;
    const { id: previousId } = this.#session;
    this.#session = {
      sinceUs: nowUs,
      ...id === undefined ? {} : { id },
      ...previousId === undefined ? {} : { previousId },
    };
    return { type: "recording_state", timestamp, payload };
  }

  /** Timestamp and sequence number of a frame captured at `captureUs`. */
  frame(captureUs: MonotonicUs): { timestamp: EpochUs; sequence: number } {
    return { timestamp: this.#timestamp("frame", captureUs), sequence: this.#count("frame") };
  }

  #timestamp(topic: Topic, time: MonotonicUs): EpochUs {
    return this.#timestamps.next(topic, this.#clock.epochUs(time));
  }

  #identity(topic: Topic, atUs: MonotonicUs): MessageIdentity {
    const { sinceUs, id, previousId } = this.#session;
    const sessionId = atUs < sinceUs ? previousId : id;
    return {
      sequence: this.#count(topic),
      bootId: this.#bootId,
      ...sessionId === undefined ? {} : { sessionId },
      ...this.#simulated ? { simulated: true } : {},
    };
  }

  #count(topic: Topic): number {
    const sequence = this.#sequences.get(topic) ?? 0;
    this.#sequences.set(topic, sequence + 1);
    return sequence;
  }
}
