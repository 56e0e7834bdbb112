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

const rulesOf = (text: string) => readAlertRules("rules.json", () => text);

function start(rules = RULES) {
  const clock = new ManualClock();
  const alerts: Alert[] = [];
  const link = { isConnected: true };
  const service = new AlertService({
    rules: rulesOf(rules),
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

Deno.test("AlertService sends its own alert after 10 s, and again until the connection is back", async () => {
  await using scenario = start();
  const { clock, link, alerts } = scenario;
  await clock.advance(500);
  link.isConnected = false;
  const sinceUs = clock.monotonicUs() - 500_000; // when the connection was last seen
  await clock.advance(9499);
  assert.deepEqual(scenario.events, []);
  await clock.advance(1);
  assert.deepEqual(alerts.map(({ priority, since, time }) => [priority, since, time]), [
    ["high", sinceUs, sinceUs + 10_000_000],
  ]);
  await clock.advance(59_999);
  assert.equal(alerts.length, 1);
  await clock.advance(1);
  assert.equal(alerts.length, 2);
  await clock.advance(60_000);
  link.isConnected = true;
  await clock.advance(200_000);
  assert.deepEqual(scenario.events, [
    "raised alert-service/disconnected",
    "reminder alert-service/disconnected",
    "reminder alert-service/disconnected",
    "ended alert-service/disconnected",
  ]);
});

Deno.test("AlertService sends one alert for each lost connection, and none for a short one", async () => {
  await using scenario = start();
  const { clock, link } = scenario;
  for (const seconds of [9, 12, 9, 12]) {
    link.isConnected = false;
    await clock.advance(seconds * 1000);
    link.isConnected = true;
    await clock.advance(2000);
  }
  assert.deepEqual(scenario.events, [
    "raised alert-service/disconnected",
    "ended alert-service/disconnected",
    "raised alert-service/disconnected",
    "ended alert-service/disconnected",
  ]);
});

Deno.test("AlertService repeats only alarms of high priority, and none without repeat_s", async () => {
  for (const [priority, repeat] of [["medium", `"repeat_s": 60, `], ["high", ""]] as const) {
    await using scenario = start(
      `{${repeat}"rules": [{"name": "a", "vital": "pulse", "above": 120, "dwell_s": 0,
        "priority": "${priority}"}]}`,
    );
    await scenario.send(200, 130);
    assert.deepEqual(scenario.events, ["raised bed-1/a"], priority);
  }
});

Deno.test("AlertService.setRules() uses other rules and their interval from then on", async () => {
  await using scenario = start();
  await scenario.send(4, 100);
  scenario.service.setRules(rulesOf(
    `{"repeat_s": 10, "rules": [{"name": "lower", "vital": "pulse", "above": 90, "dwell_s": 0,
      "priority": "high"}]}`,
  ));
  await scenario.send(15, 100);
  assert.deepEqual(scenario.events, ["raised bed-1/lower", "reminder bed-1/lower"]);
});

Deno.test("AlertService finds a silent device within a second", async () => {
  await using scenario = start();
  await scenario.send(1, 80);
  const { clock } = scenario;
  const lastUs = clock.monotonicUs();
  while (scenario.events.length === 0) await clock.advance(100);
  const afterS = (clock.monotonicUs() - lastUs) / 1e6;
  assert(afterS >= 5 && afterS <= 6.1, `${afterS} s`);
});
