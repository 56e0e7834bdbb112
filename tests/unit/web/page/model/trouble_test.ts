import assert from "node:assert/strict";
import type { DeviceView } from "../../../../../src/web/page/model/device.ts";
import {
  foremostAlarm,
  groupOf,
  type OrderOptions,
  type Ranked,
  type Trouble,
  troubleOf,
  TroubleOrder,
} from "../../../../../src/web/page/model/trouble.ts";
import type { Alarm } from "../../../../../src/web/page/protocol.ts";

const alarm = (changes: Partial<Alarm> = {}): Alarm => ({
  device: "bed-1",
  rule: "pulse_high",
  priority: "high",
  state: "active",
  acknowledged: false,
  since: 1,
  cause: { condition: "limit", vital: "pulse", side: "above", limit: 120 },
  message: "Pulse above 120",
  ...changes,
});

const view = (changes: Partial<DeviceView> = {}): DeviceView => ({
  name: "bed-1",
  silent: false,
  stale: false,
  duplicate: false,
  agoMs: 0,
  metricsAgoMs: 0,
  pulse: { value: 70 },
  breathing: { value: 15 },
  apnea: false,
  simulated: false,
  ...changes,
});

Deno.test("troubleOf() ranks an alarm before silence, silence before a missing value", () => {
  const silent = view({ silent: true, pulse: {}, breathing: {} });
  const cases: readonly (readonly [DeviceView, Alarm | undefined, Trouble])[] = [
    [silent, alarm({ priority: "medium" }), "medium"],
    [silent, alarm({ acknowledged: true }), "silent"],
    [silent, undefined, "silent"],
    [view({ pulse: { withheld: "motion" } }), undefined, "withheld"],
    [view({ breathing: { withheld: "motion" } }), undefined, "withheld"],
    [view({ duplicate: true }), undefined, "withheld"],
    [view(), alarm({ acknowledged: true }), "low"],
    [view(), undefined, "ok"],
  ];
  for (const [state, raised, expected] of cases) {
    assert.equal(troubleOf(state, raised), expected, JSON.stringify([state, raised]));
  }
});

Deno.test("foremostAlarm() prefers what is not acknowledged, then the priority, then the oldest", () => {
  const [low, high, done] = [
    alarm({ priority: "low" }),
    alarm({ since: 5 }),
    alarm({ acknowledged: true }),
  ];
  assert.equal(foremostAlarm([done, low, high]), high);
  assert.equal(foremostAlarm([done, low]), low);
  const older = alarm({ since: 2 });
  assert.equal(foremostAlarm([high, older]), older);
  assert.equal(foremostAlarm([]), undefined);
});

Deno.test("groupOf() is that of the rules, or the name before its last hyphen", () => {
  const groups = { icu: ["ward-a-1*", "lab"] };
  const names = ["ward-a-12", "ward-a-2", "lab", "lab2", "-1", ""];
  assert.deepEqual(names.map((name) => groupOf(name, groups)), [
    "icu",
    "ward-a",
    "icu",
    "",
    "",
    "",
  ]);
});

const ranked = (name: string, trouble: Trouble = "ok"): Ranked => ({
  name,
  trouble,
  group: groupOf(name),
});

const order = (
  devices: readonly Ranked[],
  options: Partial<OrderOptions> = {},
  { orders = new TroubleOrder(), nowMs = 0 } = {},
) =>
  orders.order(devices, { sort: "trouble", filter: "", troubleOnly: false, ...options }, nowMs)
    .map(({ name }) => name);

Deno.test("TroubleOrder sorts by trouble, by name as people count, and by group", () => {
  const devices = [
    ranked("b-10"),
    ranked("b-9"),
    ranked("a-3", "silent"),
    ranked("c-1", "high"),
    ranked("a-20", "withheld"),
  ];
  assert.deepEqual(order(devices), ["c-1", "a-3", "a-20", "b-9", "b-10"]);
  assert.deepEqual(order(devices, { sort: "name" }), ["a-3", "a-20", "b-9", "b-10", "c-1"]);
  assert.deepEqual(order(devices, { sort: "group" }), ["a-3", "a-20", "b-9", "b-10", "c-1"]);
});

Deno.test("TroubleOrder filters by a part of the name or group, and to trouble only", () => {
  const devices = [ranked("ICU-1"), ranked("ward-a-1", "silent"), ranked("ward-b-2")];
  assert.deepEqual(order(devices, { filter: " icu" }), ["ICU-1"]);
  assert.deepEqual(order(devices, { filter: "ward" }), ["ward-a-1", "ward-b-2"]);
  assert.deepEqual(order(devices, { troubleOnly: true }), ["ward-a-1"]);
});

Deno.test("TroubleOrder moves a device up at once, and down after 5 s", () => {
  const orders = new TroubleOrder();
  const at = (nowMs: number, trouble: Trouble) =>
    order([ranked("a"), ranked("b", trouble)], {}, { orders, nowMs });
  assert.deepEqual(at(0, "ok"), ["a", "b"]);
  assert.deepEqual(at(100, "withheld"), ["b", "a"]);
  assert.deepEqual(at(200, "ok"), ["b", "a"]);
  assert.deepEqual(at(5000, "ok"), ["b", "a"]);
  assert.deepEqual(at(5200, "ok"), ["a", "b"]);
});
