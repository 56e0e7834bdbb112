import assert from "node:assert/strict";
import { ConfigError } from "../../../../src/base/errors.ts";
import { Secret } from "../../../../src/config/secret.ts";
import { chooseTarget } from "../../../../src/transports/video_push/target.ts";
import { withEnvironment } from "../../../support/environment.ts";
import { fakeFfmpeg } from "../../../support/fake_ffmpeg.ts";
import { FFMPEGS, OWN_FFMPEG, withFfmpeg } from "../../../support/ffmpegs.ts";

const [SYSTEM] = FFMPEGS;

function choose(path: string, url: string, codec: "mjpeg" | "h264" = "mjpeg") {
  return withFfmpeg(path, () =>
    chooseTarget({
      url: new Secret(url),
      urlFile: undefined,
      codec,
      tlsCaPath: undefined,
      allowPlaintext: false,
    }));
}

function refusal(pattern: RegExp) {
  return (error: unknown) =>
    error instanceof ConfigError && error.exitStatus === 78 && pattern.test(error.describe()) &&
    !error.describe().includes("hunter2");
}

Deno.test("chooseTarget() takes the ffmpeg of the system for a URL without a password", async () => {
  const target = await choose(SYSTEM!.path, "rtsp://localhost:8554/bed");
  assert.deepEqual(target.address, { host: "localhost", port: 8554, tls: false });
  assert.equal(target.h264, undefined);
  assert.equal((await choose(SYSTEM!.path, "rtsp://localhost/bed", "h264")).h264, "libx264");
});

Deno.test("chooseTarget() refuses what another ffmpeg would show or not verify", async () => {
  for (const url of ["rtsp://me:hunter2@localhost/bed", "rtsp://localhost/bed?key=hunter2"]) {
    await assert.rejects(choose(SYSTEM!.path, url), refusal(/Cannot hide the password.*packed/));
  }
  await assert.rejects(
    choose(SYSTEM!.path, "rtsps://localhost/bed"),
    refusal(/Cannot verify the certificate of the RTSP server.*packed/),
  );
});

Deno.test({
  name: "chooseTarget() refuses H.264 with the own ffmpeg, which takes passwords and TLS",
  ignore: OWN_FFMPEG === undefined,
  fn: async () => {
    const { path } = OWN_FFMPEG!;
    const target = await choose(path, "rtsps://me:hunter2@localhost/bed");
    assert.equal(target.executable.build, "own");
    await assert.rejects(
      choose(path, "rtsp://localhost/bed", "h264"),
      refusal(/Cannot encode H\.264.*PHYSIOLOGY_FFMPEG.*libx264/),
    );
  },
});

Deno.test("chooseTarget() refuses an ffmpeg without RTSP output", async () => {
  using ffmpeg = fakeFfmpeg();
  // The sandbox starts no script.
  await withEnvironment({ PHYSIOLOGY_FFMPEG_SANDBOX: "off" }, () =>
    assert.rejects(
      choose(ffmpeg.path, "rtsp://localhost/bed"),
      refusal(/it has no RTSP output.*packed/),
    ));
});
