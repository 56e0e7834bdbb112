import assert from "node:assert/strict";
import { audiblePriority, BURSTS } from "../../../../../src/web/page/model/alarm_sound.ts";
import type { Alarm, Priority } from "../../../../../src/web/page/protocol.ts";

const alarm = (priority: Priority, acknowledged = false) => ({ priority, acknowledged }) as Alarm;

Deno.test("audiblePriority() is the highest that is not acknowledged", () => {
  assert.equal(audiblePriority([alarm("low"), alarm("medium"), alarm("high", true)]), "medium");
  assert.equal(audiblePriority([alarm("high", true)]), undefined);
  assert.equal(audiblePriority([]), undefined);
});

Deno.test("BURSTS have 10, 3 and 2 pulses, which do not overlap and end before the next burst", () => {
  const counts = Object.values(BURSTS).map(({ startsS }) => startsS.length);
  assert.deepEqual(counts, [10, 3, 2]);
  for (const { startsS, pulseS, intervalS } of Object.values(BURSTS)) {
    for (const [index, start] of startsS.entries()) {
      assert.ok(start + pulseS < (startsS[index + 1] ?? intervalS));
    }
  }
});
