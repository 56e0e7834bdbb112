import { isPattern, matchesGlob } from "../base/glob.ts";
import type { Topic } from "../envelopes/envelope.ts";
import { isReplayed, type ReceivedEnvelope } from "../envelopes/received.ts";
import { type Alarm, type AlarmChange, compareAlarms } from "./alarm.ts";
import { DeviceState } from "./device_state.ts";
import { RuleState } from "./rule_state.ts";
import type { AlarmRule, AlarmRules } from "./rules.ts";

/** Most devices that are followed; any publisher can choose names. */
const MAX_DEVICES = 1024;
/**
 * Longest time between two calls that counts as silence, in microseconds. After the process was
 * suspended, or its clock was set forward, devices are not silent.
 */
const MAX_STEP_US = 2_000_000;

export interface AlarmEngineOptions {
  readonly rules: AlarmRules;
  /** The present time in microseconds since the Unix epoch. */
  readonly nowUs: () => number;
}

type ChangeListener = (change: AlarmChange) => void;

/**
 * Raises and ends alarms by rules, from the envelopes of any number of devices.
 *
 * - A value outside a limit raises an alarm after the dwell of its rule, which is measured on capture
 *   time. Withheld values neither count nor start it again, for up to 10 s; a known value inside does.
 * - A value that is inside by the hysteresis ends it; it is latched until it is acknowledged.
 * - Replayed envelopes are ignored. After a restart of a device or a step of its clock, what lasts
 *   starts again; active alarms stay.
 *
 * @example
 * ```ts
 * const engine = new AlarmEngine({ rules, nowUs: () => Date.now() * 1000 });
 * engine.onChange(({ kind, alarm }) => console.log(kind, alarm.device, alarm.message));
 * engine.take("bed-1", "core_metrics", envelope);
 * setInterval(() => engine.tick(), 1000);
 * ```
 */
export class AlarmEngine {
  readonly #nowUs: () => number;
  readonly #devices = new Map<string, DeviceState>();
  readonly #listeners = new Set<ChangeListener>();
  #rules: AlarmRules;
  #alarms: readonly Alarm[] | undefined;
  #lastUs: number;
  /** Time since the start without the time that the process was suspended. */
  #engineUs = 0;

  constructor({ rules, nowUs }: AlarmEngineOptions) {
    this.#rules = rules;
    this.#nowUs = nowUs;
    this.#lastUs = nowUs();
    this.#expectNamedDevices();
  }

  /** The alarms, sorted by priority, then by the time of their beginning. */
  get alarms(): readonly Alarm[] {
    return this.#alarms ??= [...this.#devices.values()]
      .flatMap(({ states }) => states.flatMap(({ alarm }) => alarm ?? []))
      .sort(compareAlarms);
  }

  /** Takes an envelope of a device; its payload can hold anything. */
  take(device: string, topic: Topic, envelope: ReceivedEnvelope): void {
    if (envelope.type !== topic || isReplayed(envelope)) return;
    this.#advance();
    const state = this.#devices.get(device) ?? this.#add(device);
    if (!state) return;
    state.hear(this.#engineUs);
    state.take(envelope, this.#rules.minConfidence);
  }

  /**
   * Raises what time alone completes: silence, and statuses that last. To be called once a second
   * while envelopes can arrive; without a connection, a device is not known to be silent.
   */
  tick(): void {
    this.#advance();
    for (const state of this.#devices.values()) {
      state.tick({ engineUs: this.#engineUs, nowUs: this.#lastUs });
    }
  }

  /** Acknowledges every alarm, those of one device, or one alarm. */
  acknowledge(target?: { readonly device: string; readonly rule?: string }): void {
    for (const [device, { states }] of this.#devices) {
      if (target && target.device !== device) continue;
      for (const state of states) {
        if (target?.rule === undefined || target.rule === state.rule.name) {
          state.acknowledge(this.#nowUs());
        }
      }
    }
  }

  /** Forgets a device that was dismissed, with its alarms, until it is heard again. */
  forget(device: string): void {
    const state = this.#devices.get(device);
    this.#devices.delete(device);
    for (const each of state?.states ?? []) each.remove();
  }

  /** Uses other rules from now on: what a rule that has not changed has measured and raised stays. */
  setRules(rules: AlarmRules): void {
    this.#rules = rules;
    for (const [device, state] of this.#devices) {
      const before = state.states;
      state.states = this.#statesOf(device, before);
      for (const each of before) {
        if (!state.states.includes(each)) each.remove();
      }
    }
    this.#expectNamedDevices();
  }

  /** Calls `listener` after each change; returns a function that removes it. */
  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #advance(): void {
    const nowUs = this.#nowUs();
    this.#engineUs += Math.min(Math.max(nowUs - this.#lastUs, 0), MAX_STEP_US);
    this.#lastUs = nowUs;
  }

  /** A device that a rule for silence names need not have been heard before. */
  #expectNamedDevices(): void {
    const named = this.#rules.rules.filter(({ condition }) => condition === "silent")
      .flatMap(({ devices }) => devices.filter((device) => !isPattern(device)));
    for (const device of named) {
      if (!this.#devices.has(device)) this.#add(device);
    }
  }

  #add(device: string): DeviceState | undefined {
    if (this.#devices.size >= MAX_DEVICES) return undefined;
    const state = new DeviceState(this.#statesOf(device), this.#engineUs);
    this.#devices.set(device, state);
    return state;
  }

  #statesOf(device: string, before: readonly RuleState[] = []): readonly RuleState[] {
    return this.#rules.rules
      .filter(({ devices }) => devices.some((pattern) => matchesGlob(pattern, device)))
      .map((rule) =>
        before.find((state) => isSameRule(state.rule, rule)) ??
          new RuleState(device, rule, (change) => this.#emit(change))
      );
  }

  #emit(change: AlarmChange): void {
    this.#alarms = undefined;
    for (const listener of [...this.#listeners]) listener(change);
  }
}

function isSameRule(a: AlarmRule, b: AlarmRule): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
