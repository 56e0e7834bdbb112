import assert from "node:assert/strict";
import type { Alert } from "../../../src/alerting/alert.ts";
import { AlertService } from "../../../src/alerting/alert_service.ts";
import { readAlertRules } from "../../../src/alerting/targets.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { metricsAt } from "../../support/alarms.ts";
import { ManualClock } from "../../support/manual_clock.ts";

const RULES = `{"repeat_s": 60, "rules": [
  {"name": "high", "vital": "pulse", "above": 120, "priority": "high", "dwell_s": 2},
  {"name": "silent", "condition": "silent", "after_s": 5}
]}`;

function start() {
  const clock = new ManualClock();
  const alerts: Alert[] = [];
  const link = { isConnected: true };
  const service = new AlertService({
    rules: readAlertRules("rules.json", () => RULES),
    isConnected: () => link.isConnected,
    onAlert: (alert) => alerts.push(alert),
    clock,
    log: silentLog,
  });
  const ending = new AbortController();
  const running = service.run(ending.signal);
  return {
    service,
    clock,
    link,
    /** Each alert as `event device/rule`. */
    get events() {
      return alerts.map(({ event, device, rule }) => `${event} ${device}/${rule}`);
    },
    alerts,
    async send(seconds: number, pulse: number) {
      for (let step = 0; step < seconds * 5; step++) {
        await clock.advance(200);
        const envelope = metricsAt(clock.epochUs(clock.monotonicUs()), { pulse });
        service.take("bed-1", "core_metrics", envelope);
      }
    },
    async [Symbol.asyncDispose]() {
      ending.abort();
      await running;
    },
  };
}

Deno.test("AlertService sends what is raised and ended, each once, and again when it recurs", async () => {
  await using scenario = start();
  for (const pulse of [130, 80, 130, 80]) await scenario.send(4, pulse);
  assert.deepEqual(scenario.events, [
    "raised bed-1/high",
    "ended bed-1/high",
    "raised bed-1/high",
    "ended bed-1/high",
  ]);
  assert.equal(new Set(scenario.alerts.map(({ id }) => id)).size, 4);
});

Deno.test("AlertService repeats an active alarm of high priority until it ends", async () => {
  await using scenario = start();
  await scenario.send(150, 130);
  await scenario.send(100, 80);
  assert.deepEqual(scenario.events, [
    "raised bed-1/high",
    "reminder bed-1/high",
    "reminder bed-1/high",
    "ended bed-1/high",
  ]);
  assert.equal(new Set(scenario.alerts.map(({ id }) => id)).size, 4);
});

Deno.test("AlertService takes a lost connection for no silence, and sends an alert of its own", async () => {
  await using scenario = start();
  await scenario.send(2, 80);
  scenario.link.isConnected = false;
  await scenario.clock.advance(9000);
  assert.deepEqual(scenario.events, []);
  await scenario.clock.advance(2000);
  assert.deepEqual(scenario.events, ["raised alert-service/disconnected"]);
  scenario.link.isConnected = true;
  await scenario.send(4, 80);
  assert.deepEqual(scenario.events.slice(1), ["ended alert-service/disconnected"]);
});

Deno.test("AlertService reports a silent device and its return", async () => {
  await using scenario = start();
  await scenario.send(2, 80);
  await scenario.clock.advance(7000);
  await scenario.send(1, 80);
  assert.deepEqual(scenario.events, ["raised bed-1/silent", "ended bed-1/silent"]);
});
