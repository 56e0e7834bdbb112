import assert from "node:assert/strict";
import { ConfigError, ExitError, UsageError } from "../../../src/base/errors.ts";
import { type Configuration, FLAGS, load } from "../../../src/app/flags.ts";
import type { FlagEntry } from "../../../src/config/flag_table.ts";

interface Machine {
  readonly env?: Record<string, string>;
  readonly files?: Record<string, string>;
}

function loadOn({ env = {}, files = {} }: Machine, ...argv: string[]): Configuration {
  return load(["--simulate", ...argv], {
    env,
    readText(path) {
      const text = files[path];
      if (text === undefined) throw new Deno.errors.NotFound(path);
      return text;
    },
  });
}

function failureOn(machine: Machine, ...argv: string[]): ExitError {
  try {
    loadOn(machine, ...argv);
  } catch (error) {
    assert(error instanceof ExitError, String(error));
    return error;
  }
  throw new Error("It loads");
}

function entryOf(name: string): FlagEntry {
  const entry = FLAGS.entries.find(({ flag }) => flag.name === name);
  assert(entry);
  return entry;
}

const CONFIG = "--redis_config_path=/etc/redis.json";
const withConfig = (config: unknown, env: Record<string, string> = {}): Machine => ({
  env,
  files: { "/etc/redis.json": typeof config === "string" ? config : JSON.stringify(config) },
});

Deno.test("load() returns the documented defaults without flags", () => {
  const { redis, publish, vitals, server } = loadOn({}).settings;
  assert.equal(redis.host, "localhost");
  assert.equal(redis.port, 6379);
  assert.equal(redis.password.isEmpty, true);
  assert.equal(redis.maxBulkStringBytes, 10_485_760);
  assert.equal(redis.usePubsub, true);
  assert.equal(publish.backend, "redis");
  assert.equal(vitals.bufferDurationS, 0.2);
  assert.equal(server.grpcPort, 50051);
});

Deno.test("load() prefers a flag to the environment, to the file, to the default", () => {
  const machine = withConfig({ port: 3, database: 3, key_prefix: "three" }, {
    PHYSIOLOGY_REDIS_PORT: "2",
    PHYSIOLOGY_REDIS_DATABASE: "2",
  });
  const { settings, originOf } = loadOn(machine, CONFIG, "--redis_port=1");
  assert.deepEqual(
    [settings.redis.port, settings.redis.database, settings.redis.keyPrefix, settings.redis.host],
    [1, 2, "three", "localhost"],
  );
  assert.deepEqual(
    ["redis_port", "redis_database", "redis_key_prefix", "redis_host"]
      .map((name) => originOf(entryOf(name)).kind),
    ["flag", "environment", "file", "default"],
  );
});

Deno.test("load() freezes the settings", () => {
  const { settings } = loadOn({});
  assert(Object.isFrozen(settings) && Object.isFrozen(settings.redis));
});

Deno.test("load() rejects a number out of range with flag, range, value and status 64", () => {
  const error = failureOn({}, "--redis_port=99999");
  assert.equal(error.exitStatus, 64);
  assert.match(error.message, /--redis_port: it must be an integer from 1 to 65535.*99999/);
  const fromEnvironment = failureOn({ env: { PHYSIOLOGY_MAX_FPS: "fast" } });
  assert(fromEnvironment instanceof UsageError);
  assert.match(fromEnvironment.message, /PHYSIOLOGY_MAX_FPS: it must be a number from 1 to 240/);
});

for (
  const [what, config, message] of [
    ["an empty file", "", /\/etc\/redis\.json: it is empty/],
    ["a file that is not JSON", '{\n"port": 1,\n}', /\/etc\/redis\.json: it is not valid JSON/],
    ["a file that is not an object", "[1]", /must be a JSON object/],
    ["an unknown key", { prot: 1 }, /key "prot" in \/etc\/redis\.json: did you mean "port"\?/],
    ["a wrong type", { port: "6379" }, /"port" in .*an integer from 1 to 65535.*"6379"/],
    [
      "a number out of range",
      { port: 0 },
      /"port" in .*an integer from 1 to 65535: current value is 0/,
    ],
    ["a fraction", { database: 1.5 }, /"database" in .*an integer from 0 to 15/],
    ["a key of Object.prototype", '{"__proto__": 1}', /unknown|known keys|did you mean/],
  ] as const
) {
  Deno.test(`load() rejects ${what} as configuration with status 78`, () => {
    const error = failureOn(withConfig(config), CONFIG);
    assert(error instanceof ConfigError);
    assert.equal(error.exitStatus, 78);
    assert.match(error.message, message);
  });
}

Deno.test("load() rejects a missing configuration file with status 78", () => {
  const error = failureOn({}, CONFIG);
  assert.equal(error.exitStatus, 78);
  assert.match(error.message, /\/etc\/redis\.json: no such file/);
});

Deno.test("load() does not print a password of a wrong type", () => {
  const error = failureOn(withConfig({ password: 12345 }), CONFIG);
  assert.doesNotMatch(error.message, /12345/);
  const broken = failureOn(withConfig('{"password": "hunter2" "host": 1}'), CONFIG);
  assert.doesNotMatch(broken.message, /hunter2/);
});

Deno.test("load() reads a password from flag, environment, file, credential or configuration", () => {
  const files = { "/run/pw": "from file\n", "/run/credentials/redis_password": "credential" };
  const passwordOf = (machine: Machine, ...argv: string[]) =>
    loadOn(machine, ...argv).settings.redis.password.reveal();
  const credential = { CREDENTIALS_DIRECTORY: "/run/credentials" };
  assert.equal(passwordOf({ files }, "--redis_password=own"), "own");
  assert.equal(passwordOf({ files }, "--redis_password_file=/run/pw"), "from file");
  assert.equal(passwordOf({ files, env: { PHYSIOLOGY_REDIS_PASSWORD: "env" } }), "env");
  assert.equal(passwordOf({ files, env: credential }), "credential");
  const all = { ...files, "/etc/redis.json": '{"password": "config"}' };
  assert.equal(passwordOf({ files: all }, CONFIG), "config");
  assert.equal(passwordOf({ files: all, env: credential }, CONFIG), "credential");
  assert.equal(
    passwordOf({ files: all, env: credential }, CONFIG, "--redis_password_file=/run/pw"),
    "from file",
  );
  assert.equal(passwordOf({ env: { CREDENTIALS_DIRECTORY: "/none" } }), "");
});

Deno.test("load() rejects two passwords of the same origin", () => {
  const files = { "/run/pw": "x" };
  const error = failureOn({ files }, "--redis_password=y", "--redis_password_file=/run/pw");
  assert.match(error.message, /both redis_password and redis_password_file/);
});

Deno.test("load() rejects a password file that is missing, empty or of two lines with status 78", () => {
  for (const text of [undefined, "", "\n", "one\ntwo\n"]) {
    const files = text === undefined ? {} : { "/run/pw": text };
    assert.equal(failureOn({ files }, "--redis_password_file=/run/pw").exitStatus, 78);
  }
});

Deno.test("load() rejects serve without exactly one input", () => {
  const machine = { env: {}, readText: () => "" };
  assert.throws(() => load([], machine), /add --use_camera, --input_video_path=FILE or --simulate/);
  assert.match(failureOn({}, "--use_camera").message, /--use_camera and --simulate together/);
});

Deno.test("load() rejects contradictory values with the status of their origin", () => {
  assert.equal(failureOn({}, "--redis_tls", "--redis_tls_cert_path=/a").exitStatus, 64);
  const half = withConfig({ tls: true, tls_cert_path: "/a" });
  assert.equal(failureOn(half, CONFIG).exitStatus, 78);
  assert.match(failureOn({}, "--grpc_address=0.0.0.0").message, /without TLS and a token/);
  assert.match(
    failureOn({}, "--http_port=80", "--http_address=::").message,
    /without a token/,
  );
});

Deno.test("load() ignores an action in the environment", () => {
  assert.equal(loadOn({ env: { PHYSIOLOGY_VERSION: "true" } }).command, "serve");
});

Deno.test("load() returns help in spite of an invalid configuration", () => {
  assert.equal(loadOn({}, CONFIG, "--redis_port=x", "--help").command, "help");
});
