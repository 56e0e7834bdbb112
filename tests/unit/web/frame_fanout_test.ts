import assert from "node:assert/strict";
import { DeviceFrame } from "../../../src/web/device_frame.ts";
import { FrameFanout } from "../../../src/web/frame_fanout.ts";
import { fakeImage, FakeViewer } from "../../support/fake_frames.ts";

function open() {
  let nowMs = 0;
  const demands: string[] = [];
  const fanout = new FrameFanout({
    onDemand: (device, demand) => demands.push(`${device} ${demand}`),
    nowMs: () => nowMs,
  });
  return {
    fanout,
    /** The changes of demand since the last call. */
    changes: () => demands.splice(0),
    publish: (device: string, sequence: number) =>
      fanout.publish(new DeviceFrame(device, fakeImage(sequence))),
    wait: (ms: number) => nowMs += ms,
  };
}

Deno.test("FrameFanout sends live viewers every frame, and others at most one a second", () => {
  const { fanout, publish, wait } = open();
  fanout.addDevice("a");
  const [live, stills, none] = [
    new FakeViewer({ a: "live" }),
    new FakeViewer({ a: "stills" }),
    new FakeViewer({ b: "live" }),
  ];
  for (const viewer of [live, stills, none]) fanout.add(viewer);
  for (let sequence = 0; sequence < 30; sequence++) {
    publish("a", sequence);
    wait(100);
  }
  assert.equal(live.frames.length, 30);
  assert.deepEqual(stills.frames, ["a 0", "a 9", "a 18", "a 27"]);
  assert.deepEqual(none.frames, []);
});

Deno.test("FrameFanout reports the strongest demand for a device when it changes", () => {
  const { fanout, changes } = open();
  fanout.addDevice("a");
  const viewers = [new FakeViewer({ a: "stills" }), new FakeViewer({ a: "stills" })];
  for (const viewer of viewers) fanout.add(viewer);
  assert.deepEqual(changes(), ["a stills"]);
  viewers[0]!.demands = { a: "live" };
  fanout.update(viewers[0]!);
  fanout.update(viewers[1]!);
  assert.deepEqual(changes(), ["a live"]);
  fanout.remove(viewers[0]!);
  assert.deepEqual(changes(), ["a stills"]);
  viewers[1]!.demands = {};
  fanout.update(viewers[1]!);
  assert.deepEqual(changes(), ["a none"]);
  assert.equal(fanout.demand("a"), "none");
});

Deno.test("FrameFanout asks viewers about devices that appear, and forgets those that go", () => {
  const { fanout, changes, publish } = open();
  const viewer = new FakeViewer({ a: "live" });
  fanout.add(viewer);
  publish("a", 1);
  assert.deepEqual([changes(), viewer.frames], [[], []]);
  fanout.addDevice("a");
  publish("a", 2);
  assert.deepEqual([changes(), viewer.frames], [["a live"], ["a 2"]]);
  fanout.removeDevice("a");
  publish("a", 3);
  assert.deepEqual([changes(), viewer.frames], [["a none"], ["a 2"]]);
  assert.equal(fanout.demand("a"), "none");
});

Deno.test("FrameFanout.isDue() is true while a viewer would receive a frame", () => {
  const { fanout, publish, wait } = open();
  fanout.addDevice("a");
  assert.equal(fanout.isDue("a"), false);
  const stills = new FakeViewer({ a: "stills" });
  fanout.add(stills);
  assert.equal(fanout.isDue("a"), true);
  publish("a", 1);
  assert.equal(fanout.isDue("a"), false);
  wait(950);
  assert.equal(fanout.isDue("a"), true);
  publish("a", 2);
  fanout.add(new FakeViewer({ a: "live" }));
  assert.equal(fanout.isDue("a"), true);
  assert.equal(fanout.isDue("b"), false);
});
