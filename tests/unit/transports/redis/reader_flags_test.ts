import assert from "node:assert/strict";
import { load } from "../../../../src/app/flags.ts";

const READERS = [
  ["dashboard"],
  ["alert", "--rules=rules.json"],
  ["log", "--to=sqlite:vitals.db"],
  ["fhir", "--to=out"],
] as const;
const devicesOf = (...argv: string[]) =>
  load(argv, { env: {}, readText: () => "" }).settings.reader.devices;

Deno.test("--devices is '*', and takes prefixes of up to 200 characters and patterns", () => {
  for (const command of READERS) {
    assert.deepEqual(devicesOf(...command), ["*"]);
    assert.deepEqual(devicesOf(...command, "--devices=a,b-*"), ["a", "b-*"]);
    assert.equal(devicesOf(...command, `--devices=${"x".repeat(200)}`).length, 1);
    for (const devices of ["a b", "x".repeat(201)]) {
      assert.throws(() => devicesOf(...command, `--devices=${devices}`), devices);
    }
  }
});

Deno.test("--devices has no patterns with --redis_sharded_publish, but without channels", () => {
  for (const command of READERS) {
    const sharded = [...command, "--redis_sharded_publish"];
    assert.deepEqual(devicesOf(...sharded, "--devices=a,b"), ["a", "b"]);
    for (const more of [[], ["--devices=a,b-?"]]) {
      const message = /on sharded channels by the pattern '(\*|b-\?)': name each one/;
      assert.throws(() => devicesOf(...sharded, ...more), { message, exitStatus: 64 });
      assert.ok(devicesOf(...sharded, ...more, "--noredis_use_pubsub").length > 0);
    }
  }
});
