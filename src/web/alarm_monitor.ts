import type { Alarm, AlarmChange } from "../alarms/alarm.ts";
import { AlarmEngine } from "../alarms/engine.ts";
import { BUILT_IN_RULES } from "../alarms/rules.ts";
import { type Groups, readRulesFile, type RulesFile } from "../alarms/rules_file.ts";
import type { Counters } from "../telemetry/counters.ts";
import type { Log } from "../telemetry/log.ts";
import type { Hub } from "./hub.ts";

/** Interval at which silence and lasting statuses are noticed, in milliseconds. */
const TICK_MS = 1000;

/** The rules of alarms of a page, and the groups of devices that they name. */
export type PageRules = Pick<RulesFile, "rules" | "groups">;

export interface AlarmMonitorOptions {
  readonly hub: Hub;
  readonly rules: PageRules;
  readonly log: Log;
  readonly counters: Counters;
  /** Microseconds since the Unix epoch. @default Date.now */
  readonly nowUs?: () => number;
}

/** Raises alarms from the messages of a hub, publishes the list of them there, and logs changes. */
export class AlarmMonitor implements Disposable {
  readonly #options: AlarmMonitorOptions;
  readonly #engine: AlarmEngine;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #leave: () => void;
  #groups: Groups;
  #isChanged = false;

  constructor(options: AlarmMonitorOptions) {
    const { hub, rules, nowUs = () => Date.now() * 1000 } = this.#options = options;
    this.#engine = new AlarmEngine({ rules: rules.rules, nowUs });
    this.#groups = rules.groups;
    this.#engine.onChange((change) => this.#onChange(change));
    this.#leave = hub.subscribe({
      takeMessage: (message) => {
        this.#engine.take(message.device, message.type, message);
        this.#publish();
      },
      takeNotice: (notice) => {
        if (notice.type !== "gone") return;
        this.#engine.forget(notice.device);
        this.#publish();
      },
    });
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    hub.setAlarms(this.#engine.alarms);
  }

  get groups(): Groups {
    return this.#groups;
  }

  /** Acknowledges all alarms, those of one device, or one alarm; returns those that remain. */
  acknowledge(target?: { readonly device: string; readonly rule?: string }): readonly Alarm[] {
    this.#engine.acknowledge(target);
    this.#publish();
    return this.#engine.alarms;
  }

  /** Uses other rules from now on. */
  setRules({ rules, groups }: PageRules): void {
    this.#engine.setRules(rules);
    this.#groups = groups;
    this.#publish();
  }

  #tick(): void {
    // Without its broker, a device is not known to be silent.
    if (this.#options.hub.connected) this.#engine.tick();
    this.#publish();
  }

  #onChange({ kind, alarm }: AlarmChange): void {
    const { log, counters } = this.#options;
    const { device, rule, priority, message } = alarm;
    this.#isChanged = true;
    counters.add("alarm_changes_total", { change: kind, priority });
    log.info(`Alarm ${kind}: ${message}`, { device, rule, priority });
  }

  /** Publishes the list once, however many alarms have changed. */
  #publish(): void {
    if (this.#isChanged) this.#options.hub.setAlarms(this.#engine.alarms);
    this.#isChanged = false;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#leave();
  }
}

/**
 * Returns the rules of a file, or without one the built-in rule: a device that is silent.
 *
 * @throws {ConfigError} if the file cannot be used
 */
export function readAlarmRules(
  { rulesPath }: { readonly rulesPath?: string | undefined },
): PageRules {
  return rulesPath === undefined
    ? { rules: BUILT_IN_RULES, groups: new Map() }
    : readRulesFile(rulesPath);
}
