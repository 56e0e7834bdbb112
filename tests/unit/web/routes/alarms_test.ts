import assert from "node:assert/strict";
import type { Alarm } from "../../../../src/alarms/alarm.ts";
import type { AlarmMonitor } from "../../../../src/web/alarm_monitor.ts";
import { alarmRoutes } from "../../../../src/web/routes/alarms.ts";

const ALARMS = [{ device: "bed-1", rule: "high" }] as unknown as readonly Alarm[];

function start(alarms: readonly Alarm[] | undefined = ALARMS) {
  const targets: unknown[] = [];
  const monitor = {
    acknowledge: (target: unknown) => {
      targets.push(target);
      return [];
    },
  } as unknown as AlarmMonitor;
  const routes = alarmRoutes({ alarms }, monitor);
  const call = async (path: string, body?: string) => {
    const route = routes.find((each) => each.path === path)!;
    const request = new Request("http://a/", {
      method: route.method,
      ...body === undefined ? {} : { body, headers: { "content-type": "application/json" } },
    });
    const response = await route.handle(request, { query: new URLSearchParams(), rest: "" });
    return { status: response.status, body: await response.json() };
  };
  return { targets, call };
}

Deno.test("alarmRoutes() list the alarms of the hub", async () => {
  assert.deepEqual((await start().call("/v1/alarms")).body, { alarms: ALARMS });
  const without = alarmRoutes({ alarms: undefined }, {} as AlarmMonitor)[0]!;
  const response = await without.handle(new Request("http://a/"), {
    query: new URLSearchParams(),
    rest: "",
  });
  assert.deepEqual(await response.json(), { alarms: [] });
});

Deno.test("alarmRoutes() acknowledge all alarms, those of a device, or one", async () => {
  const { call, targets } = start();
  const acknowledge = (body: object) => call("/v1/alarms/acknowledge", JSON.stringify(body));
  assert.deepEqual(await acknowledge({}), { status: 200, body: { alarms: [] } });
  await acknowledge({ device: "bed-1" });
  await acknowledge({ device: "bed-1", rule: "high" });
  assert.deepEqual(targets, [undefined, { device: "bed-1" }, { device: "bed-1", rule: "high" }]);
  for (const body of [{ rule: "high" }, { device: 5 }, { device: "bed-1", rule: 5 }, []]) {
    assert.equal((await acknowledge(body)).status, 400, JSON.stringify(body));
  }
  assert.equal(targets.length, 3);
});
