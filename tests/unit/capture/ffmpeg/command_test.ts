import assert from "node:assert/strict";
import { assetPath } from "../../../../src/base/assets.ts";
import { ffmpegCommand, rightsFor } from "../../../../src/capture/ffmpeg/command.ts";
import { ffmpegPermissions } from "../../../../src/capture/ffmpeg/permissions.ts";

const PROGRAM = { path: "/ffmpeg", sandbox: "/sandbox" };

Deno.test("rightsFor() gives a stream no file, and a file no network", () => {
  for (const url of ["rtsp://cam/1", "https://cam/1", "udp://:1"]) {
    assert.deepEqual(rightsFor(url, "/ca.pem"), { network: true, tlsCaPath: "/ca.pem" });
  }
  assert.deepEqual(rightsFor("file:/a b.avi", "/ca.pem"), { read: ["/a b.avi"] });
  assert.deepEqual(rightsFor("/dev/video0"), { write: ["/dev/video0"] });
  assert.deepEqual(rightsFor("lavfi:testsrc"), {});
});

Deno.test("ffmpegCommand() passes the rights to the sandbox, and the arguments to ffmpeg", () => {
  const argsOf = (...rights: Parameters<typeof ffmpegCommand>[2][]) =>
    rights.map((each) => ffmpegCommand(PROGRAM, ["-i", "x"], each).args.join(" "));
  assert.deepEqual(
    argsOf(
      undefined,
      { network: true },
      { network: true, tlsCaPath: "/ca" },
      { read: ["/a", "/b"] },
      { write: ["/c"] },
      { largePipes: true, network: true },
    ),
    [
      "/ffmpeg -i x",
      "--network /ffmpeg -i x",
      "--network --read=/ca /ffmpeg -i x",
      "--read=/a --read=/b /ffmpeg -i x",
      "--write=/c /ffmpeg -i x",
      "--large-pipes --network /ffmpeg -i x",
    ],
  );
  assert.equal(ffmpegCommand(PROGRAM, []).path, "/sandbox");
  const { path, args } = ffmpegCommand({ path: "/ffmpeg" }, ["-i", "x"], { network: true });
  assert.deepEqual([path, args], ["/ffmpeg", ["-i", "x"]]);
});

Deno.test("ffmpegCommand() sets only the variables that ffmpeg needs", () => {
  const { env } = ffmpegCommand(PROGRAM, [], { tlsCaPath: "/ca.pem" });
  assert.deepEqual(Object.keys(env).toSorted(), [
    "LC_ALL",
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_TRIM_THRESHOLD_",
    "PATH",
    "SSL_CERT_FILE",
  ]);
  assert.equal(env["SSL_CERT_FILE"], "/ca.pem");
  const { env: system } = ffmpegCommand(PROGRAM, []);
  assert.equal(system["SSL_CERT_FILE"], "/etc/ssl/certs/ca-certificates.crt");
});

Deno.test("ffmpegPermissions allow the sandbox alone, unless it is switched off", () => {
  const runOf = (env: Record<string, string>) =>
    ffmpegPermissions(undefined, { assets: "/a", env }).run;
  assert.deepEqual(runOf({ PHYSIOLOGY_FFMPEG: "/b" }), [assetPath("sandbox")]);
  assert.deepEqual(runOf({ PHYSIOLOGY_FFMPEG: "/b", PHYSIOLOGY_FFMPEG_SANDBOX: "off" }), [
    assetPath("sandbox"),
    assetPath("ffmpeg"),
    "ffmpeg",
    "/b",
  ]);
});
