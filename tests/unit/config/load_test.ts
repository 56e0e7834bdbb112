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

Deno.test("load() prints no part of a secret that it refuses, whatever its origin", () => {
  const secret = "hunter2\0hunter2";
  const failures = [
    failureOn({}, `--redis_password=${secret}`),
    failureOn({ env: { PHYSIOLOGY_REDIS_PASSWORD: secret } }),
    failureOn(withConfig({ password: secret }), CONFIG),
    failureOn(withConfig({ password: ["hunter2"] }), CONFIG),
    failureOn({ files: { "/run/pw": "hunter2\nhunter2\n" } }, "--redis_password_file=/run/pw"),
    failureOn({ files: { "/run/pw": secret } }, "--redis_password_file=/run/pw"),
    failureOn(
      { files: { "/c/redis_password": "hunter2\nx" }, env: { CREDENTIALS_DIRECTORY: "/c" } },
    ),
  ];
  for (const { message } of failures) assert.doesNotMatch(message, /hunter2/);
  assert.match(
    failures[0]!.message,
    /--redis_password: it must be a text: current value is not shown/,
  );
  assert.match(failures[3]!.message, /"password" in .*: current value is not shown/);
});

Deno.test("load() masks a password in the value of another flag or key", () => {
  const url = "redis://nurse:hunter2@ward";
  for (
    const error of [
      failureOn({}, `--redis_host=${url}`),
      failureOn(withConfig({ host: url }), CONFIG),
    ]
  ) {
    assert.match(error.message, /redis:\/\/\*\*\*@ward/);
  }
});

Deno.test("load() shows at most 120 characters of a value", () => {
  const shownOf = (length: number) => {
    const { message } = failureOn({}, `--redis_port=${"x".repeat(length)}`);
    return /current value is '(x+)'/.exec(message)?.[1]?.length;
  };
  assert.deepEqual([shownOf(120), shownOf(121)], [120, 120]);
  const ofFile = (length: number) => {
    const { message } = failureOn(withConfig({ port: "x".repeat(length - 2) }), CONFIG);
    return /current value is (.*)$/.exec(message)?.[1] ?? "";
  };
  assert.equal(ofFile(120), `"${"x".repeat(118)}"`);
  assert.equal(ofFile(121), `"${"x".repeat(116)}...`);
});

Deno.test("load() accepts a configuration file of 1 MiB, and no larger one", () => {
  loadOn(withConfig("{}".padEnd(1_048_576)), CONFIG);
  assert.match(failureOn(withConfig("{}".padEnd(1_048_577)), CONFIG).message, /larger than 1 MiB/);
});

Deno.test("load() names the line of a syntax error, and accepts a byte order mark", () => {
  const { message } = failureOn(withConfig('{\n"port": 1,\n"host" 2}'), CONFIG);
  assert.match(message, /: it is not valid JSON: see line 3$/);
  assert.equal(loadOn(withConfig('\uFEFF{"port": 7}'), CONFIG).settings.redis.port, 7);
});

Deno.test("load() rejects a file that holds null, and lists the keys if none is similar", () => {
  assert.match(failureOn(withConfig("null"), CONFIG).message, /must be a JSON object/);
  assert.match(
    failureOn(withConfig({ xyzzy_plugh: 1 }), CONFIG).message,
    /known keys are host, port/,
  );
});

Deno.test("load() shows the origin of a secret, and keeps a password of a higher rank", () => {
  const files = { "/run/pw": "from file", "/c/redis_password": "credential" };
  const originOf = (machine: Machine, ...argv: string[]) => {
    const { originOf, settings } = loadOn(machine, ...argv);
    return [originOf(entryOf("redis_password")), settings.redis.password.reveal()];
  };
  const credentials = { CREDENTIALS_DIRECTORY: "/c" };
  assert.deepEqual(originOf({ files, env: credentials }), [
    { kind: "credential", name: "redis_password" },
    "credential",
  ]);
  assert.deepEqual(originOf({ files }, "--redis_password_file=/run/pw"), [
    { kind: "flag" },
    "from file",
  ]);
  const environment = { PHYSIOLOGY_REDIS_PASSWORD_FILE: "/run/pw" };
  assert.deepEqual(originOf({ files, env: environment }, "--redis_password=own"), [
    { kind: "flag" },
    "own",
  ]);
  assert.deepEqual(
    originOf({ files, env: { ...credentials, PHYSIOLOGY_REDIS_PASSWORD: "env" } }),
    [{ kind: "environment", name: "PHYSIOLOGY_REDIS_PASSWORD" }, "env"],
  );
  const empty = originOf({ files }, "--redis_password=", "--redis_password_file=/run/pw");
  assert.deepEqual(empty, [{ kind: "flag" }, "from file"]);
});

Deno.test("load() shows the file and key, or the variable, of a value", () => {
  const machine = withConfig({ port: 7 }, { PHYSIOLOGY_REDIS_HOST: "::1" });
  const { originOf, argument, command } = loadOn(machine, CONFIG);
  assert.deepEqual(originOf(entryOf("redis_port")), {
    kind: "file",
    path: "/etc/redis.json",
    key: "port",
  });
  assert.deepEqual(originOf(entryOf("redis_host")), {
    kind: "environment",
    name: "PHYSIOLOGY_REDIS_HOST",
  });
  assert.deepEqual([command, argument], ["serve", undefined]);
});

Deno.test("load() reports a credential that it cannot read, unless there is none", () => {
  const readText = (): string => {
    throw new Deno.errors.PermissionDenied("denied");
  };
  const env = { CREDENTIALS_DIRECTORY: "/c" };
  assert.throws(
    () => load(["--simulate"], { env, readText }),
    /Cannot read the secret in \/c\/\w+/,
  );
});

Deno.test("load() rejects two passwords of a file with status 78", () => {
  const machine = {
    files: {
      "/etc/redis.json": '{"password": "x", "password_file": "/run/pw"}',
      "/run/pw": "y",
    },
  };
  assert.equal(failureOn(machine, CONFIG).exitStatus, 78);
});

Deno.test("load() returns the word after the command", () => {
  const { command, argument } = load(["help", "redis"], { env: {}, readText: () => "" });
  assert.deepEqual([command, argument], ["help", "redis"]);
});
