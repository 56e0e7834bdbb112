import assert from "node:assert/strict";
import { ARCH, assetPath, packedFiles } from "../../../src/base/assets.ts";
import { VERSION } from "../../../src/base/version.ts";
import { withEnvironment } from "../../support/environment.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

Deno.test("assetPath() names files of the source tree for this architecture", () => {
  withEnvironment({ PHYSIOLOGY_ASSETS: undefined }, () => {
    assert.equal(assetPath("config"), `${ROOT}config`);
    assert.equal(assetPath("ffmpeg"), `${ROOT}.tools/${ARCH}/packed/ffmpeg`);
    assert.ok(Deno.statSync(assetPath("nativeLibrary")).isFile);
  });
  assert.equal(ARCH, Deno.build.arch === "aarch64" ? "arm64" : "x64");
});

Deno.test("assetPath() names files of the unpacked program if there is one", () => {
  for (const folder of ["/run/assets", "/run/assets/"]) {
    withEnvironment({ PHYSIOLOGY_ASSETS: folder }, () => {
      assert.equal(assetPath("ffmpeg"), "/run/assets/bin/ffmpeg");
      assert.equal(assetPath("licenses"), "/run/assets/licenses.txt");
    });
  }
});

Deno.test("packedFiles() pairs each packed path with its source for an architecture", () => {
  const files = new Map(packedFiles("arm64"));
  assert.equal(files.get("bin/ffmpeg"), ".tools/arm64/packed/ffmpeg");
  assert.equal(files.get("models"), "models");
  assert.ok([...files.values()].every((source) => !source.includes("{")));
});

Deno.test("VERSION is a semantic version", () => {
  assert.match(VERSION, /^\d+\.\d+\.\d+(-[\w.]+)?$/);
});
