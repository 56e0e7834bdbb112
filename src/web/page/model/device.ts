import { recordOf, strictOf } from "../../../envelopes/received.ts";
import type { EnvelopeMessage } from "../protocol.ts";
import { WaveformBuffer } from "./waveform.ts";

/** Age above which values are no longer shown, in milliseconds. */
const STALE_MS = 3000;
/** Time without a message after which a device is silent (status repeats every 5 s), in milliseconds. */
const SILENT_MS = 8000;
/** If two boot ids are seen within this time, two servers publish with one prefix, in milliseconds. */
const DUPLICATE_MS = 1000;
/** Frame rates are measured over at least this time, in microseconds. */
const RATE_SPAN_US = 2e6;

export type VitalName = "pulse" | "breathing";
export const VITALS: readonly VitalName[] = ["pulse", "breathing"];

/** A vital sign as published last. */
export interface Vital {
  readonly value?: number;
  readonly confidence?: number;
  /** Why there is no value. */
  readonly withheld?: string;
}

/** State of a device at a time. */
export interface DeviceView {
  readonly name: string;
  readonly silent: boolean;
  /** No metrics for 3 s. */
  readonly stale: boolean;
  /** Two servers publish under this name. */
  readonly duplicate: boolean;
  /** Time since the last message, in milliseconds. */
  readonly agoMs: number;
  /** Time since the last metrics, in milliseconds; infinite before the first. */
  readonly metricsAgoMs: number;
  readonly pulse: Vital;
  readonly breathing: Vital;
  readonly apnea: boolean;
  /** The values come from the simulated camera. */
  readonly simulated: boolean;
  readonly status?: { readonly name: string; readonly message: string };
  /** Undefined until the first status or recording state. */
  readonly recording?: boolean;
  readonly session?: string;
  readonly fps?: number;
  readonly latencyMs?: number;
}

/** The newest messages of a device. All times are of the page's monotonic clock. */
export class Device {
  readonly name: string;
  readonly waveforms: Readonly<Record<VitalName, WaveformBuffer>> = {
    pulse: new WaveformBuffer(),
    breathing: new WaveformBuffer(),
  };
  #heardMs = -Infinity;
  #metricsMs = -Infinity;
  readonly #boots = new Map<unknown, number>();
  #vitals: Readonly<Record<VitalName, Vital>> = { pulse: {}, breathing: {} };
  #apnea = false;
  #simulated = false;
  #status: DeviceView["status"];
  #recording: boolean | undefined;
  #session: string | undefined;
  #latencyMs: number | undefined;
  #fps: number | undefined;
  #rateStart: { readonly count: number; readonly us: number } | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** Takes an envelope; a publisher may have sent anything, so each value is checked. */
  take({ type, payload, timestamp }: EnvelopeMessage, nowMs: number): void {
    this.#heardMs = nowMs;
    const fields = payload as unknown as Fields;
    if (type === "core_metrics") this.#takeMetrics(fields, { nowMs, timestamp });
    if (type === "status" && typeof fields["name"] === "string") {
      this.#status = { name: fields["name"], message: textOf(fields["message"]) ?? "" };
    }
    if (type === "status" || type === "recording_state") {
      if (typeof fields["recording"] !== "boolean") return;
      this.#recording = fields["recording"];
      this.#session = this.#recording ? textOf(fields["session_id"]) : undefined;
    }
  }

  /** Sets the age of the latest state that the server sent at the start. */
  setHeard(agoMs: number, nowMs: number): void {
    this.#heardMs = nowMs - agoMs;
    this.#metricsMs = Math.min(this.#metricsMs, this.#heardMs);
  }

  /** Returns the state at a time. `isConnected`: whether the server and Redis are reachable. */
  view(nowMs: number, { isConnected = true } = {}): DeviceView {
    const agoMs = nowMs - this.#heardMs;
    const metricsAgoMs = nowMs - this.#metricsMs;
    const stale = metricsAgoMs > STALE_MS;
    // If metrics were flowing, or the connection is lost, do not wait for the status.
    const hadMetrics = this.#heardMs - this.#metricsMs < STALE_MS;
    const silent = agoMs > (hadMetrics || !isConnected ? STALE_MS : SILENT_MS);
    const boots = [...this.#boots.values()].filter((seenMs) => nowMs - seenMs < DUPLICATE_MS);
    const duplicate = boots.length > 1;
    const hasValues = !stale && !duplicate;
    return {
      name: this.name,
      silent,
      stale,
      duplicate,
      agoMs,
      metricsAgoMs,
      pulse: hasValues ? this.#vitals.pulse : {},
      breathing: hasValues ? this.#vitals.breathing : {},
      apnea: hasValues && this.#apnea,
      simulated: this.#simulated,
      ...defined({
        status: this.#status,
        recording: this.#recording,
        session: this.#session,
        fps: this.#fps,
        latencyMs: this.#latencyMs,
      }),
    };
  }

  #takeMetrics(
    payload: Fields,
    { nowMs, timestamp }: { readonly nowMs: number; readonly timestamp: number },
  ): void {
    this.#metricsMs = nowMs;
    const metadata = recordOf(payload["metadata"]);
    this.#latencyMs = numberOf(metadata["latency_ms"]);
    this.#simulated = metadata["simulated"] === true;
    this.#boots.set(metadata["boot_id"], nowMs);
    for (const [boot, seenMs] of this.#boots) {
      if (nowMs - seenMs > DUPLICATE_MS) this.#boots.delete(boot);
    }
    this.#measureRate(numberOf(metadata["frame_count"]), timestamp);
    const withheld = recordOf(payload["withheld"]);
    const vitalOf = (name: VitalName): Vital => {
      const strict = strictOf(payload, name);
      const value = numberOf(strict["value"]);
      return value === undefined
        ? { withheld: textOf(withheld[name]) ?? "low_quality" }
        : { value, ...defined({ confidence: numberOf(strict["confidence"]) }) };
    };
    this.#vitals = { pulse: vitalOf("pulse"), breathing: vitalOf("breathing") };
    this.waveforms.pulse.add(recordOf(payload["pulse"])["trace"], nowMs);
    this.waveforms.breathing.add(recordOf(payload["breathing"])["upper_trace"], nowMs);
    const apnea = recordOf(payload["breathing"])["apnea"];
    if (Array.isArray(apnea) && apnea.length > 0) this.#apnea = apnea.at(-1)?.detected === true;
  }

  /** Frames per second, from the count of frames in two messages. */
  #measureRate(count: number | undefined, us: number): void {
    const start = this.#rateStart;
    if (count === undefined) return;
    if (!start || count < start.count || us < start.us) {
      this.#rateStart = { count, us };
      this.#fps = undefined;
    } else if (us - start.us >= RATE_SPAN_US) {
      this.#fps = (count - start.count) / ((us - start.us) / 1e6);
      this.#rateStart = { count, us };
    }
  }
}

type Fields = Readonly<Record<string, unknown>>;

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** Maximum length of a text that a publisher chooses. */
const MAX_TEXT = 200;

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value.slice(0, MAX_TEXT) : undefined;
}

/** Removes keys without a value, which `exactOptionalPropertyTypes` requires. */
function defined<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as { [K in keyof T]?: NonNullable<T[K]> };
}
