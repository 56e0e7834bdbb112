import { isRecord, metadataOf, type ReceivedEnvelope } from "../envelopes/received.ts";
import type { StatusName } from "../vitals/condition/status_table.ts";
import { assessApnea, assessLimit, type Assessment, trustedValue } from "./assess.ts";
import { MAX_GAP_US } from "./dwell.ts";
import type { RuleState } from "./rule_state.ts";

/** Interval at which a device repeats its status, in microseconds: it is not assumed to last longer. */
const STATUS_INTERVAL_US = 5_000_000;

/** What is known of one device. */
export class DeviceState {
  /** When an envelope was last received, on the clock of the engine. */
  heardUs: number;
  states: readonly RuleState[];
  readonly #timestamps = new Map<string, number>();
  #bootId: unknown;
  #subject: unknown;

  constructor(states: readonly RuleState[], heardUs: number) {
    this.states = states;
    this.heardUs = heardUs;
  }

  /** Applies an envelope that is not a replayed one. */
  take(envelope: ReceivedEnvelope, minConfidence: number): void {
    const spanUs = this.#advance(envelope);
    if (spanUs === undefined) return;
    if (envelope.type === "core_metrics") this.#takeMetrics(envelope, { spanUs, minConfidence });
    else if (envelope.type === "status") this.#takeStatus(envelope);
  }

  /** Raises the alarms of statuses and of silence that time alone completes. */
  tick({ engineUs, nowUs }: { readonly engineUs: number; readonly nowUs: number }): void {
    const silentUs = engineUs - this.heardUs;
    const captureUs = Math.max(0, ...this.#timestamps.values()) +
      Math.min(silentUs, STATUS_INTERVAL_US);
    for (const state of this.states) {
      const { rule } = state;
      if (rule.condition === "silent" && silentUs >= rule.afterS * 1e6) {
        state.raise({ since: nowUs - silentUs });
      } else if (rule.condition === "status") raiseStatus(state, rule.dwellS, captureUs);
    }
  }

  /** Records that the device is there. */
  hear(engineUs: number): void {
    this.heardUs = engineUs;
    for (const state of this.states) {
      if (state.rule.condition === "silent") state.end();
    }
  }

  /** Returns the time since the envelope of this type before, or undefined for an older one. */
  #advance(envelope: ReceivedEnvelope): number | undefined {
    const { type, timestamp } = envelope;
    const { boot_id: bootId = this.#bootId, subject = this.#subject } = metadataOf(envelope);
    const last = this.#timestamps.get(type);
    const isRestarted = this.#bootId !== undefined && bootId !== this.#bootId;
    const isSetBack = last !== undefined && last - timestamp > MAX_GAP_US;
    if (isRestarted || isSetBack) this.#restart();
    else if (last !== undefined && timestamp <= last) return undefined;
    // Another person inherits no streak.
    if (this.#subject !== undefined && subject !== this.#subject) this.#restartVitals();
    this.#bootId = bootId;
    this.#subject = subject;
    const previous = this.#timestamps.get(type) ?? timestamp;
    this.#timestamps.set(type, timestamp);
    return timestamp - previous;
  }

  /** After a restart of the device or a step of its clock, times before cannot be compared. */
  #restart(): void {
    this.#timestamps.clear();
    this.#subject = undefined;
    for (const state of this.states) {
      state.dwell.reset();
      state.status = undefined;
    }
  }

  #restartVitals(): void {
    for (const state of this.states) {
      if (state.rule.condition !== "no_trusted_value") state.dwell.reset();
    }
  }

  #takeMetrics(
    { payload, timestamp }: ReceivedEnvelope,
    { spanUs, minConfidence }: { readonly spanUs: number; readonly minConfidence: number },
  ): void {
    for (const state of this.states) {
      const { rule } = state;
      const apply = (assessment: Assessment, seconds: number) =>
        state.apply(assessment, { timestamp, spanUs, dwellUs: seconds * 1e6 });
      if (rule.condition === "limit") {
        const value = trustedValue(payload, { vital: rule.vital, minConfidence });
        apply(assessLimit(rule, value, state.isActive), rule.dwellS);
      } else if (rule.condition === "apnea") apply(assessApnea(payload), rule.dwellS);
      else if (rule.condition === "no_trusted_value") {
        const value = trustedValue(payload, { vital: rule.vital, minConfidence });
        apply({ is: value === undefined ? "outside" : "inside" }, rule.afterS);
      }
    }
  }

  #takeStatus({ payload, timestamp }: ReceivedEnvelope): void {
    if (!isRecord(payload)) return;
    const { name, since } = payload;
    const sinceUs = typeof since === "number" && since >= 0 && since < timestamp
      ? since
      : timestamp;
    for (const state of this.states) {
      const { rule } = state;
      if (rule.condition !== "status") continue;
      if (!rule.statuses.includes(name as StatusName)) state.end();
      else {
        state.status = {
          name: name as StatusName,
          sinceUs: Math.min(sinceUs, state.status?.sinceUs ?? sinceUs),
        };
        raiseStatus(state, rule.dwellS, timestamp);
      }
    }
  }
}

function raiseStatus(state: RuleState, dwellS: number, captureUs: number): void {
  const { status } = state;
  if (!status || captureUs - status.sinceUs < dwellS * 1e6) return;
  state.raise({ since: status.sinceUs, status: status.name });
}
