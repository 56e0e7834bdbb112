import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { ARCH } from "../../../src/base/assets.ts";
import { testExecutable } from "../../support/executable_suite.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const DENO = `${ROOT}.tools/${ARCH}/deno`;

async function compile(env: Record<string, string>) {
  const folder = await Deno.makeTempDir({ prefix: "deno-compile-" });
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "scripts/compile.ts", "--way=deno", `--output=${folder}`],
    cwd: ROOT,
    env,
  }).output();
  return {
    code,
    folder,
    stderr: new TextDecoder().decode(stderr),
    output: `${folder}/physiology_server-linux-${ARCH}`,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

Deno.test("compile.ts with --way=deno appends the program and all its files to the runtime of DENORT_BIN", async () => {
  // Deno replaces the base runtime, which would be downloaded: the result cannot start.
  await using compiled = await compile({ DENORT_BIN: DENO });
  assert.equal(compiled.code, 0, compiled.stderr);
  const executable = Buffer.from(Deno.readFileSync(compiled.output).buffer);
  const payload = executable.subarray(Deno.statSync(DENO).size);
  for (
    const file of [
      `.tools/${ARCH}/libonnxruntime.so.1`,
      `.tools/${ARCH}/packed/ffmpeg`,
      `.tools/${ARCH}/packed/valkey-server`,
      `ffi/native/build/${ARCH}/libphysiology.so`,
      ".tools/models/blazeface_front_128.onnx",
      "config/physiology_server.service",
    ]
  ) {
    assert(payload.includes(excerptOf(ROOT + file)), file);
  }
});

/** Path of a base runtime of `deno compile`; undefined if DENORT_BIN names none. */
async function baseRuntime(): Promise<string | undefined> {
  const path = Deno.env.get("DENORT_BIN");
  if (!path) return undefined;
  // Deno itself prints its version; a base runtime reports that it has no program.
  const { stdout } = await new Deno.Command(path, { args: ["--version"], stderr: "null" }).output();
  return new TextDecoder().decode(stdout).startsWith("deno ") ? undefined : path;
}

const runtime = await baseRuntime();
if (runtime) {
  const compiled = await compile({ DENORT_BIN: runtime });
  addEventListener("unload", () => Deno.removeSync(compiled.folder, { recursive: true }));
  if (compiled.code !== 0) throw new Error(compiled.stderr);
  testExecutable("program of deno compile", {
    executable: compiled.output,
    work: compiled.folder,
    env: { XDG_CACHE_HOME: `${compiled.folder}/cache`, HOME: compiled.folder },
  });
} else {
  Deno.test.ignore(
    "program of deno compile starts (skipped: DENORT_BIN names no base runtime)",
    () => {},
  );
}

/** 1 KiB from the middle of a file, which differs between all files. */
function excerptOf(path: string): Buffer {
  const bytes = Buffer.from(Deno.readFileSync(path).buffer);
  const middle = bytes.length >> 1;
  return bytes.subarray(middle, middle + 1024);
}
