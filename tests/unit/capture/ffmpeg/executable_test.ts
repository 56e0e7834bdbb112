import assert from "node:assert/strict";
import {
  compareVersions,
  findFfmpeg,
  parseVersion,
} from "../../../../src/capture/ffmpeg/executable.ts";
import { SourceError } from "../../../../src/capture/frame.ts";
import { withEnvironment } from "../../../support/environment.ts";
import { temporaryFolder } from "../../../support/folders.ts";
import { writeProgram } from "../../../support/programs.ts";

Deno.test("parseVersion() orders builds by libavutil and selects the options of that version", () => {
  const debian = parseVersion(
    "ffmpeg",
    "ffmpeg version 5.1.9-0+deb12u1 Copyright\nlibavutil      57. 28.100 / 57. 28.100\n",
  )!;
  const packed = parseVersion(
    "/packed/ffmpeg",
    "ffmpeg version N-47683-g0e8eb07980-static Copyright\nlibavutil      56. 24.101 / 56. 24.101\n",
  )!;
  assert.equal(debian.version, "5.1.9-0+deb12u1");
  assert.deepEqual(debian.passthrough, ["-fps_mode", "passthrough"]);
  assert.deepEqual(packed.passthrough, ["-vsync", "passthrough"]);
  assert.ok(compareVersions(debian.libavutil, packed.libavutil) > 0);
  assert.equal(parseVersion("ls", "ls (GNU coreutils) 9.1\n"), undefined);
});

Deno.test("parseVersion() recognizes the build of this project, and one with GnuTLS", () => {
  const buildOf = (version: string, configuration: string) =>
    parseVersion(
      "ffmpeg",
      `ffmpeg version ${version} Copyright\nconfiguration: ${configuration}\n` +
        "libavutil      59. 39.100 / 59. 39.100\n",
    )!.build;
  assert.equal(buildOf("7.1.5-physiology", "--enable-mbedtls"), "own");
  assert.equal(buildOf("7.1.5-0+deb13u1", "--prefix=/usr --enable-gnutls --enable-gpl"), "gnutls");
  assert.equal(buildOf("7.1.5", "--enable-openssl"), "other");
});

Deno.test("parseVersion() takes libavutil 57.28.100 as the first with -fps_mode", () => {
  const optionOf = (libavutil: string) =>
    parseVersion("ffmpeg", `ffmpeg version 5\nlibavutil      ${libavutil} / 1. 1. 1\n`)!
      .passthrough[0];
  assert.equal(optionOf("57. 28.100"), "-fps_mode");
  assert.equal(optionOf("57. 28. 99"), "-vsync");
  assert.equal(optionOf("57. 27.200"), "-vsync");
  assert.equal(optionOf("58.  0.  0"), "-fps_mode");
  assert.equal(parseVersion("ffmpeg", "ffmpeg version 5\n"), undefined);
  assert.equal(parseVersion("ffmpeg", "libavutil      57. 28.100 / 57. 28.100\n"), undefined);
});

Deno.test("compareVersions() compares from the left, and takes absent numbers for 0", () => {
  const signs = ([
    [[1, 2, 3], [1, 2, 3], 0],
    [[1, 2], [1, 2, 0], 0],
    [[1, 2, 1], [1, 2], 1],
    [[1, 2], [1, 2, 1], -1],
    [[2, 0, 0], [1, 9, 9], 1],
    [[1, 3, 0], [1, 2, 9], 1],
  ] as const).map(([a, b, sign]) => [Math.sign(compareVersions(a, b)), sign]);
  for (const [found, expected] of signs) assert.equal(found, expected);
});

/** The fake programs are scripts, which need what the sandbox refuses. */
const UNBOXED = { PHYSIOLOGY_FFMPEG_SANDBOX: "off" };

/** A program that prints a version of ffmpeg; it counts its starts. */
function fakeVersion(libavutil: string) {
  const folder = temporaryFolder();
  const path = `${folder.path}/bin/ffmpeg`;
  Deno.mkdirSync(`${folder.path}/bin`);
  const write = (version: string) =>
    writeProgram(
      path,
      `#!/bin/sh
[ "$*" = -version ] || exit 1
echo start >> ${folder.path}/starts
printf 'ffmpeg version fake\\nlibavutil      ${version} / 1. 1. 1\\n'
`,
    );
  write(libavutil);
  return {
    path,
    folder: folder.path,
    write,
    get starts() {
      return Deno.readTextFileSync(`${folder.path}/starts`).trim().split("\n").length;
    },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

Deno.test("findFfmpeg() uses the program that PHYSIOLOGY_FFMPEG names, and asks it once", async () => {
  using fake = fakeVersion("57. 28.100");
  const [first, second, third] = await withEnvironment(
    { PHYSIOLOGY_FFMPEG: fake.path, ...UNBOXED },
    async () => [...await Promise.all([findFfmpeg(), findFfmpeg()]), await findFfmpeg()],
  );
  assert.deepEqual(first, {
    path: fake.path,
    version: "fake",
    libavutil: [57, 28, 100],
    build: "other",
    passthrough: ["-fps_mode", "passthrough"],
  });
  assert.equal(first, second);
  assert.equal(third, first);
  assert.equal(fake.starts, 1);
});

Deno.test("findFfmpeg() refuses a named program that is not ffmpeg, and asks it again later", async () => {
  using fake = fakeVersion("unknown");
  for (const path of [fake.path, "/absent/ffmpeg"]) {
    await assert.rejects(
      withEnvironment({ PHYSIOLOGY_FFMPEG: path, ...UNBOXED }, findFfmpeg),
      (error) => {
        assert.ok(error instanceof SourceError);
        assert.equal(
          error.message,
          `Cannot start the ffmpeg that PHYSIOLOGY_FFMPEG names: ${path}`,
        );
        assert.match(error.hint, /or unset it$/);
        return true;
      },
    );
  }
  fake.write("57. 1. 2");
  const { libavutil } = await withEnvironment({
    PHYSIOLOGY_FFMPEG: fake.path,
    ...UNBOXED,
  }, findFfmpeg);
  assert.deepEqual(libavutil, [57, 1, 2]);
});

/** What `findFfmpeg` chooses in a process that has asked for none yet. */
async function chosen({ packed, system }: { packed?: string; system?: string }): Promise<string> {
  const url = import.meta.resolve("../../../../src/capture/ffmpeg/executable.ts");
  const script = `import { findFfmpeg } from "${url}";
    console.log(await findFfmpeg().then(({ path }) => path, ({ message }) => message));`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", "--ext=ts", script],
    env: {
      PHYSIOLOGY_FFMPEG: "",
      ...UNBOXED,
      PHYSIOLOGY_ASSETS: packed ?? "/absent",
      PATH: `${system ?? "/absent"}/bin`,
      NO_COLOR: "1",
    },
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout).trim();
}

Deno.test("findFfmpeg() takes the packed program, or else that of the system", async () => {
  using packed = fakeVersion("56. 1. 1");
  using system = fakeVersion("57. 1. 1");
  assert.equal(await chosen({ packed: packed.folder, system: system.folder }), packed.path);
  assert.equal(await chosen({ system: system.folder }), "ffmpeg");
  assert.equal(await chosen({}), "Cannot find ffmpeg: it is neither packed nor in PATH");
});
