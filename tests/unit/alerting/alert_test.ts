import assert from "node:assert/strict";
import {
  type AlarmSummary,
  type AlertEvent,
  alertOf,
  sentenceOf,
} from "../../../src/alerting/alert.ts";

const ALARM: AlarmSummary = {
  device: "bed-1",
  rule: "high",
  priority: "high",
  message: "Pulse above 120",
  since: 1_700_000_000_000_000,
};

const idOf = (event: AlertEvent, changes: Partial<AlarmSummary> = {}, time = 5) =>
  alertOf(event, { ...ALARM, ...changes }, time).id;

Deno.test("alertOf() has the values of the alarm, and none that it lacks", () => {
  const { id, ...alert } = alertOf("raised", { ...ALARM, value: 0, limit: 120 }, 7);
  assert.deepEqual(alert, { event: "raised", time: 7, ...ALARM, value: 0, limit: 120 });
  assert.match(id, /^[0-9a-f]{32}$/);
  const without = alertOf("raised", ALARM, 7);
  assert.deepEqual(["value" in without, "limit" in without], [false, false]);
});

Deno.test("alertOf() has one id for each occasion, however often it is made", () => {
  assert.equal(idOf("raised"), idOf("raised", {}, 9));
  assert.equal(idOf("ended"), idOf("ended", { value: 3, message: "other" }, 9));
  const others = [
    idOf("raised"),
    idOf("ended"),
    idOf("reminder"),
    idOf("reminder", {}, 9),
    idOf("raised", { device: "bed-2" }),
    idOf("raised", { rule: "low" }),
    idOf("raised", { since: ALARM.since + 1 }),
  ];
  assert.equal(new Set(others).size, others.length);
});

Deno.test("sentenceOf() has the rounded value while the alarm is active", () => {
  const sentence = (event: AlertEvent, value?: number) =>
    sentenceOf(alertOf(event, { ...ALARM, ...value === undefined ? {} : { value } }, 1));
  assert.equal(sentence("raised", 131.5), "bed-1: Pulse above 120 (132)");
  assert.equal(sentence("reminder", 0), "Still: bed-1: Pulse above 120 (0)");
  assert.equal(sentence("ended", 131.5), "Ended: bed-1: Pulse above 120");
  assert.equal(sentence("raised"), "bed-1: Pulse above 120");
});
