import assert from "node:assert/strict";
import { load } from "../../../src/app/flags.ts";
import { permissionsFor } from "../../../src/app/permissions.ts";
import { fleetFlags, watchersOf } from "../../../src/fleet/flags.ts";
import { assertNumberLimits, defaultsOf } from "../../support/flag_limits.ts";

const PROGRAM = { assets: "/assets", env: {} };

function settingsOf(...argv: string[]) {
  const readText = () => assert.fail("no file is read");
  return load(["simulate", ...argv], { env: {}, readText }).settings;
}

Deno.test("fleetFlags have the documented defaults", () => {
  assert.deepEqual(defaultsOf(fleetFlags), {
    devices: 0,
    firstDevice: 1,
    role: "both",
    ownConnections: false,
    sharedConnections: 4,
    watchers: "0",
    warmUpS: 2,
    edgeFps: 0,
    frameBytes: 0,
    frameFps: 10,
  });
});

Deno.test("fleetFlags accept numbers within their limits, and none beyond", () => {
  assertNumberLimits(fleetFlags, {
    devices: [0, 100_000],
    firstDevice: [1, 1_000_000],
    sharedConnections: [1, 1000],
    warmUpS: [0, 3600],
    edgeFps: [0, 120],
    frameBytes: [0, 10_000_000],
    frameFps: [0.1, 120],
  });
});

Deno.test("watchersOf() returns a number or a share, at most that of the devices", () => {
  const count = (watchers: string) =>
    watchersOf(settingsOf("--devices=250", `--watchers=${watchers}`).fleet);
  assert.deepEqual(["0", "7", "1%", "0.5%", "100%", "9999"].map(count), [0, 7, 3, 2, 250, 250]);
});

Deno.test("simulate refuses watchers that are no number or share", () => {
  for (const watchers of ["101%", "-1", "many", "1.5"]) {
    assert.throws(() => settingsOf("--devices=10", `--watchers=${watchers}`), /watchers/);
  }
});

Deno.test("simulate connects to Redis for a fleet only", () => {
  const net = (...argv: string[]) => permissionsFor("simulate", settingsOf(...argv), PROGRAM)?.net;
  assert.deepEqual(net("--output=clip.avi"), []);
  assert.deepEqual(net("--devices=3"), ["localhost:6379"]);
});

Deno.test("simulate refuses frames and passwords of a fleet without TLS beyond loopback", () => {
  const fleet = ["--redis_host=redis.example.org", "--devices=3"];
  assert.doesNotThrow(() => settingsOf(...fleet));
  for (const flag of ["--frame_bytes=1000", "--redis_password=secret"]) {
    assert.throws(() => settingsOf(...fleet, flag), /without TLS/);
    assert.doesNotThrow(() => settingsOf(...fleet, flag, "--redis_allow_plaintext"));
    assert.doesNotThrow(() => settingsOf(fleet[0]!, flag, "--output=clip.avi"));
  }
});
