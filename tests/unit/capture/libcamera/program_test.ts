import assert from "node:assert/strict";
import { installedPrograms, startVid } from "../../../../src/capture/libcamera/program.ts";
import { withEnvironment } from "../../../support/environment.ts";
import { fakeRpicam } from "../../../support/fake_rpicam.ts";

Deno.test("installedPrograms() finds the program in PATH by its new and its old name", () => {
  for (const name of ["rpicam-vid", "libcamera-vid"]) {
    using program = fakeRpicam({ name });
    assert.deepEqual(installedPrograms({ PATH: `/nothing::${program.folder}` }), [name]);
  }
  assert.deepEqual(installedPrograms({ PATH: "/nothing" }), []);
  assert.deepEqual(installedPrograms({}), []);
});

Deno.test("startVid() passes variables of libcamera on, and no other ones", async () => {
  using _program = fakeRpicam({ runs: [{ then: "env; exit 0" }] });
  const text = await withEnvironment(
    { LIBCAMERA_RPI_TUNING_FILE: "/t.json", PHYSIOLOGY_REDIS_PASSWORD: "secret" },
    async () => {
      await using child = startVid([]);
      return await new Response(child.stdout).text();
    },
  );
  assert.match(text, /^LIBCAMERA_RPI_TUNING_FILE=\/t\.json$/m);
  assert.match(text, /^LC_ALL=C$/m);
  assert.doesNotMatch(text, /secret/);
});

Deno.test("startVid() reports what the program writes to stderr as it arrives", async () => {
  using _program = fakeRpicam({ runs: [{ log: "one\ntwo\n" }] });
  let seen = "";
  await using child = startVid([], { onStderr: (text) => seen += text });
  const { stderr } = await child.end();
  assert.equal(seen, "one\ntwo\n");
  assert.equal(stderr, seen);
});
