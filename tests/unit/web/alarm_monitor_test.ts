import assert from "node:assert/strict";
import { parseRules } from "../../../src/alarms/rules_file.ts";
import { BUILT_IN_RULES } from "../../../src/alarms/rules.ts";
import { ConfigError } from "../../../src/base/errors.ts";
import { Counters } from "../../../src/telemetry/counters.ts";
import { AlarmMonitor, readAlarmRules } from "../../../src/web/alarm_monitor.ts";
import { Hub } from "../../../src/web/hub.ts";
import { ALARM_START_US, metricsAt } from "../../support/alarms.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { HeldTimers } from "../../support/held_timers.ts";
import { startPage } from "../../support/http_page.ts";
import { type StreamMessage, StreamProbe } from "../../support/stream_probe.ts";

const PULSE_HIGH = parseRules(JSON.stringify({
  rules: [{ name: "pulse_high", vital: "pulse", above: 120, priority: "high", dwell_s: 0 }],
  groups: { "ward-a": ["bed-*"] },
}));
const BUILT_IN = readAlarmRules({});

function open(rules = PULSE_HIGH) {
  const clock = { s: 0 };
  const hub = new Hub({ nowMs: () => clock.s * 1000 });
  const log = new CollectingLog();
  const counters = new Counters();
  const nowUs = () => ALARM_START_US + clock.s * 1e6;
  const monitor = new AlarmMonitor({ hub, rules, log, counters, nowUs });
  const publish = (pulse: number, device = "bed-1") =>
    hub.publishEnvelope(device, {
      topic: "core_metrics",
      envelope: metricsAt(nowUs(), { pulse }),
    });
  return { clock, hub, log, counters, monitor, publish };
}

/** The alarms of a message, each as its state and whether it is acknowledged. */
const statesOf = ({ alarms }: StreamMessage) =>
  (alarms as { state: string; acknowledged: boolean }[]).map(({ state, acknowledged }) =>
    acknowledged ? `${state}, acknowledged` : state
  );

Deno.test("AlarmMonitor publishes an alarm to all pages, and its acknowledgement on one to the other", async () => {
  const { clock, hub, log, counters, monitor, publish } = open();
  using _monitor = monitor;
  await using page = await startPage({ hub, alarms: monitor, token: undefined });
  const probes = [1, 2].map(() => StreamProbe.subscribed(page.url, { subscribe: [] }));
  await using one = await probes[0]!;
  await using two = await probes[1]!;
  const lists = (probe: StreamProbe, states: readonly string[]) =>
    probe.receives(
      `${states}`,
      (message) =>
        message.type === "alarms" && JSON.stringify(statesOf(message)) === JSON.stringify(states),
    );
  for (const probe of [one, two]) await lists(probe, []);
  publish(130);
  for (const probe of [one, two]) await lists(probe, ["active"]);
  const acknowledge = async (body: string) => {
    const response = await fetch(`${page.url}/v1/alarms/acknowledge`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    const { alarms = [] } = await response.json();
    return [response.status, alarms.length];
  };
  assert.deepEqual(await acknowledge('{"device":"bed-2"}'), [200, 1]);
  assert.deepEqual(await acknowledge('{"device":"bed-1","rule":"pulse_high"}'), [200, 1]);
  for (const probe of [one, two]) await lists(probe, ["active, acknowledged"]);
  for (const bad of ["[]", "5", "{", '{"device":5}', '{"rule":"pulse_high"}']) {
    assert.deepEqual(await acknowledge(bad), [400, 0], bad);
  }
  clock.s = 1;
  const before = two.messages.length;
  publish(80);
  await one.receives("the end", () => two.messages.length > before);
  const info = await (await fetch(`${page.url}/v1/page`)).json();
  assert.deepEqual([info.alarms, info.groups], [true, { "ward-a": ["bed-*"] }]);
  const response = await fetch(`${page.url}/v1/alarms`);
  assert.deepEqual(await response.json(), { alarms: [] });
  assert.deepEqual(log.lines.map((line) => line.match(/Alarm \w+/)?.[0]), [
    "Alarm raised",
    "Alarm acknowledged",
    "Alarm ended",
    "Alarm removed",
  ]);
  const labels = { change: "raised", priority: "high" };
  assert.equal(counters.get("alarm_changes_total", labels), 1);
});

Deno.test("AlarmMonitor raises silence while the broker is connected, until the device is dismissed", () => {
  using timers = new HeldTimers();
  const { clock, hub, monitor, publish } = open(BUILT_IN);
  using _monitor = monitor;
  publish(70);
  const wait = (seconds: number) => {
    for (let elapsed = 0; elapsed < seconds; elapsed++) {
      clock.s++;
      timers.advance(1000);
    }
  };
  hub.setConnected(false);
  wait(20);
  assert.deepEqual(hub.alarms, []);
  hub.setConnected(true);
  publish(70);
  wait(4);
  assert.deepEqual(hub.alarms, []);
  wait(2);
  assert.deepEqual(hub.alarms?.map(({ rule, message }) => [rule, message]), [
    ["silent", "No data from the device"],
  ]);
  hub.dismiss("bed-1");
  assert.deepEqual(hub.alarms, []);
});

Deno.test("AlarmMonitor publishes the list only when it has changed, and keeps alarms of new rules", () => {
  using timers = new HeldTimers();
  const { hub, monitor, publish } = open();
  using _monitor = monitor;
  let lists = 0;
  hub.subscribe({ takeNotice: ({ type }) => void (type === "alarms" && lists++) });
  publish(130);
  timers.advance(3000);
  assert.equal(lists, 1);
  monitor.setRules(PULSE_HIGH);
  assert.equal(hub.alarms?.length, 1);
  monitor.setRules(BUILT_IN);
  assert.deepEqual(hub.alarms, []);
});

Deno.test("readAlarmRules() reads a file, and has a built-in rule without one", () => {
  using folder = temporaryFolder();
  assert.equal(readAlarmRules({}).rules, BUILT_IN_RULES);
  const path = `${folder.path}/rules.json`;
  Deno.writeTextFileSync(path, '{"rules":[{"name":"a","condition":"apnea"}]}');
  assert.equal(readAlarmRules({ rulesPath: path }).rules.rules[0]?.name, "a");
  Deno.writeTextFileSync(path, '{"rules":[{"name":"a","condition":"apnoea"}]}');
  assert.throws(() => readAlarmRules({ rulesPath: path }), ConfigError);
});
