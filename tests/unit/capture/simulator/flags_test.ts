import assert from "node:assert/strict";
import {
  simulateFlags,
  simulationFlags,
  simulationPermissions,
} from "../../../../src/capture/simulator/flags.ts";
import { load } from "../../../../src/app/flags.ts";
import { accepts, assertNumberLimits, defaultsOf } from "../../../support/flag_limits.ts";

Deno.test("simulateFlags accept numbers within their limits, and none beyond", () => {
  assertNumberLimits(simulateFlags, {
    noise: [0, 50],
    motion: [0, 200],
    light: [0, 1],
    frameDrop: [0, 0.95],
    seed: [0, 4_294_967_295],
  });
  // Not a whole 1 beyond the limit.
  assert.equal(accepts(simulateFlags, "frameDrop", "0.96"), false);
  assert.equal(accepts(simulateFlags, "light", "1.1"), false);
  assertNumberLimits(simulationFlags, { durationS: [0.1, 86_400] });
  assert.equal(accepts(simulationFlags, "durationS", "0.09"), false);
});

Deno.test("simulateFlags show a still person with a pulse by default", () => {
  assert.deepEqual(defaultsOf(simulateFlags), {
    enabled: false,
    scene: "person",
    spectrum: "visible",
    pulseBpm: "72",
    breathingBpm: "15",
    noise: 1,
    motion: 0,
    light: 0,
    frameDrop: 0,
    seed: 1,
  });
  assert.deepEqual(defaultsOf(simulationFlags), { durationS: 30 });
});

Deno.test("simulationPermissions() allow writing the files that were named", () => {
  const permissionsOf = (...argv: string[]) => {
    const { settings } = load(["simulate", ...argv], { env: {}, readText: () => "{}" });
    return simulationPermissions(settings, { assets: "/a", env: {} });
  };
  assert.deepEqual(permissionsOf("--output=/a.avi", "--truth=/t.csv"), {
    write: ["/a.avi", "/t.csv"],
  });
  assert.deepEqual(permissionsOf("--output=/a.avi"), { write: ["/a.avi"] });
});
