import assert from "node:assert/strict";
import { epochUs } from "../../../../../src/base/time.ts";
import { Ward } from "../../../../../src/web/page/model/ward.ts";
import type { Alarm, ServerMessage } from "../../../../../src/web/page/protocol.ts";

const metrics = (device: string): ServerMessage =>
  ({
    type: "core_metrics",
    timestamp: epochUs(1),
    device,
    payload: {
      pulse: { strict: { value: 70, confidence: 0.9 } },
      breathing: { strict: { value: 15, confidence: 0.9 } },
      metadata: { boot_id: device },
    },
  }) as unknown as ServerMessage;

Deno.test("Ward is connected only while the server and Redis are reachable", () => {
  const ward = new Ward();
  assert.equal(ward.connection, "connecting");
  ward.setOpen(true);
  assert.equal(ward.connection, "no_redis");
  ward.take({ type: "connection", connected: true }, 0);
  assert.equal(ward.connection, "connected");
  ward.take({ type: "connection", connected: false }, 0);
  assert.equal(ward.connection, "no_redis");
  ward.take({ type: "connection", connected: true }, 0);
  ward.setOpen(false);
  assert.equal(ward.connection, "no_server");
  ward.setOpen(true);
  assert.equal(ward.connection, "no_redis", "until the server sends it again");
});

Deno.test("Ward adds devices that are heard, and removes those that are gone", () => {
  const ward = new Ward();
  ward.take(metrics("a-1"), 0);
  ward.take(metrics("a-2"), 0);
  ward.take({ type: "gone", device: "a-2" }, 0);
  ward.take({ type: "hidden", count: 3 }, 0);
  ward.take({ type: "alive" }, 0);
  assert.deepEqual(ward.views(0).map(({ name, group, trouble }) => [name, group, trouble]), [
    ["a-1", "a", "ok"],
  ]);
  assert.equal(ward.hidden, 3);
  assert.equal(ward.viewOf("a-2", 0), undefined);
});

Deno.test("Ward shows a silent device of which no message is left", () => {
  const ward = new Ward();
  ward.setOpen(true);
  ward.take({ type: "connection", connected: true }, 0);
  ward.take({ type: "heard", device: "a-1", ago_ms: 60_000 }, 0);
  const [view] = ward.views(0);
  assert.deepEqual([view?.name, view?.silent, view?.agoMs], ["a-1", true, 60_000]);
});

Deno.test("Ward gives each device its foremost alarm", () => {
  const ward = new Ward();
  ward.setOpen(true);
  ward.take({ type: "connection", connected: true }, 0);
  ward.take(metrics("a-1"), 0);
  ward.take(metrics("a-2"), 0);
  const alarm: Alarm = {
    device: "a-2",
    rule: "pulse_high",
    priority: "medium",
    state: "latched",
    acknowledged: false,
    since: 1,
    cause: { condition: "limit", vital: "pulse", side: "above", limit: 60 },
    message: "Pulse above 60",
  };
  ward.take({ type: "alarms", alarms: [alarm] }, 0);
  assert.deepEqual(
    ward.views(0).map(({ group, trouble, alarm }) => [group, trouble, alarm?.rule]),
    [["a", "ok", undefined], ["a", "medium", "pulse_high"]],
  );
  ward.take({ type: "alarms", alarms: [] }, 0);
  assert.equal(ward.viewOf("a-2", 0)?.trouble, "ok");
});
