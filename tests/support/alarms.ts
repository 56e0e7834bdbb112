import { AlarmEngine } from "../../src/alarms/engine.ts";
import { parseRules } from "../../src/alarms/rules_file.ts";
import type { ReceivedEnvelope } from "../../src/envelopes/received.ts";

export const ALARM_START_US = 1_767_225_600_000_000;

/** A rule without a dwell. */
export const PULSE_HIGH = {
  name: "high",
  vital: "pulse",
  above: 120,
  priority: "high",
  dwell_s: 0,
};

export interface MetricsOf {
  readonly pulse?: number;
  readonly confidence?: number;
  readonly breathing?: number;
  readonly apnea?: { readonly detected: boolean; readonly stable: boolean };
  readonly bootId?: string;
  readonly subject?: number;
  readonly replayed?: boolean;
}

/** Core metrics with a few values; a value that is not given is withheld. */
export function metricsAt(timestamp: number, values: MetricsOf = {}): ReceivedEnvelope {
  const { pulse, breathing, confidence = 0.95, apnea, bootId = "a", subject = 1, replayed } =
    values;
  const strict = (value: number | undefined) =>
    value === undefined ? {} : { strict: { value, confidence } };
  return {
    type: "core_metrics",
    timestamp,
    payload: {
      pulse: strict(pulse),
      breathing: { ...strict(breathing), ...apnea && { apnea: [{ ...apnea, timestamp }] } },
      metadata: { boot_id: bootId, subject, ...replayed && { replayed } },
    },
  };
}

/** A status; `since` is its timestamp unless it is given. */
export function statusAt(timestamp: number, name: string, since = timestamp): ReceivedEnvelope {
  return { type: "status", timestamp, payload: { name, since } };
}

/** An engine with a clock that follows the envelopes of devices. */
export class AlarmScenario {
  readonly engine: AlarmEngine;
  /** Each change as `kind device/rule`. */
  readonly changes: string[] = [];
  #nowUs = ALARM_START_US;

  /** @param rules as in a file of rules */
  constructor(...rules: readonly object[]) {
    this.engine = new AlarmEngine({
      rules: parseRules(JSON.stringify({ rules })).rules,
      nowUs: () => this.#nowUs,
    });
    this.engine.onChange(({ kind, alarm }) =>
      this.changes.push(`${kind} ${alarm.device}/${alarm.rule}`)
    );
  }

  /** Seconds since the start. */
  get nowS(): number {
    return (this.#nowUs - ALARM_START_US) / 1e6;
  }

  /** Sends core metrics every 0.2 s for some seconds. */
  send(seconds: number, values: MetricsOf | ((step: number) => MetricsOf), device = "bed-1"): this {
    for (let step = 0; step < Math.round(seconds * 5); step++) {
      this.#nowUs += 200_000;
      const now = typeof values === "function" ? values(step) : values;
      this.engine.take(device, "core_metrics", metricsAt(this.#nowUs, now));
      if (step % 5 === 4) this.engine.tick();
    }
    return this;
  }

  /** Takes one envelope that was captured `behindS` before now. */
  take(envelope: (timestamp: number) => ReceivedEnvelope, behindS = 0, device = "bed-1"): this {
    const received = envelope(this.#nowUs - behindS * 1e6);
    this.engine.take(device, received.type as "status", received);
    return this;
  }

  /** Lets time pass without a message. */
  wait(seconds: number): this {
    for (let passed = 0; passed < seconds; passed++) {
      this.#nowUs += 1e6;
      this.engine.tick();
    }
    return this;
  }

  /** Lets time pass at once, as while the process is suspended. */
  suspend(seconds: number): this {
    this.#nowUs += seconds * 1e6;
    return this;
  }
}
