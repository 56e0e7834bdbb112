import type { Strict } from "./envelopes.ts";
import type { EnvelopeEvent, FrameEvent, MetricEvent } from "./events.ts";

/** Silence after which the values of a device are not shown any more, in milliseconds. */
export const STALE_AFTER_MS = 5000;

/** Options of a `DeviceState`. */
export interface DeviceStateOptions {
  /** Silence after which values are not shown any more, in milliseconds. @default 5000 */
  readonly staleAfterMs?: number;
  /** Monotonic time in milliseconds. @default performance.now */
  readonly now?: () => number;
}

/**
 * The newest message of each type of one device, and whether its values are still valid. A value
 * that was measured before this client connected is stale until the device sends the next one.
 */
export class DeviceState {
  core_metrics: EnvelopeEvent<"core_metrics"> | undefined;
  edge_metrics: EnvelopeEvent<"edge_metrics"> | undefined;
  status: EnvelopeEvent<"status"> | undefined;
  recording_state: EnvelopeEvent<"recording_state"> | undefined;
  frame: FrameEvent | undefined;
  readonly #staleAfterMs: number;
  readonly #now: () => number;
  /** When `core_metrics` arrived; undefined if it was late. */
  #arrivedMs: number | undefined;

  constructor(
    { staleAfterMs = STALE_AFTER_MS, now = () => performance.now() }: DeviceStateOptions = {},
  ) {
    this.#staleAfterMs = staleAfterMs;
    this.#now = now;
  }

  /** Time since the newest core metrics arrived; undefined before the first. */
  get ageMs(): number | undefined {
    return this.#arrivedMs === undefined ? undefined : this.#now() - this.#arrivedMs;
  }

  /** True before the first core metrics, and when the device is silent. */
  get isStale(): boolean {
    return !((this.ageMs ?? Infinity) <= this.#staleAfterMs);
  }

  /** The pulse to show to a person, in beats/min; undefined while it is withheld or stale. */
  get pulse(): Strict | undefined {
    return this.isStale ? undefined : this.core_metrics?.payload.pulse?.strict;
  }

  /** The breathing rate to show to a person, in breaths/min; undefined while withheld or stale. */
  get breathing(): Strict | undefined {
    return this.isStale ? undefined : this.core_metrics?.payload.breathing?.strict;
  }

  /** Whether a session is recorded, by the newer of recording state and status. */
  get recording(): boolean | undefined {
    const { recording_state: state, status } = this;
    const isNewer = (state?.timestamp ?? -1) >= (status?.timestamp ?? -1);
    return (isNewer ? state : status)?.payload.recording;
  }

  /** Why a value is absent: "stale" or a reason of the server; undefined if it is present. */
  reason(vital: "pulse" | "breathing"): string | undefined {
    return this.isStale ? "stale" : this.core_metrics?.payload.withheld?.[vital];
  }

  /** Keeps a message; one that is late replaces only older ones. */
  take(event: FrameEvent | MetricEvent): void {
    const late = event.type !== "frame" && event.late;
    const before = this[event.type];
    if (late && before && before.timestamp >= event.timestamp) return;
    Object.assign(this, { [event.type]: event });
    if (event.type === "core_metrics") this.#arrivedMs = late ? undefined : this.#now();
  }
}
