import assert from "node:assert/strict";
import { monotonicUs } from "../../../src/base/time.ts";
import { Schedule } from "../../../src/fleet/schedule.ts";

const at = (us: number) => monotonicUs(us);

Deno.test("Schedule gives each device one message in each interval, at its phase", () => {
  const schedule = new Schedule([0.5, 0, 0.25], { intervalUs: 1000, startUs: at(5000) });
  assert.equal(schedule.nextUs, 5000);
  assert.deepEqual(schedule.due(at(4999), 10), []);
  assert.deepEqual(schedule.due(at(6250), 10), [
    { device: 1, atUs: 5000 },
    { device: 2, atUs: 5250 },
    { device: 0, atUs: 5500 },
    { device: 1, atUs: 6000 },
    { device: 2, atUs: 6250 },
  ]);
  assert.equal(schedule.nextUs, 6500);
});

Deno.test("Schedule.due() returns at most the limit, and the rest with the next calls", () => {
  const schedule = new Schedule([0, 0.5], { intervalUs: 1000, startUs: at(0) });
  const times = [1, 2, 3].map(() => schedule.due(at(1500), 2).map(({ atUs }) => atUs));
  assert.deepEqual(times, [[0, 500], [1000, 1500], []]);
});

Deno.test("Schedule without devices is never due", () => {
  const schedule = new Schedule([], { intervalUs: 1000, startUs: at(0) });
  assert.deepEqual([schedule.nextUs, schedule.due(at(1e9), 5)], [Infinity, []]);
});
