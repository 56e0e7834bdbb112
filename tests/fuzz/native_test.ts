import assert from "node:assert/strict";

const NATIVE = new URL("../../ffi/native", import.meta.url).pathname;

async function make(target: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("make", {
    args: ["-s", "-C", NATIVE, target],
  }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.ok(success, text);
  return text;
}

Deno.test("the native tests and the fuzzer's corpus pass under both sanitizers", async () => {
  assert.match(await make("test"), /^ok\nok \d+ files$/m);
});

const hasClang = await new Deno.Command("sh", { args: ["-c", "command -v clang"] }).output();

Deno.test({
  name: "a short fuzz of a camera's buffer finds nothing" +
    (hasClang.success ? "" : " (skipped: no clang; scripts/fuzz_camera installs it)"),
  ignore: !hasClang.success,
  fn: async () => {
    await make("fuzz");
    // The first folder takes what is found new: the corpus stays as it is.
    const found = await Deno.makeTempDir();
    await using _removed = { [Symbol.asyncDispose]: () => Deno.remove(found, { recursive: true }) };
    const { success, stderr } = await new Deno.Command(`${NATIVE}/build/fuzz_frame`, {
      args: ["-max_total_time=10", "-max_len=4096", "-verbosity=0", found, "corpus"],
      cwd: `${NATIVE}/tests`,
      env: { ASAN_OPTIONS: "abort_on_error=0" },
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
  },
});
