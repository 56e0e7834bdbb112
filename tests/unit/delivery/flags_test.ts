import assert from "node:assert/strict";
import { assetPath } from "../../../src/base/assets.ts";
import { publishFlags, publishPermissions } from "../../../src/delivery/flags.ts";
import { load } from "../../../src/app/flags.ts";
import { accepts, assertNumberLimits, defaultsOf } from "../../support/flag_limits.ts";

const FLAGS = publishFlags({ names: ["redis", "file"], default: "file" });

Deno.test("publishFlags accept numbers within their limits, and none beyond", () => {
  assertNumberLimits(FLAGS, {
    frameRateFps: [0, 240],
    idleFrameIntervalS: [0, 86_400],
    jpegQuality: [1, 100],
    maxFrameAgeMs: [10, 600_000],
    outboxMemoryBytes: [65_536, 4_294_967_296],
    spoolMaxBytes: [65_536, Number.MAX_SAFE_INTEGER],
    spoolMaxAgeSeconds: [1, 31_536_000],
  });
});

Deno.test("publishFlags have the documented defaults", () => {
  assert.deepEqual(defaultsOf(FLAGS), {
    backend: "file",
    enableEdgeMetrics: true,
    framePublish: "on_demand",
    frameRateFps: 0,
    idleFrameIntervalS: 10,
    jpegQuality: 80,
    enableHud: false,
    blurFaces: false,
    maxFrameAgeMs: 1000,
    outboxMemoryBytes: 16 * 1024 * 1024,
    spoolKey: "",
    spoolMaxBytes: 256 * 1024 * 1024,
    spoolMaxAgeSeconds: 24 * 3600,
  });
});

Deno.test("publishFlags accept the transports of the program and three ways to publish frames", () => {
  for (const text of ["redis", "file"]) assert.equal(accepts(FLAGS, "backend", text), true);
  assert.equal(accepts(FLAGS, "backend", "grpc"), false);
  for (const text of ["on_demand", "always", "never"]) {
    assert.equal(accepts(FLAGS, "framePublish", text), true);
  }
  assert.equal(accepts(FLAGS, "framePublish", "sometimes"), false);
});

Deno.test("publishPermissions() allow writing to the spool, and ffmpeg only to draw and to blur", () => {
  const permissionsOf = (...argv: string[]) => {
    const { settings } = load(["--simulate", ...argv], { env: {}, readText: () => "{}" });
    return publishPermissions(settings, { assets: "/a", env: {} });
  };
  assert.deepEqual(permissionsOf(), { write: [] });
  const { write, read, run } = permissionsOf("--spool_path=/spool", "--enable_hud");
  assert.deepEqual([write, run], [["/spool"], [assetPath("sandbox")]]);
  assert.deepEqual(permissionsOf("--blur_faces").run, run);
  assert.deepEqual(read, ["/etc/machine-id"], "part of the spool's identity");
});

Deno.test("publishRules refuse a key of the spool of less than 32 characters", () => {
  const loadKey = (key: string) =>
    load(["--simulate"], { env: { PHYSIOLOGY_SPOOL_KEY: key }, readText: () => "{}" });
  assert.throws(() => loadKey("k".repeat(31)), /with a key of less than 32 characters: write/);
  assert.equal(loadKey("k".repeat(32)).settings.publish.spoolKey.isEmpty, false);
});
