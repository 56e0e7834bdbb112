import assert from "node:assert/strict";
import {
  networkMethod,
  readySignalsMethod,
} from "../../../../../src/vitals/pulse/methods/ready.ts";
import { pulseWindow } from "../../../../support/pulse_window.ts";

const [first, second] = [Float64Array.of(1, 2), Float64Array.of(3, 4)];

Deno.test("networkMethod has the network's BVP, if there is one", () => {
  assert.deepEqual(networkMethod.extract(pulseWindow({})), []);
  assert.deepEqual(networkMethod.extract({ ...pulseWindow({}), network: first }), [
    { name: "network", bvp: first },
  ]);
});

Deno.test("readySignalsMethod has each ready signal by its number", () => {
  const window = { ...pulseWindow({}), readySignals: [first, second] };
  assert.deepEqual(readySignalsMethod.extract(window), [
    { name: "ready:0", bvp: first },
    { name: "ready:1", bvp: second },
  ]);
});
