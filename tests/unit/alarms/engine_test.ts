import assert from "node:assert/strict";
import fc from "fast-check";
import { AlarmEngine } from "../../../src/alarms/engine.ts";
import { BUILT_IN_RULES } from "../../../src/alarms/rules.ts";
import { parseRules } from "../../../src/alarms/rules_file.ts";
import { ALARM_START_US, AlarmScenario, metricsAt, statusAt } from "../../support/alarms.ts";
import { fakeMetrics, fakeStatus } from "../../support/fake_stream.ts";

const HIGH = { name: "high", vital: "pulse", above: 120, priority: "high", dwell_s: 10 };
const LOW = { name: "low", vital: "pulse", below: 45, priority: "high", dwell_s: 10 };
const APNEA = { name: "apnea", condition: "apnea", priority: "high", dwell_s: 0 };
const SILENT = { name: "silent", condition: "silent", after_s: 10 };
const NO_VALUE = { name: "none", condition: "no_trusted_value", vital: "pulse", after_s: 60 };
const CAMERA = { name: "camera", condition: "status", status: ["CAMERA_DISCONNECTED"], dwell_s: 5 };

Deno.test("AlarmEngine raises an alarm when a value was outside for the dwell", () => {
  const scenario = new AlarmScenario(HIGH).send(60, { pulse: 80 }).send(10, { pulse: 130 });
  assert.deepEqual(scenario.changes, []);
  scenario.send(0.2, { pulse: 131 });
  assert.deepEqual(scenario.changes, ["raised bed-1/high"]);
  assert.deepEqual(scenario.engine.alarms, [{
    device: "bed-1",
    rule: "high",
    priority: "high",
    state: "active",
    acknowledged: false,
    since: ALARM_START_US + 60_200_000,
    cause: { condition: "limit", vital: "pulse", side: "above", limit: 120 },
    message: "Pulse above 120",
    value: 131,
    limit: 120,
  }]);
});

Deno.test("AlarmEngine starts the dwell again at a value inside", () => {
  const scenario = new AlarmScenario(HIGH)
    .send(9.8, { pulse: 130 }).send(0.2, { pulse: 119 }).send(9.8, { pulse: 130 });
  assert.deepEqual(scenario.changes, []);
});

Deno.test("AlarmEngine ends an alarm above a limit by its hysteresis", () => {
  const scenario = new AlarmScenario({ ...HIGH, hysteresis: 3 })
    .send(12, { pulse: 130 }).send(60, { pulse: 117.1 });
  assert.equal(scenario.engine.alarms[0]?.state, "active");
  scenario.send(0.2, { pulse: 117 });
  assert.equal(scenario.engine.alarms[0]?.state, "latched");
  assert.deepEqual(scenario.changes, ["raised bed-1/high", "ended bed-1/high"]);
});

Deno.test("AlarmEngine ends an alarm below a limit by its hysteresis", () => {
  const scenario = new AlarmScenario({ ...LOW, hysteresis: 3 })
    .send(12, { pulse: 40 }).send(60, { pulse: 47.9 });
  assert.equal(scenario.engine.alarms[0]?.message, "Pulse below 45");
  assert.equal(scenario.engine.alarms[0]?.state, "active");
  scenario.send(0.2, { pulse: 48 });
  assert.equal(scenario.engine.alarms[0]?.state, "latched");
});

for (const [rule, value] of [[HIGH, 120], [LOW, 45]] as const) {
  Deno.test(`AlarmEngine raises no alarm for a value exactly at the limit of ${rule.name}`, () => {
    const scenario = new AlarmScenario({ ...rule, hysteresis: 0, dwell_s: 0 });
    assert.deepEqual(scenario.send(60, { pulse: value }).changes, []);
  });
}

Deno.test("AlarmEngine does not flap between two values around a limit", () => {
  const scenario = new AlarmScenario({ ...HIGH, dwell_s: 0, hysteresis: 3 })
    .send(600, (step) => ({ pulse: step % 2 ? 120.5 : 119.5 }));
  assert.deepEqual(scenario.changes, ["raised bed-1/high"]);
  const dwelling = new AlarmScenario({ ...HIGH, hysteresis: 0 })
    .send(600, (step) => ({ pulse: step % 2 ? 120.5 : 119.5 }));
  assert.deepEqual(dwelling.changes, []);
});

Deno.test("AlarmEngine never raises a limit for withheld values", () => {
  const scenario = new AlarmScenario(HIGH, LOW, APNEA).send(3600, {});
  assert.deepEqual(scenario.changes, []);
});

Deno.test("AlarmEngine keeps a streak while presence flickers, and does not count its gaps", () => {
  const scenario = new AlarmScenario(HIGH).send(0.2, { pulse: 130 });
  for (let second = 0; second < 9; second++) scenario.send(1, { pulse: 130 }).send(2, {});
  assert.deepEqual(scenario.changes, []);
  scenario.send(1, { pulse: 130 });
  assert.deepEqual(scenario.changes, ["raised bed-1/high"]);
  assert.equal(scenario.engine.alarms[0]?.since, ALARM_START_US + 200_000);
});

for (const [gapS, kept] of [[9.6, true], [10.4, false]] as const) {
  Deno.test(`AlarmEngine ${kept ? "keeps" : "starts"} a streak ${gapS} s after a value`, () => {
    const scenario = new AlarmScenario(HIGH)
      .send(9.4, { pulse: 130 }).send(gapS, {}).send(1, { pulse: 130 });
    assert.equal(scenario.changes.length, kept ? 1 : 0);
  });
}

Deno.test("AlarmEngine keeps an active alarm while the value is withheld", () => {
  const scenario = new AlarmScenario(HIGH).send(12, { pulse: 130 }).send(3600, {});
  assert.equal(scenario.engine.alarms[0]?.state, "active");
});

Deno.test("AlarmEngine treats a value below min_confidence as withheld", () => {
  const { rules } = parseRules(JSON.stringify({ rules: [HIGH], min_confidence: 0.7 }));
  const engine = new AlarmEngine({ rules, nowUs: () => ALARM_START_US });
  const send = (confidence: number) => {
    for (let step = 0; step < 100; step++) {
      const timestamp = (engine.alarms.length + 1) * ALARM_START_US + step * 200_000;
      const values = { pulse: 130, confidence, bootId: `${confidence}` };
      engine.take("bed-1", "core_metrics", metricsAt(timestamp, values));
    }
    return engine.alarms.length;
  };
  assert.deepEqual([send(0.69), send(0.7)], [0, 1]);
});

Deno.test("AlarmEngine measures the dwell on capture time, however late messages arrive", () => {
  const scenario = new AlarmScenario(HIGH);
  // 12 s of messages in one burst after an outage of the network, not marked as replayed.
  scenario.suspend(60);
  for (let behindS = 12; behindS >= 0; behindS -= 0.2) {
    scenario.take((timestamp) => metricsAt(timestamp, { pulse: 130 }), behindS);
  }
  assert.deepEqual(scenario.changes, ["raised bed-1/high"]);
});

Deno.test("AlarmEngine ignores replayed and repeated envelopes", () => {
  const scenario = new AlarmScenario(HIGH, SILENT).send(1, { pulse: 80 })
    .send(30, { pulse: 130, replayed: true });
  assert.deepEqual(scenario.changes, ["raised bed-1/silent"]);
  const repeating = new AlarmScenario(HIGH);
  for (let copy = 0; copy < 200; copy++) {
    repeating.take((timestamp) => metricsAt(timestamp, { pulse: 130 }));
  }
  assert.deepEqual(repeating.changes, []);
});

Deno.test("AlarmEngine starts a streak again after a restart of the device", () => {
  const scenario = new AlarmScenario(HIGH)
    .send(9.8, { pulse: 130, bootId: "a" }).send(9.8, { pulse: 130, bootId: "b" });
  assert.deepEqual(scenario.changes, []);
  assert.deepEqual(scenario.send(1, { pulse: 130, bootId: "b" }).changes, ["raised bed-1/high"]);
});

for (const stepS of [-7200, 7200]) {
  Deno.test(`AlarmEngine follows a device whose clock steps by ${stepS} s`, () => {
    const scenario = new AlarmScenario(HIGH).send(9.8, { pulse: 130 });
    const send = (count: number) => {
      for (let step = 0; step < count; step++) {
        scenario.take((now) => metricsAt(now + step * 200_000, { pulse: 130 }), -stepS);
      }
      return scenario.changes;
    };
    assert.deepEqual(send(49), []);
    assert.deepEqual(send(52), ["raised bed-1/high"]);
  });
}

Deno.test("AlarmEngine gives another person no streak", () => {
  const scenario = new AlarmScenario(HIGH)
    .send(9.8, { pulse: 130, subject: 1 }).send(9.8, { pulse: 130, subject: 2 });
  assert.deepEqual(scenario.changes, []);
});

Deno.test("AlarmEngine raises apnea at once, and only by a reliable detection", () => {
  const scenario = new AlarmScenario(APNEA)
    .send(5, { apnea: { detected: false, stable: true } })
    .send(5, { apnea: { detected: true, stable: false } });
  assert.deepEqual(scenario.changes, []);
  scenario.send(0.2, { apnea: { detected: true, stable: true } });
  assert.deepEqual(scenario.changes, ["raised bed-1/apnea"]);
  scenario.send(5, {}).send(0.2, { apnea: { detected: false, stable: true } });
  assert.deepEqual(scenario.changes, ["raised bed-1/apnea", "ended bed-1/apnea"]);
});

Deno.test("AlarmEngine raises silence of a device, and ends it when the device is heard", () => {
  const scenario = new AlarmScenario(SILENT).send(5, { pulse: 80 }).wait(9);
  assert.deepEqual(scenario.changes, []);
  scenario.wait(1);
  assert.deepEqual(scenario.changes, ["raised bed-1/silent"]);
  assert.equal(scenario.engine.alarms[0]?.since, ALARM_START_US + 5_000_000);
  scenario.send(1, {});
  assert.equal(scenario.engine.alarms[0]?.state, "latched");
});

Deno.test("AlarmEngine raises silence of a named device that was never heard", () => {
  const scenario = new AlarmScenario({ ...SILENT, devices: ["bed-7", "ward-*"] }).wait(10);
  assert.deepEqual(scenario.changes, ["raised bed-7/silent"]);
});

Deno.test("AlarmEngine does not take a suspension or a step of its clock for silence", () => {
  const scenario = new AlarmScenario(SILENT).send(5, { pulse: 80 }).suspend(3600).wait(1)
    .send(5, { pulse: 80 }).suspend(-3600).wait(1).send(1, { pulse: 80 });
  assert.deepEqual(scenario.changes, []);
});

Deno.test("AlarmEngine raises that there is no trusted value, and ends it at the next one", () => {
  const scenario = new AlarmScenario(NO_VALUE).send(10, { pulse: 80 }).send(60, {});
  assert.deepEqual(scenario.changes, []);
  scenario.send(0.2, {});
  assert.equal(scenario.engine.alarms[0]?.message, "No trusted value of the pulse for 1 min");
  scenario.send(0.2, { pulse: 80 });
  assert.deepEqual(scenario.changes, ["raised bed-1/none", "ended bed-1/none"]);
});

Deno.test("AlarmEngine does not count silence as time without a trusted value", () => {
  const scenario = new AlarmScenario(NO_VALUE).send(30, {}).wait(3600).send(19, {});
  assert.deepEqual(scenario.changes, []);
  assert.deepEqual(scenario.send(12, {}).changes, ["raised bed-1/none"]);
});

Deno.test("AlarmEngine raises a status after its dwell, between two heartbeats too", () => {
  const scenario = new AlarmScenario(CAMERA)
    .take((now) => statusAt(now, "CAMERA_DISCONNECTED")).wait(4);
  assert.deepEqual(scenario.changes, []);
  scenario.wait(1);
  assert.deepEqual(scenario.changes, ["raised bed-1/camera"]);
  assert.match(scenario.engine.alarms[0]!.message, /^The camera is disconnected.*[^.]$/);
  scenario.take((now) => statusAt(now, "OK"));
  assert.deepEqual(scenario.changes, ["raised bed-1/camera", "ended bed-1/camera"]);
});

Deno.test("AlarmEngine raises a status that had lasted before it was received", () => {
  const scenario = new AlarmScenario(CAMERA)
    .take((now) => statusAt(now, "CAMERA_DISCONNECTED", now - 60e6));
  assert.equal(scenario.engine.alarms[0]?.since, ALARM_START_US - 60e6);
});

Deno.test("AlarmEngine raises no status that another one replaced before the dwell", () => {
  const scenario = new AlarmScenario(CAMERA)
    .take((now) => statusAt(now, "CAMERA_DISCONNECTED")).wait(4)
    .take((now) => statusAt(now, "OK")).wait(60);
  assert.deepEqual(scenario.changes, []);
});

Deno.test("AlarmEngine.acknowledge() keeps an active alarm and removes it at its end", () => {
  const scenario = new AlarmScenario(HIGH).send(12, { pulse: 130 });
  scenario.engine.acknowledge({ device: "bed-1", rule: "high" });
  assert.equal(scenario.engine.alarms[0]?.acknowledged, true);
  assert.equal(scenario.engine.alarms[0]?.acknowledged_at, ALARM_START_US + 12e6);
  scenario.engine.acknowledge();
  scenario.send(1, { pulse: 80 });
  assert.deepEqual(scenario.engine.alarms, []);
  assert.deepEqual(
    scenario.changes.map((change) => change.split(" ")[0]),
    ["raised", "acknowledged", "ended", "removed"],
  );
});

Deno.test("AlarmEngine.acknowledge() removes a latched alarm, and only those of its target", () => {
  const scenario = new AlarmScenario(HIGH, { ...LOW, devices: ["bed-2"] });
  scenario.send(12, { pulse: 130 }).send(1, { pulse: 80 });
  scenario.send(12, { pulse: 130 }, "bed-2").send(12, { pulse: 40 }, "bed-2");
  scenario.engine.acknowledge({ device: "bed-2", rule: "high" });
  scenario.engine.acknowledge({ device: "bed-3" });
  assert.deepEqual(
    scenario.engine.alarms.map(({ device, rule, state }) => `${device} ${rule} ${state}`),
    ["bed-1 high latched", "bed-2 low active"],
  );
});

Deno.test("AlarmEngine raises a latched alarm again", () => {
  const scenario = new AlarmScenario(HIGH)
    .send(12, { pulse: 130 }).send(1, { pulse: 80 }).send(12, { pulse: 140 });
  const [alarm, ...others] = scenario.engine.alarms;
  assert.deepEqual(others, []);
  assert.deepEqual([alarm?.state, alarm?.value], ["active", 140]);
  assert.equal(alarm?.since, ALARM_START_US + 13_200_000);
});

Deno.test("AlarmEngine lets a listener acknowledge what has ended", () => {
  const scenario = new AlarmScenario(HIGH);
  scenario.engine.onChange(({ kind, alarm }) => {
    if (kind === "ended") scenario.engine.acknowledge(alarm);
  });
  scenario.send(12, { pulse: 130 }).send(1, { pulse: 80 });
  assert.deepEqual(scenario.engine.alarms, []);
  assert.equal(scenario.changes.filter((change) => change.startsWith("removed")).length, 1);
});

Deno.test("AlarmEngine.forget() removes a device with its alarms until it is heard again", () => {
  const scenario = new AlarmScenario(SILENT).send(1, {}).wait(10);
  scenario.engine.forget("bed-1");
  scenario.wait(60);
  assert.deepEqual(scenario.changes, ["raised bed-1/silent", "removed bed-1/silent"]);
  assert.deepEqual(scenario.engine.alarms, []);
  scenario.send(1, {}).wait(10);
  assert.equal(scenario.engine.alarms.length, 1);
});

Deno.test("AlarmEngine.setRules() keeps what rules without a change have raised", () => {
  const scenario = new AlarmScenario(HIGH, LOW, SILENT).send(12, { pulse: 130 });
  scenario.send(9.8, { pulse: 40 });
  const rules = [{ ...SILENT, after_s: 5 }, HIGH, LOW, { ...HIGH, name: "higher", above: 140 }];
  scenario.engine.setRules(parseRules(JSON.stringify({ rules })).rules);
  assert.deepEqual(scenario.engine.alarms.map(({ rule }) => rule), ["high"]);
  scenario.send(1, { pulse: 40 }).wait(5);
  assert.deepEqual(scenario.engine.alarms.map(({ rule }) => rule), ["high", "low", "silent"]);
  scenario.engine.setRules(parseRules(JSON.stringify({ rules: [LOW] })).rules);
  assert.deepEqual(scenario.engine.alarms.map(({ rule }) => rule), ["low"]);
});

Deno.test("AlarmEngine.alarms is sorted by priority, then by the beginning", () => {
  const scenario = new AlarmScenario({ ...NO_VALUE, priority: "low" }, HIGH, {
    ...LOW,
    priority: "medium",
  });
  scenario.send(61, {}).send(12, { pulse: 40 }, "bed-3").send(12, { pulse: 130 }, "bed-2")
    .send(12, { pulse: 130 }, "bed-1");
  assert.deepEqual(
    scenario.engine.alarms.map(({ device }) => device),
    ["bed-2", "bed-1", "bed-3", "bed-1"],
  );
});

Deno.test("AlarmEngine takes the envelopes of this server, and the built-in rule", () => {
  let nowUs = ALARM_START_US;
  const engine = new AlarmEngine({ rules: BUILT_IN_RULES, nowUs: () => nowUs });
  for (const envelope of [...fakeMetrics(5), fakeStatus(0, "OK")]) {
    engine.take("bed-1", envelope.type, envelope);
  }
  for (let second = 0; second < 5; second++) {
    nowUs += 1e6;
    engine.tick();
  }
  assert.deepEqual(engine.alarms.map(({ rule }) => rule), ["silent"]);
});

Deno.test("AlarmEngine follows a limited number of devices", () => {
  const scenario = new AlarmScenario(SILENT);
  for (let n = 0; n < 2000; n++) scenario.take((now) => metricsAt(now), 0, `bed-${n}`);
  assert.equal(scenario.wait(10).engine.alarms.length, 1024);
});

Deno.test("AlarmEngine takes any payload", () => {
  const payload = fc.dictionary(
    fc.constantFrom("pulse", "breathing", "metadata", "name", "since"),
    fc.oneof(fc.jsonValue(), fc.record({ strict: fc.jsonValue(), apnea: fc.jsonValue() })),
  );
  const topic = fc.constantFrom("core_metrics", "status", "edge_metrics");
  fc.assert(fc.property(fc.array(fc.tuple(topic, fc.double({ noNaN: true }), payload)), (all) => {
    const scenario = new AlarmScenario(HIGH, LOW, APNEA, SILENT, NO_VALUE, CAMERA);
    for (const [type, timestamp, payload] of all) {
      scenario.take(() => ({ type, timestamp, payload }));
    }
    scenario.wait(1);
  }));
});

Deno.test("AlarmEngine raises a limit only after its dwell of known values outside", () => {
  const value = fc.constantFrom(undefined, 80, 118, 120, 130);
  fc.assert(fc.property(fc.array(fc.tuple(value, fc.nat(30))), (parts) => {
    const scenario = new AlarmScenario({ ...HIGH, dwell_s: 3, hysteresis: 3 });
    let outside = 0;
    let isActive = false;
    for (const [pulse, steps] of parts) {
      for (let step = 0; step < steps; step++) {
        scenario.send(0.2, pulse === undefined ? {} : { pulse });
        outside = pulse === undefined || isActive && pulse === 118
          ? outside
          : pulse > 120
          ? outside + 1
          : 0;
        const wasActive = isActive;
        isActive = scenario.engine.alarms[0]?.state === "active";
        if (isActive && !wasActive) assert.ok(outside > 15, `${outside} values`);
        if (wasActive && !isActive) assert.ok(pulse !== undefined && pulse <= 117, `${pulse}`);
      }
    }
  }));
});
