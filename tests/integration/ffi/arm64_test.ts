import assert from "node:assert/strict";
import { brokerConfig } from "../../../src/app/up/broker_config.ts";
import { probeRedis } from "../../../src/app/up/probe_redis.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { freePort } from "../../support/free_port.ts";
import { valkeyPath } from "../../support/packed_program.ts";
import { Program } from "../../support/program.ts";
import { waitFor } from "../../support/wait.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const SYSROOT = `${ROOT}.tools/arm64/sysroot`;
const BUILD = `${ROOT}ffi/native/build/arm64`;
const PROBE = `${ROOT}tests/support/decode_portrait.ts`;

const has = (path: string) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
};
const missing = [
  `${SYSROOT}/packages`,
  `${ROOT}.tools/arm64/deno`,
  valkeyPath("arm64"),
  "/usr/bin/aarch64-linux-gnu-gcc",
  "/usr/bin/qemu-aarch64-static",
].filter((path) => !has(path));

async function run(command: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args, cwd: ROOT }).output();
  const text = new TextDecoder().decode(stdout);
  assert.ok(success, text + new TextDecoder().decode(stderr));
  return text;
}

const onArm64 = (program: string, ...args: string[]) =>
  run("qemu-aarch64-static", "-L", SYSROOT, program, ...args);

/** Defines a test that requires what `scripts/setup --arch=arm64` downloads. */
function testArm64(name: string, fn: () => Promise<void>): void {
  const skipped = missing.length ? " (skipped: run scripts/setup --arch=arm64)" : "";
  Deno.test({
    name: name + skipped,
    ignore: missing.length > 0 || Deno.build.arch !== "x86_64",
    fn,
  });
}

testArm64("native library passes its own tests on arm64", async () => {
  await run("make", "-s", "-C", "ffi/native", "ARCH=arm64");
  await run("make", "-s", "-C", "ffi/native", "ARCH=arm64", "programs");
  assert.equal(await onArm64(`${BUILD}/native_test`), "ok\n");
  for (const target of ["frames", "http2"]) {
    const corpus = `${ROOT}tests/fuzz/corpus/${target}`;
    assert.match(await onArm64(`${BUILD}/replay_${target}`, corpus), /^ok \d+ files/);
  }
});

testArm64(
  "native library decodes the same pixels in Deno on arm64 as on this machine",
  async () => {
    await run("make", "-s", "-C", "ffi/native", "ARCH=arm64");
    const args = ["run", "-A", "--quiet", `--config=${ROOT}deno.json`, PROBE];
    const found = await onArm64(`${ROOT}.tools/arm64/deno`, ...args);
    assert.equal(found, await run(Deno.execPath(), ...args));
  },
);

testArm64("Valkey of scripts/build_valkey serves with its password on arm64", async () => {
  using folder = temporaryFolder();
  const [port, password] = [freePort(), "0123456789abcdef0123456789abcdef"];
  const config = `${folder.path}/valkey.conf`;
  Deno.writeTextFileSync(config, brokerConfig({ port, password }));
  // The emulator cannot run the sandbox, which limits system calls.
  await using _valkey = new Program(
    "qemu-aarch64-static",
    ["-L", SYSROOT, valkeyPath("arm64"), config],
    { cwd: folder.path },
  );
  await waitFor("an answer", async () => await probeRedis({ port, password }) === "ready");
  assert.equal(await probeRedis({ port }), "password");
});
