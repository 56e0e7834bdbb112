import fc from "fast-check";
import assert from "node:assert/strict";
import { load } from "../../../src/app/flags.ts";
import { UsageError } from "../../../src/base/errors.ts";
import { INSTANCE_NAME, PATHS, serviceOf } from "../../../src/installation/paths.ts";

const instanceOf = (name: string) =>
  load(["install", `--instance=${name}`], { env: {}, readText: () => "" }).settings.install
    .instance;

/** The names of a user that systemd accepts in all its modes (`valid_user_group_name()`). */
const USER_NAME = /^[a-z_][a-z0-9_-]{0,30}$/;

Deno.test("serviceOf() has the paths of the service without a name", () => {
  const service = serviceOf();
  assert.deepEqual([service.id, service.unitName], [
    "physiology_server",
    "physiology_server.service",
  ]);
  const { unit, wants, configFolder, redisConfig, stateFolder } = service;
  assert.deepEqual({ unit, wants, configFolder, redisConfig, stateFolder }, {
    unit: PATHS.unit,
    wants: { link: PATHS.wantsLink, unit: PATHS.unit },
    configFolder: PATHS.configFolder,
    redisConfig: PATHS.redisConfig,
    stateFolder: PATHS.stateFolder,
  });
});

Deno.test("serviceOf() shares no path between two services, and none lies in a folder of another", () => {
  const name = fc.stringMatching(INSTANCE_NAME.regex);
  const pathsOf = ({ unit, wants, configFolder, stateFolder }: ReturnType<typeof serviceOf>) => [
    unit,
    wants.link,
    configFolder,
    stateFolder,
  ];
  fc.assert(fc.property(fc.option(name, { nil: undefined }), name, (one, other) => {
    fc.pre(one !== other);
    for (const path of pathsOf(serviceOf(one))) {
      for (const second of pathsOf(serviceOf(other))) {
        assert(!`${path}/`.startsWith(`${second}/`) && !`${second}/`.startsWith(`${path}/`));
      }
    }
  }));
});

Deno.test("--instance takes names that need no escape in a unit, a user and a path", () => {
  for (const name of ["bed2", "2", "icu-3_left", "a".repeat(20)]) {
    assert.equal(instanceOf(name), name);
    assert.match(`physiology-${name}`, USER_NAME);
  }
  fc.assert(fc.property(fc.stringMatching(INSTANCE_NAME.regex), (name) => {
    assert.equal(instanceOf(name), name);
    assert.match(`physiology-${name}`, USER_NAME);
    assert.equal(encodeURIComponent(name), name);
  }));
});

Deno.test("--instance rejects every other name in one line", () => {
  const rejects = (name: string) =>
    assert.throws(() => instanceOf(name), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /^Cannot use --instance: it must be 1 to 20 lowercase letters/);
      assert.doesNotMatch(error.message.replace(name, ""), /\n/);
      return true;
    });
  for (
    const name of [" ", "-a", "_a", ".", "..", "a/b", "a.b", "a@b", "Bed", "a b", "a\n", "%i"]
  ) rejects(name);
  rejects("a".repeat(21));
  const other = fc.string({ unit: "grapheme" }).filter((name) =>
    name !== "" && !INSTANCE_NAME.regex.test(name)
  );
  fc.assert(fc.property(other, rejects));
  assert.equal(instanceOf(""), undefined);
});
