import { AlarmEngine } from "../alarms/engine.ts";
import type { MetricTopic } from "../envelopes/envelope.ts";
import type { ReceivedEnvelope } from "../envelopes/received.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Log } from "../telemetry/log.ts";
import { type AlarmSummary, type Alert, type AlertEvent, alertOf } from "./alert.ts";
import type { AlertRules } from "./targets.ts";

/** Time without Redis after which that is an alert, in microseconds. Chosen: it reconnects sooner. */
const DISCONNECTED_US = 10_000_000;
/** Interval of `AlarmEngine.tick()`, in milliseconds. */
const TICK_MS = 1000;
/** The device of alerts about the service itself. */
const SERVICE = "alert-service";

export interface AlertServiceOptions {
  readonly rules: AlertRules;
  /** Whether envelopes can be received. */
  readonly isConnected: () => boolean;
  /** Called with each alert, in order. */
  readonly onAlert: (alert: Alert) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** Makes alerts of the alarms that envelopes raise and end, and repeats those of high priority. */
export class AlertService {
  readonly #options: AlertServiceOptions;
  readonly #engine: AlarmEngine;
  /** When each active alarm of high priority was last sent, in microseconds of monotonic time. */
  readonly #sentUs = new Map<string, number>();
  #rules: AlertRules;
  #connectedUs: number;
  #disconnected: AlarmSummary | undefined;

  constructor(options: AlertServiceOptions) {
    const { rules, clock } = this.#options = options;
    this.#rules = rules;
    this.#connectedUs = clock.monotonicUs();
    this.#engine = new AlarmEngine({ rules: rules.rules, nowUs: () => this.#nowUs() });
    this.#engine.onChange(({ kind, alarm }) => {
      if (kind !== "raised" && kind !== "ended") return;
      this.#send(kind, alarm);
      // Receivers cannot acknowledge: what has ended is over.
      if (kind === "ended") this.#engine.acknowledge(alarm);
    });
  }

  take(device: string, topic: MetricTopic, envelope: ReceivedEnvelope): void {
    this.#engine.take(device, topic, envelope);
  }

  /** Uses other rules from now on; alarms of rules without a change stay. */
  setRules(rules: AlertRules): void {
    this.#rules = rules;
    this.#engine.setRules(rules.rules);
  }

  /** Checks once a second what time completes, until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#checkConnection();
      // Without a connection, a device is not known to be silent.
      if (this.#options.isConnected()) this.#engine.tick();
      this.#repeat();
      await this.#options.clock.sleep(TICK_MS, signal);
    }
  }

  #checkConnection(): void {
    const { isConnected, clock } = this.#options;
    const nowUs = clock.monotonicUs();
    if (isConnected()) {
      this.#connectedUs = nowUs;
      if (this.#disconnected) this.#send("ended", this.#disconnected);
      this.#disconnected = undefined;
    } else if (!this.#disconnected && nowUs - this.#connectedUs >= DISCONNECTED_US) {
      this.#disconnected = {
        device: SERVICE,
        rule: "disconnected",
        priority: "high",
        since: this.#nowUs() - (nowUs - this.#connectedUs),
        message: "No connection to Redis: no alarm can be raised",
      };
      this.#send("raised", this.#disconnected);
    }
  }

  #repeat(): void {
    const { repeatS } = this.#rules;
    if (repeatS === undefined) return;
    const active = [...this.#engine.alarms, ...this.#disconnected ? [this.#disconnected] : []];
    for (const alarm of active.filter(({ priority }) => priority === "high")) {
      const sentUs = this.#sentUs.get(keyOf(alarm));
      const nowUs = this.#options.clock.monotonicUs();
      if (sentUs !== undefined && nowUs - sentUs >= repeatS * 1e6) this.#send("reminder", alarm);
    }
  }

  #send(event: AlertEvent, alarm: AlarmSummary): void {
    const { onAlert, clock, log } = this.#options;
    if (event === "ended") this.#sentUs.delete(keyOf(alarm));
    else this.#sentUs.set(keyOf(alarm), clock.monotonicUs());
    const { device, rule, priority, value } = alarm;
    const text = { raised: "Alarm raised", ended: "Alarm ended", reminder: "Alarm still active" };
    log.info(text[event], { device, rule, priority, value });
    onAlert(alertOf(event, alarm, this.#nowUs()));
  }

  #nowUs(): number {
    const { clock } = this.#options;
    return clock.epochUs(clock.monotonicUs());
  }
}

function keyOf({ device, rule }: AlarmSummary): string {
  return JSON.stringify([device, rule]);
}
