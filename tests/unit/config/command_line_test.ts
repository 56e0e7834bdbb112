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

function complaintOf(...argv: string[]): string {
  try {
    parseCommandLine(argv);
  } catch (error) {
    assert(error instanceof UsageError, String(error));
    return error.message;
  }
  throw new Error(`${argv.join(" ")} is understood`);
}

Deno.test("a value stands behind an equals sign or in the next word", () => {
  const expected = { redis_host: "a=b", redis_port: "7" };
  assert.deepEqual(valuesOf("--redis_host=a=b", "--redis_port", "7"), expected);
});

Deno.test("a switch is on by its name and off by no before it", () => {
  assert.deepEqual(valuesOf("--use_camera", "--noauto_lock", "--no-realtime", "--no_loop"), {
    use_camera: "true",
    auto_lock: "false",
    realtime: "false",
    loop: "false",
  });
  assert.deepEqual(valuesOf("--norealtime"), { realtime: "false" });
  assert.deepEqual(valuesOf("--use_camera=false"), { use_camera: "false" });
});

Deno.test("hyphens and one dash are as good as underscores and two", () => {
  assert.deepEqual(valuesOf("--redis-key-prefix=a-b", "-use_camera"), {
    redis_key_prefix: "a-b",
    use_camera: "true",
  });
});

Deno.test("of a flag given twice the last counts", () => {
  assert.deepEqual(valuesOf("--redis_port=1", "--redis_port=2"), { redis_port: "2" });
});

Deno.test("the first word is the command, and none is serve", () => {
  assert.equal(parseCommandLine([]).command, "serve");
  assert.equal(parseCommandLine(["--use_camera"]).command, "serve");
  assert.equal(parseCommandLine(["devices", "--json"]).command, "devices");
  assert.equal(parseCommandLine(["check_config"]).command, "check-config");
  assert.equal(parseCommandLine(["completions", "bash"]).argument, "bash");
});

Deno.test("a flag may stand for a command", () => {
  assert.equal(parseCommandLine(["--version"]).command, "version");
  assert.equal(parseCommandLine(["--noversion"]).command, "serve");
  assert.equal(parseCommandLine(["-h"]).command, "help");
  assert.equal(
    parseCommandLine(["--save_default_redis_ipc_config"]).command,
    "save-default-config",
  );
});

Deno.test("help after a command explains that command", () => {
  const line = parseCommandLine(["simulate", "--help"]);
  assert.deepEqual([line.command, line.argument], ["help", "simulate"]);
});

Deno.test("one name may mean different things to different commands", () => {
  assert.deepEqual(valuesOf("devices", "--json"), { json: "true" });
  assert.deepEqual(valuesOf("validate", "--json=out.json"), { json: "out.json" });
});

Deno.test("an unknown flag is refused with the nearest known one", () => {
  assert.match(complaintOf("--redis_prot=1"), /flag --redis_prot: did you mean --redis_port\?/);
  assert.match(complaintOf("--use_camara"), /did you mean --use_camera\?/);
  assert.match(complaintOf("--nouse_camara"), /did you mean/);
  assert.match(complaintOf("--xyzzy_plugh_quux"), /help serve lists the flags/);
});

Deno.test("what a mistyped flag was given is not repeated, for it may be a password", () => {
  assert.doesNotMatch(complaintOf("--redis_pasword=hunter2"), /hunter2/);
});

Deno.test("a flag that stands for a command brings the flags of that command along", () => {
  assert.deepEqual(valuesOf("--version", "--json"), { version: "true", json: "true" });
  assert.match(complaintOf("--use_camera", "--json"), /Cannot use --json with serve/);
});

Deno.test("a flag of another command is refused with the commands that take it", () => {
  assert.match(complaintOf("devices", "--redis_host=a"), /flag of serve, record, dashboard/);
});

Deno.test("an unknown command is refused with the nearest known one", () => {
  assert.match(complaintOf("devcies"), /did you mean 'devices'\?/);
});

Deno.test("words that mean nothing are refused with what to write", () => {
  assert.match(complaintOf("--use_camera", "false"), /--flag=false/);
  assert.match(complaintOf("--use_camera", "devices"), /command comes first/);
  assert.match(complaintOf("devices", "seven"), /devices takes no such argument/);
  assert.match(complaintOf("--use_camera", "--", "--loop"), /takes no such argument/);
});

Deno.test("a value that is missing is not taken from the next flag", () => {
  assert.match(complaintOf("--redis_host", "--use_camera"), /--redis_host without a value/);
  assert.match(complaintOf("--redis_host"), /--redis_host without a value/);
  assert.deepEqual(valuesOf("--verbosity", "-1"), { verbosity: "-1" });
});

Deno.test("no before a switch takes no value", () => {
  assert.match(complaintOf("--noloop=true"), /use --loop=true/);
});
