import assert from "node:assert/strict";
import { enterBareRoot, makeBareRoot } from "../support/bare_root.ts";
import { packedProgram } from "../support/packed_program.ts";
import { Subscriber } from "../support/physiology_server.ts";
import { type RedisServer, startRedis } from "../support/redis_server.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const SYSROOT = `${ROOT}.tools/arm64/sysroot`;
const EMULATOR = "/usr/bin/qemu-aarch64-static";

/**
 * The binfmt_misc registration of 64-bit ELF files for AArch64, as in /usr/lib/binfmt.d. Flag O: the
 * kernel opens the program for the emulator. Flag F: the kernel opens the emulator at registration.
 */
const REGISTRATION =
  String.raw`:arm64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:` +
  String
    .raw`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:${EMULATOR}:OF`;

/** Returns a command that can start arm64 programs; no other process of the machine is affected. */
function emulated(script: string, args: readonly string[]): Deno.Command {
  const setup = `mount -t binfmt_misc none /proc/sys/fs/binfmt_misc &&
    printf %s "$REGISTRATION" >/proc/sys/fs/binfmt_misc/register && ${script}`;
  return new Deno.Command("unshare", {
    args: ["--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child"]
      .concat(["sh", "-c", setup, "sh", ...args]),
    clearEnv: true,
    env: {
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      REGISTRATION,
      // qemu emulates no filters of system calls.
      PHYSIOLOGY_FFMPEG_SANDBOX: "off",
    },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  });
}

/** Returns the rates of every message of a complete run, by the frame count of the message. */
async function ratesOf(redis: RedisServer, command: (...args: string[]) => Deno.Command) {
  const prefix = crypto.randomUUID();
  const subscriber = await Subscriber.of(redis, prefix);
  const { code, stderr } = await command(
    "--norealtime",
    `--redis_host=${redis.hostname}`, // the bare root cannot resolve names
    `--redis_port=${redis.port}`,
    `--redis_key_prefix=${prefix}`,
    "--frame_publish=never",
    "--port=0",
  ).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  // A valid message with a timestamp that no other message has; it arrives after all others.
  const { receivedMs: _, ...status } = await subscriber.first("status");
  const endMarker = { ...status, timestamp: 1 };
  await redis.client().publish(`${prefix}:status`, JSON.stringify(endMarker));
  await subscriber.first("status", ({ timestamp }) => timestamp === endMarker.timestamp);
  return new Map(
    subscriber.all("core_metrics")
      .map(({ payload: { pulse, breathing, metadata } }) =>
        [
          Number(metadata?.frame_count),
          { pulse: pulse?.strict?.value, breathing: breathing?.strict?.value },
        ] as const
      )
      // A metric that had to wait for the connection arrives after the next one, marked as replayed.
      .sort(([a], [b]) => a - b),
  );
}

/** Before Linux 6.7, binfmt_misc registrations apply to the whole machine, which a test must not change. */
const isSupported = Deno.build.arch === "x86_64" &&
  (await emulated("exec true", []).output()).success;

Deno.test({
  name: "physiology_server for arm64 needs only libc and measures the same rates as for x64" +
    (isSupported ? "" : " (skipped: needs x86-64, qemu-user-static and Linux 6.7)"),
  ignore: !isSupported,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "arm64_" });
    await using stack = new AsyncDisposableStack();
    stack.defer(() => Deno.remove(folder, { recursive: true }));
    const clip = `${folder}/clip.avi`;
    const simulation = await new Deno.Command(`${ROOT}scripts/physiology_server`, {
      args: ["simulate", `--output=${clip}`, "--duration=14", "--capture_width_px=320"]
        .concat(["--capture_height_px=240", "--max_fps=15", "--simulate_pulse=84"]),
      stderr: "null",
    }).output();
    assert(simulation.success);
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
    const actual = await ratesOf(
      redis,
      (...args) =>
        emulated(enterBareRoot(root), [
          "/physiology_server",
          "--input_video_path=/clip.avi",
          ...args,
        ]),
    );

    assert.deepEqual([...actual.keys()], [...expected.keys()]);
    for (const rate of ["pulse", "breathing"] as const) {
      const differences = [...expected].flatMap(([frame, values]) => {
        const [x64Rate, arm64Rate] = [values[rate], actual.get(frame)?.[rate]];
        return x64Rate === undefined || arm64Rate === undefined
          ? []
          : [Math.abs(x64Rate - arm64Rate)];
      });
      assert(differences.length >= 5, `both measured ${rate} only ${differences.length} times`);
      const maxDifference = Math.max(...differences);
      assert(maxDifference <= 0.1, `${rate} differs by ${maxDifference}`);
    }
  },
});
