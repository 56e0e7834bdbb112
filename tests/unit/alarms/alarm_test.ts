import assert from "node:assert/strict";
import { type Alarm, compareAlarms } from "../../../src/alarms/alarm.ts";

const ALARM: Alarm = {
  device: "bed-2",
  rule: "pulse_high",
  priority: "medium",
  state: "active",
  acknowledged: false,
  since: 2_000_000,
  cause: { condition: "apnea" },
  message: "no breath",
};

Deno.test("compareAlarms() orders by priority, beginning, device and rule, in this order", () => {
  const ordered: readonly Alarm[] = [
    { ...ALARM, priority: "high", since: 9_000_000, device: "bed-9", rule: "z" },
    { ...ALARM, since: 1_000_000, device: "bed-9", rule: "z" },
    { ...ALARM, device: "bed-1", rule: "z" },
    { ...ALARM, rule: "apnea" },
    ALARM,
    { ...ALARM, rule: "z" },
    { ...ALARM, device: "bed-3", rule: "apnea" },
    { ...ALARM, since: 3_000_000, device: "bed-1", rule: "apnea" },
    { ...ALARM, priority: "low", since: 0, device: "bed-1", rule: "apnea" },
  ];
  for (const [at, alarm] of ordered.entries()) {
    for (const [other, another] of ordered.entries()) {
      const order = Math.sign(compareAlarms(alarm, another));
      assert.equal(order, Math.sign(at - other), `${at}, ${other}`);
    }
  }
});
