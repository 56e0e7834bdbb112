import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { ARCH } from "../../../src/base/assets.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const DENO = `${ROOT}.tools/${ARCH}/deno`;

async function compile(env: Record<string, string>) {
  const folder = await Deno.makeTempDir({ prefix: "deno-way-" });
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "scripts/compile.ts", "--way=deno", `--output=${folder}`],
    cwd: ROOT,
    env,
  }).output();
  return {
    code,
    stderr: new TextDecoder().decode(stderr),
    output: `${folder}/physiology_server-linux-${ARCH}`,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

Deno.test("deno compile puts the program and all its files behind the runtime that it is given", async () => {
  // Deno itself stands for the base runtime, which is not to be had here: the result cannot start.
  await using compiled = await compile({ DENORT_BIN: DENO });
  assert.equal(compiled.code, 0, compiled.stderr);
  const made = Buffer.from(Deno.readFileSync(compiled.output).buffer);
  const payload = made.subarray(Deno.statSync(DENO).size);
  for (
    const file of [
      `.tools/${ARCH}/libonnxruntime.so.1`,
      `.tools/${ARCH}/ffmpeg`,
      `ffi/native/build/${ARCH}/libphysiology.so`,
      ".tools/models/blazeface_front_128.onnx",
      "config/physiology_server.service",
    ]
  ) {
    assert(payload.includes(partOf(ROOT + file)), file);
  }
});

/** From the middle of the file, where each is like no other. */
function partOf(path: string): Buffer {
  const bytes = Buffer.from(Deno.readFileSync(path).buffer);
  const middle = bytes.length >> 1;
  return bytes.subarray(middle, middle + 1024);
}
