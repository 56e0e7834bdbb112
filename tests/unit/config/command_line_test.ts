import assert from "node:assert/strict";
import { FLAGS } from "../../../src/app/flags.ts";
import { parseCommandLine as parse } from "../../../src/config/command_line.ts";
import { UsageError } from "../../../src/base/errors.ts";

const parseCommandLine = (argv: readonly string[]) => parse(FLAGS, argv);

function valuesOf(...argv: string[]): Record<string, string> {
  return Object.fromEntries(
    [...parseCommandLine(argv).values].map(([{ flag }, text]) => [flag.name, text]),
  );
}

function messageOf(...argv: string[]): string {
  try {
    parseCommandLine(argv);
  } catch (error) {
    assert(error instanceof UsageError, String(error));
    return error.message;
  }
  throw new Error(`${argv.join(" ")} is accepted`);
}

Deno.test("parseCommandLine() takes a value after an equals sign or in the next word", () => {
  const expected = { redis_host: "a=b", redis_port: "7" };
  assert.deepEqual(valuesOf("--redis_host=a=b", "--redis_port", "7"), expected);
});

Deno.test("parseCommandLine() sets a switch by its name and clears it by no before its name", () => {
  assert.deepEqual(valuesOf("--use_camera", "--noauto_lock", "--no-realtime", "--no_loop"), {
    use_camera: "true",
    auto_lock: "false",
    realtime: "false",
    loop: "false",
  });
  assert.deepEqual(valuesOf("--norealtime"), { realtime: "false" });
  assert.deepEqual(valuesOf("--use_camera=false"), { use_camera: "false" });
});

Deno.test("parseCommandLine() accepts hyphens for underscores, and one dash for two", () => {
  assert.deepEqual(valuesOf("--redis-key-prefix=a-b", "-use_camera"), {
    redis_key_prefix: "a-b",
    use_camera: "true",
  });
});

Deno.test("parseCommandLine() uses the last value of a repeated flag", () => {
  assert.deepEqual(valuesOf("--redis_port=1", "--redis_port=2"), { redis_port: "2" });
});

Deno.test("parseCommandLine() takes the first word as the command, serve by default", () => {
  assert.equal(parseCommandLine([]).command, "serve");
  assert.equal(parseCommandLine(["--use_camera"]).command, "serve");
  assert.equal(parseCommandLine(["devices", "--json"]).command, "devices");
  assert.equal(parseCommandLine(["check_config"]).command, "check-config");
  assert.equal(parseCommandLine(["completions", "bash"]).argument, "bash");
});

Deno.test("parseCommandLine() runs the command of a flag such as --version", () => {
  assert.equal(parseCommandLine(["--version"]).command, "version");
  assert.equal(parseCommandLine(["--noversion"]).command, "serve");
  assert.equal(parseCommandLine(["-h"]).command, "help");
  assert.equal(
    parseCommandLine(["--save_default_redis_ipc_config"]).command,
    "save-default-config",
  );
});

Deno.test("parseCommandLine() takes --help after a command as help for that command", () => {
  const line = parseCommandLine(["simulate", "--help"]);
  assert.deepEqual([line.command, line.argument], ["help", "simulate"]);
});

Deno.test("parseCommandLine() resolves a name that two commands use for different flags", () => {
  assert.deepEqual(valuesOf("devices", "--json"), { json: "true" });
  assert.deepEqual(valuesOf("validate", "--json=out.json"), { json: "out.json" });
});

Deno.test("parseCommandLine() rejects an unknown flag with the nearest known one", () => {
  assert.match(messageOf("--redis_prot=1"), /flag --redis_prot: did you mean --redis_port\?/);
  assert.match(messageOf("--use_camara"), /did you mean --use_camera\?/);
  assert.match(messageOf("--nouse_camara"), /did you mean/);
  assert.match(messageOf("--xyzzy_plugh_quux"), /help serve lists the flags/);
});

Deno.test("parseCommandLine() does not print the value of an unknown flag, which may be a password", () => {
  assert.doesNotMatch(messageOf("--redis_pasword=hunter2"), /hunter2/);
});

Deno.test("parseCommandLine() accepts the flags of the command that a flag runs", () => {
  assert.deepEqual(valuesOf("--version", "--json"), { version: "true", json: "true" });
  assert.match(messageOf("--use_camera", "--json"), /Cannot use --json with serve/);
});

Deno.test("parseCommandLine() rejects a flag of another command with the commands that take it", () => {
  assert.match(messageOf("devices", "--redis_host=a"), /flag of serve, record, alert, dashboard/);
});

Deno.test("parseCommandLine() rejects an unknown command with the nearest known one", () => {
  assert.match(messageOf("devcies"), /did you mean 'devices'\?/);
});

Deno.test("parseCommandLine() rejects unexpected arguments with a suggestion", () => {
  assert.match(messageOf("--use_camera", "false"), /--flag=false/);
  assert.match(messageOf("--use_camera", "devices"), /command comes first/);
  assert.match(messageOf("devices", "seven"), /devices takes no such argument/);
  assert.match(messageOf("--use_camera", "--", "--loop"), /takes no such argument/);
});

Deno.test("parseCommandLine() does not take a missing value from the next flag", () => {
  assert.match(messageOf("--redis_host", "--use_camera"), /--redis_host without a value/);
  assert.match(messageOf("--redis_host"), /--redis_host without a value/);
  assert.deepEqual(valuesOf("--verbosity", "-1"), { verbosity: "-1" });
});

Deno.test("parseCommandLine() rejects a value for a negated switch", () => {
  assert.match(messageOf("--noloop=true"), /use --loop=true/);
});

Deno.test("parseCommandLine() takes everything after two dashes as words", () => {
  const line = parseCommandLine(["help", "--", "--loop"]);
  assert.equal(line.argument, "--loop");
  assert.match(messageOf("help", "redis", "--", "--loop"), /argument '--loop'/);
});

Deno.test("parseCommandLine() takes a single dash for a word, and the value after a flag", () => {
  assert.match(messageOf("-"), /argument '-'/);
  assert.deepEqual(valuesOf("--redis_key_prefix", "-"), { redis_key_prefix: "-" });
  assert.deepEqual(valuesOf("--redis_key_prefix", "--"), { redis_key_prefix: "--" });
  assert.match(
    messageOf("--redis_key_prefix", "--x"),
    /without a value: --redis_key_prefix=PREFIX/,
  );
});

Deno.test("parseCommandLine() takes one word after a command that takes one", () => {
  assert.equal(parseCommandLine(["help"]).argument, undefined);
  assert.equal(parseCommandLine(["help", "redis"]).argument, "redis");
  assert.match(messageOf("help", "redis", "x"), /argument 'x': help takes no such argument/);
  assert.match(messageOf("devices", "x"), /argument 'x': devices takes no such argument/);
});

Deno.test("parseCommandLine() suggests an equals sign for each word of a switch", () => {
  for (const word of ["true", "FALSE", "yes", "no", "0", "1"]) {
    assert.match(messageOf("--use_camera", word), new RegExp(`--flag=${word}`));
  }
});

Deno.test("parseCommandLine() prefers help to the other commands that flags run", () => {
  assert.equal(parseCommandLine(["--version", "--help"]).command, "help");
  assert.equal(parseCommandLine(["--help"]).argument, undefined);
  assert.equal(parseCommandLine(["--help=false", "--version"]).command, "version");
  assert.equal(parseCommandLine(["serve", "--version"]).argument, undefined);
});

Deno.test("parseCommandLine() rejects a negated flag that is no switch", () => {
  assert.match(messageOf("--noredis_host"), /unknown flag --noredis_host/);
  assert.match(messageOf("--no"), /unknown flag --no/);
});

Deno.test("parseCommandLine() lists the commands if none is similar", () => {
  assert.match(messageOf("xyzzyplugh"), /physiology_server --help lists the commands/);
  assert.match(messageOf("check_confg"), /did you mean 'check-config'\?/);
});
