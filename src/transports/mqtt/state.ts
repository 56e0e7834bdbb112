import type { MonotonicUs } from "../../base/time.ts";
import type { Envelope } from "../../envelopes/envelope.ts";
import type { CoreMetricsPayload } from "../../envelopes/fields/core_metrics.ts";

/** The flat JSON of the topic `state`; a value that does not exist has no key. */
export interface DeviceState {
  /** In beats/min. */
  readonly pulse?: number;
  /** Probability from 0 to 1. */
  readonly pulse_confidence?: number;
  /** In breaths/min. */
  readonly breathing?: number;
  /** Probability from 0 to 1. */
  readonly breathing_confidence?: number;
  /** Why there is no pulse. */
  readonly withheld_pulse?: string;
  /** Why there is no breathing rate. */
  readonly withheld_breathing?: string;
  /** Capture time of the metrics, in microseconds since the Unix epoch. */
  readonly timestamp?: number;
  /** Name of the last status. */
  readonly status?: string;
  readonly recording?: boolean;
}

/** Time after an expected message of core metrics at which its values are dropped. Chosen. */
const LATE_US = 2_000_000;

/** Collects the newest values of the envelopes. */
export class StateBuilder {
  readonly #maxAgeUs: number;
  #metrics: { readonly values: DeviceState; readonly receivedUs: MonotonicUs } | undefined;
  #status: string | undefined;
  #recording: boolean | undefined;

  /** @param bufferDurationS seconds between two messages of core metrics */
  constructor({ bufferDurationS }: { readonly bufferDurationS: number }) {
    this.#maxAgeUs = bufferDurationS * 1e6 + LATE_US;
  }

  /** Takes an envelope that was published at `nowUs`. */
  take(envelope: Envelope, nowUs: MonotonicUs): void {
    switch (envelope.type) {
      case "core_metrics": {
        const { timestamp, payload } = envelope;
        this.#metrics = { values: { ...vitalsOf(payload), timestamp }, receivedUs: nowUs };
        break;
      }
      case "status":
        this.#status = envelope.payload.name;
        break;
      case "recording_state":
        this.#recording = envelope.payload.recording;
        break;
    }
  }

  /**
   * Returns the state at `nowUs`. Metrics are left out when the next message is 2 s late, so that no
   * value is repeated while nothing is measured.
   */
  at(nowUs: MonotonicUs): DeviceState {
    const metrics = this.#metrics;
    const isFresh = metrics !== undefined && nowUs - metrics.receivedUs <= this.#maxAgeUs;
    return {
      ...isFresh ? metrics.values : {},
      ...this.#status === undefined ? {} : { status: this.#status },
      ...this.#recording === undefined ? {} : { recording: this.#recording },
    };
  }
}

function vitalsOf({ pulse, breathing, withheld }: CoreMetricsPayload): DeviceState {
  return {
    ...pulse?.strict && {
      pulse: pulse.strict.value,
      pulse_confidence: pulse.strict.confidence,
    },
    ...breathing?.strict && {
      breathing: breathing.strict.value,
      breathing_confidence: breathing.strict.confidence,
    },
    ...withheld?.pulse === undefined ? {} : { withheld_pulse: withheld.pulse },
    ...withheld?.breathing === undefined ? {} : { withheld_breathing: withheld.breathing },
  };
}
