import type { StatusName } from "../vitals/condition/status_table.ts";
import type { Alarm, AlarmCause, AlarmChange } from "./alarm.ts";
import type { Assessment } from "./assess.ts";
import { Dwell } from "./dwell.ts";
import type { AlarmRule } from "./rules.ts";
import { describe } from "./text.ts";

/** The observation that raises an alarm. */
interface Occasion {
  /** When the condition began, in microseconds since the Unix epoch. */
  readonly since: number;
  readonly value?: number;
  readonly limit?: number;
  readonly status?: StatusName;
}

/** One rule for one device: for how long its condition lasts, and its alarm. */
export class RuleState {
  readonly dwell: Dwell;
  /** The status that the condition holds for, of a rule for statuses. */
  status: { readonly name: StatusName; readonly sinceUs: number } | undefined;
  #alarm: Alarm | undefined;

  constructor(
    private readonly device: string,
    readonly rule: AlarmRule,
    private readonly emit: (change: AlarmChange) => void,
  ) {
    // Without a trusted value, a gap in the messages is not a reason to start again.
    this.dwell = new Dwell(rule.condition === "no_trusted_value" ? { maxGapUs: Infinity } : {});
  }

  get alarm(): Alarm | undefined {
    return this.#alarm;
  }

  get isActive(): boolean {
    return this.#alarm?.state === "active";
  }

  /**
   * Applies an envelope at its capture time.
   *
   * @param spanUs time since the envelope before, in microseconds
   * @param dwellUs time that the condition must last
   */
  apply(
    assessment: Assessment,
    { timestamp, spanUs, dwellUs }: {
      readonly timestamp: number;
      readonly spanUs: number;
      readonly dwellUs: number;
    },
  ): void {
    if (assessment.is === "unknown") return;
    if (assessment.is === "inside") return this.end();
    const { is: _outside, ...values } = assessment;
    this.dwell.add(timestamp, spanUs);
    if (this.dwell.countedUs < dwellUs) return;
    this.raise({ since: this.dwell.startUs ?? timestamp, ...values });
  }

  /** Raises the alarm unless it is active. */
  raise({ since, status, ...values }: Occasion): void {
    if (this.isActive) return;
    const { name, priority } = this.rule;
    const cause = causeOf(this.rule, { limit: values.limit, status });
    this.#alarm = {
      device: this.device,
      rule: name,
      priority,
      state: "active",
      acknowledged: false,
      since,
      cause,
      message: describe(cause),
      ...values,
    };
    this.emit({ kind: "raised", alarm: this.#alarm });
  }

  /** Ends the condition: an active alarm is latched, or removed if it is acknowledged. */
  end(): void {
    this.dwell.reset();
    this.status = undefined;
    const alarm = this.#alarm;
    if (alarm?.state !== "active") return;
    this.#alarm = { ...alarm, state: "latched" };
    this.emit({ kind: "ended", alarm: this.#alarm });
    if (alarm.acknowledged) this.remove();
  }

  /** Acknowledges the alarm: a latched one is removed. */
  acknowledge(nowUs: number): void {
    const alarm = this.#alarm;
    if (!alarm || alarm.acknowledged) return;
    this.#alarm = { ...alarm, acknowledged: true, acknowledged_at: nowUs };
    this.emit({ kind: "acknowledged", alarm: this.#alarm });
    if (alarm.state === "latched") this.remove();
  }

  remove(): void {
    const alarm = this.#alarm;
    this.#alarm = undefined;
    if (alarm) this.emit({ kind: "removed", alarm });
  }
}

function causeOf(
  rule: AlarmRule,
  { limit, status }: {
    readonly limit: number | undefined;
    readonly status: StatusName | undefined;
  },
): AlarmCause {
  switch (rule.condition) {
    case "limit": {
      const { vital, above, below } = rule;
      const side = limit === above ? "above" : "below";
      return { condition: "limit", vital, side, limit: limit ?? above ?? below! };
    }
    case "no_trusted_value":
      return { condition: "no_trusted_value", vital: rule.vital, after_s: rule.afterS };
    case "status":
      return { condition: "status", status: status ?? rule.statuses[0]! };
    default:
      return { condition: rule.condition };
  }
}
