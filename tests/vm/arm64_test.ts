import assert from "node:assert/strict";
import { enterBareRoot, makeBareRoot } from "../support/bare_root.ts";
import { packedProgram } from "../support/packed_program.ts";
import { Subscriber } from "../support/physiology_server.ts";
import { type RedisServer, startRedis } from "../support/redis_server.ts";
import { waitFor } from "../support/wait.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const SYSROOT = `${ROOT}.tools/arm64/sysroot`;
const EMULATOR = "/usr/bin/qemu-aarch64-static";

/** An ELF of 64 bits for AArch64, as /usr/lib/binfmt.d has it; O and F: the emulator holds it open. */
const FORMAT =
  String.raw`:arm64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:` +
  String
    .raw`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:${EMULATOR}:OF`;

/** The kernel starts arm64's programs for this command and its children only. */
function emulated(script: string, args: readonly string[]): Deno.Command {
  const setup = `mount -t binfmt_misc none /proc/sys/fs/binfmt_misc &&
    printf %s "$FORMAT" >/proc/sys/fs/binfmt_misc/register && ${script}`;
  return new Deno.Command("unshare", {
    args: ["--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child"]
      .concat(["sh", "-c", setup, "sh", ...args]),
    clearEnv: true,
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", FORMAT },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  });
}

/** The rates of every message after the end of the video, by the count of its frame. */
async function ratesOf(redis: RedisServer, command: (...args: string[]) => Deno.Command) {
  const prefix = crypto.randomUUID();
  const heard = await Subscriber.of(redis, prefix);
  const { code, stderr } = await command(
    "--norealtime",
    `--redis_host=${redis.hostname}`, // the bare root knows no names
    `--redis_port=${redis.port}`,
    `--redis_key_prefix=${prefix}`,
    "--frame_publish=never",
    "--port=0",
  ).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  const last = crypto.randomUUID();
  await redis.client().publish(`${prefix}:last`, JSON.stringify({ type: last }));
  await waitFor("the last word", () => heard.received.some(({ type }) => `${type}` === last));
  return new Map(
    heard.all("core_metrics").map(({ payload: { pulse, breathing, metadata } }) => [
      metadata?.frame_count,
      { pulse: pulse?.strict?.value, breathing: breathing?.strict?.value },
    ]),
  );
}

/** A kernel before 6.7 knows formats only for the whole machine, which is not ours to change. */
const isAble = Deno.build.arch === "x86_64" && (await emulated("exec true", []).output()).success;

Deno.test({
  name: "the file for arm64 starts with libc alone and measures what that for x64 does" +
    (isAble ? "" : " (skipped: needs x86-64, qemu-user-static and Linux 6.7)"),
  ignore: !isAble,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "arm64_" });
    await using stack = new AsyncDisposableStack();
    stack.defer(() => Deno.remove(folder, { recursive: true }));
    const clip = `${folder}/clip.avi`;
    const made = await new Deno.Command(`${ROOT}scripts/physiology_server`, {
      args: ["simulate", `--output=${clip}`, "--duration=14", "--capture_width_px=320"]
        .concat(["--capture_height_px=240", "--max_fps=15", "--simulate_pulse=84"]),
      stderr: "null",
    }).output();
    assert(made.success);
    const redis = stack.use(await startRedis());

    const x64 = await packedProgram(`${folder}/x64`, "x64");
    const expected = await ratesOf(redis, (...args) =>
      new Deno.Command(x64, {
        args: [`--input_video_path=${clip}`, ...args],
        env: { XDG_CACHE_HOME: folder },
        stderr: "piped",
      }));

    const arm64 = await packedProgram(`${folder}/arm64`, "arm64");
    const root = `${folder}/root`;
    const files = { physiology_server: arm64, "clip.avi": clip };
    makeBareRoot(root, { files, arch: "arm64", system: SYSROOT });
    const found = await ratesOf(
      redis,
      (...args) =>
        emulated(enterBareRoot(root), [
          "/physiology_server",
          "--input_video_path=/clip.avi",
          ...args,
        ]),
    );

    assert.deepEqual([...found.keys()], [...expected.keys()]);
    for (const rate of ["pulse", "breathing"] as const) {
      const both = [...expected].flatMap(([frame, values]) => {
        const [one, other] = [values[rate], found.get(frame)?.[rate]];
        return one === undefined || other === undefined ? [] : [Math.abs(one - other)];
      });
      assert(both.length >= 5, `${rate} was measured ${both.length} times on both`);
      assert(Math.max(...both) <= 0.1, `${rate} differs by ${Math.max(...both)}`);
    }
  },
});
