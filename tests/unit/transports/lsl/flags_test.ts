import assert from "node:assert/strict";
import { FLAGS, load, selectedOutlets } from "../../../../src/app/flags.ts";
import { lslFlags, lslPermissions } from "../../../../src/transports/lsl/flags.ts";
import { accepts, defaultsOf } from "../../../support/flag_limits.ts";

function settingsOf(...argv: string[]) {
  return load(["--simulate", ...argv], { env: {}, readText: () => "" }).settings;
}

Deno.test("lslFlags are off by default, and belong to serve", () => {
  assert.deepEqual(defaultsOf(lslFlags), { enabled: false });
  assert.deepEqual(selectedOutlets(settingsOf()), []);
  assert.equal(selectedOutlets(settingsOf("--lsl")).length, 1);
  const names = FLAGS.flagsOf("record").map(({ flag }) => flag.name);
  assert.ok(!names.includes("lsl"));
});

Deno.test("lslFlags accept a name of 1 to 100 characters without control characters", () => {
  for (const [name, isValid] of [["bed 7", true], ["x".repeat(100), true], ["é", true]] as const) {
    assert.equal(accepts(lslFlags, "name", name), isValid);
  }
  for (const name of ["x".repeat(101), "a\nb"]) assert.ok(!accepts(lslFlags, "name", name));
});

Deno.test("lslRules reject lsl_* without --lsl", () => {
  for (const flag of ["--lsl_library=/usr/lib/liblsl.so", "--lsl_name=a"]) {
    assert.throws(() => settingsOf(flag), /Cannot use lsl_\* without the streams: add --lsl/);
    settingsOf("--lsl", flag);
  }
});

Deno.test("lslPermissions allow native code and the id of the machine, only with --lsl", () => {
  const program = { assets: "/a", env: {} };
  assert.deepEqual(lslPermissions(settingsOf(), program), {});
  assert.deepEqual(lslPermissions(settingsOf("--lsl", "--lsl_library=/l.so"), program), {
    ffi: true,
    read: ["/etc/machine-id", "/l.so"],
  });
});
