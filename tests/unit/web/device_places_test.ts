import assert from "node:assert/strict";
import { DevicePlaces } from "../../../src/web/device_places.ts";

/** Devices that are shown, with the times at which they were last heard. */
function shownDevices(count: number, heardMs = 0): Map<string, { heardMs: number }> {
  return new Map(Array.from({ length: count }, (_, n) => [`d${n}`, { heardMs }]));
}

Deno.test("DevicePlaces.place() has a place for 256 devices, and counts the others", () => {
  const places = new DevicePlaces([]);
  assert.deepEqual(places.place("new", { shown: shownDevices(255), nowMs: 0 }), {});
  assert.equal(places.hidden, 0);
  assert.equal(places.place("new", { shown: shownDevices(256), nowMs: 0 }), "full");
  assert.equal(places.place("new", { shown: shownDevices(256), nowMs: 0 }), "full");
  assert.equal(places.place("other", { shown: shownDevices(256), nowMs: 0 }), "full");
  assert.equal(places.hidden, 2);
});

Deno.test("DevicePlaces.place() has a place for named devices, which take it from the others", () => {
  const places = new DevicePlaces(["bed-1", "bed-2"]);
  const shown = shownDevices(254);
  assert.equal(places.place("new", { shown, nowMs: 0 }), "full");
  assert.deepEqual(places.place("bed-1", { shown, nowMs: 0 }), {});
  shown.set("bed-1", { heardMs: 0 });
  shown.delete("d0");
  assert.deepEqual(places.place("new", { shown, nowMs: 0 }), {});
});

Deno.test("DevicePlaces.place() replaces the first device that is silent for a minute", () => {
  const places = new DevicePlaces(["bed-1"]);
  const shown = shownDevices(255, 1000);
  shown.set("bed-1", { heardMs: 0 });
  shown.set("d3", { heardMs: 500 });
  shown.set("d7", { heardMs: 200 });
  assert.equal(places.place("new", { shown, nowMs: 60_199 }), "full");
  assert.deepEqual(places.place("new", { shown, nowMs: 60_200 }), { evicted: "d7" });
  assert.deepEqual(places.place("new", { shown, nowMs: 60_500 }), { evicted: "d3" });
});

Deno.test("DevicePlaces counts up to a thousand hidden devices", () => {
  const places = new DevicePlaces([]);
  const shown = shownDevices(256);
  for (let n = 0; n < 1010; n++) places.place(`hidden-${n}`, { shown, nowMs: 0 });
  assert.equal(places.hidden, 1000);
});

Deno.test("DevicePlaces.refresh() forgets hidden devices that are shown, or silent for a minute", () => {
  const places = new DevicePlaces([]);
  const shown = shownDevices(256);
  places.place("early", { shown, nowMs: 0 });
  places.place("late", { shown, nowMs: 100 });
  places.place("shown", { shown, nowMs: 100 });
  places.refresh({ isShown: () => false, nowMs: 60_000 });
  assert.equal(places.hidden, 3);
  places.refresh({ isShown: (name) => name === "shown", nowMs: 60_001 });
  assert.equal(places.hidden, 1);
});
