import assert from "node:assert/strict";
import { corpusFolder } from "./targets.ts";

const NATIVE = new URL("../../ffi/native", import.meta.url).pathname;

async function make(target: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("make", {
    args: ["-s", "-C", NATIVE, target],
  }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.ok(success, text);
  return text;
}

Deno.test("the native library passes its tests and the fuzzing corpus under both sanitizers", async () => {
  assert.match(await make("test"), /^ok\nok \d+ files\nok \d+ files$/m);
});

const clang = await new Deno.Command("sh", { args: ["-c", "command -v clang"] }).output();

for (
  const { unit, fuzzer, corpus } of [
    { unit: "ph_frame_convert()", fuzzer: "fuzz_frame", corpus: "frames" },
    { unit: "ph_http2_receive()", fuzzer: "fuzz_http2", corpus: "http2" },
  ]
) {
  Deno.test({
    name: `${unit} passes a short fuzzing run` +
      (clang.success ? "" : " (skipped: no clang; scripts/setup --tests installs it)"),
    ignore: !clang.success,
    fn: async () => {
      await make("fuzz");
      // libFuzzer writes new inputs to the first directory, so the corpus stays unchanged.
      const newInputs = await Deno.makeTempDir();
      await using _removed = {
        [Symbol.asyncDispose]: () => Deno.remove(newInputs, { recursive: true }),
      };
      const { success, stderr } = await new Deno.Command(`${NATIVE}/build/${fuzzer}`, {
        // The same inputs each time. The corpus alone reaches all edges that 20,000 runs reach, and
        // scripts/fuzz runs longer.
        args: ["-seed=1", "-runs=5000", "-max_len=4096", "-verbosity=0"]
          .concat([newInputs, corpusFolder(corpus)]),
        cwd: newInputs,
        env: { ASAN_OPTIONS: "abort_on_error=0" },
      }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
    },
  });
}
