import assert from "node:assert/strict";
import { load } from "../../../src/app/flags.ts";
import { ConfigError, UsageError } from "../../../src/base/errors.ts";

const DEVICES = {
  "*": {
    redis_host: "localhost",
    use_camera: true,
    redis_tls: true,
    redis_cluster: true,
    redis_key_prefix: "ward",
  },
  "pi-1": { redis_key_prefix: "ward-1", redis_cluster_nodes: ["a:1", "b:2"] },
};

/** Loads `install` with a file of devices, on a machine with a host name. */
function install(devices: unknown, { host = "pi-1", flags = [] as readonly string[] } = {}) {
  const texts: Readonly<Record<string, string>> = {
    "devices.json": typeof devices === "string" ? devices : JSON.stringify(devices),
    "/proc/sys/kernel/hostname": `${host}\n`,
    "/mnt/etc/hostname": "pi-1\n",
  };
  return load(["install", ...flags, "--provision=devices.json"], {
    env: {},
    readText: (path) => texts[path] ?? assert.fail(path),
  }).settings;
}

Deno.test("install --provision uses the flags of this device and of every one", () => {
  const { redis, camera } = install(DEVICES);
  assert.deepEqual(
    [redis.host, redis.keyPrefix, redis.clusterNodes, camera.use],
    ["localhost", "ward-1", ["a:1", "b:2"], true],
  );
});

Deno.test("install --provision leaves the last word to the command line", () => {
  const { redis } = install(DEVICES, {
    flags: ["--redis_key_prefix=bed", "--noredis_cluster", "--redis_cluster_nodes="],
  });
  assert.deepEqual([redis.keyPrefix, redis.cluster], ["bed", false]);
});

Deno.test("install --provision finds the host name of a mounted system", () => {
  const { redis } = install(DEVICES, { host: "laptop", flags: ["--root=/mnt"] });
  assert.equal(redis.keyPrefix, "ward-1");
});

Deno.test("install --provision refuses a device that the file does not name", () => {
  for (const host of ["pi-2", "constructor"]) {
    assert.throws(() => install(DEVICES, { host }), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /it has no device .*: known devices are pi-1$/);
      return true;
    });
  }
});

Deno.test("install --provision names the file in the error for its content", () => {
  for (
    const [devices, reason] of [
      ["{", /Cannot read the devices in devices\.json/],
      [[], /Cannot use the devices in devices\.json/],
      [{ "pi-1": 5 }, /Cannot use the devices in devices\.json/],
      [{ "pi-1": { redis_hots: "a" } }, /Cannot install with devices\.json: .*redis_hots/],
    ] as const
  ) {
    assert.throws(() => install(devices), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, reason);
      return true;
    });
  }
});
