import assert from "node:assert/strict";
import { runProgram, startProgram, Subscriber } from "../../support/physiology_server.ts";
import { freePort, startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

Deno.test("server publishes STOPPING on SIGTERM, flushes, and exits within 2 s without a child left", async () => {
  await using broker = await startRedis();
  const subscriber = await Subscriber.of(broker);
  await using server = startProgram(["--simulate", `--redis_port=${broker.port}`]);
  await subscriber.first("frame");
  const children = server.descendants();
  const before = performance.now();
  server.kill("SIGTERM");
  const { code, stderr } = await server.ended;
  const tookMs = performance.now() - before;
  assert.equal(code, 0, stderr);
  assert.ok(tookMs < 2000, `it took ${tookMs} ms`);
  const status = await subscriber.first("status", ({ payload }) => payload.name === "STOPPING");
  assert.equal(status.payload.code, 102);
  await waitFor("the children to be gone", () => children.every((pid) => !isAlive(pid)));
});

Deno.test("server logs every few seconds while Redis is missing, and publishes once it is reachable", async () => {
  const port = freePort();
  await using server = startProgram(["--simulate", `--redis_port=${port}`]);
  const lines = () => server.stderr.split("\n").filter((line) => line.includes(`:${port}`));
  await waitFor("a second line about Redis", () => lines().length >= 2, { timeoutMs: 30_000 });
  await waitFor("the status", () => /PUBLISH_DEGRADED/.test(server.stderr));
  assert.ok(server.running);
  await using broker = await startRedis({ port });
  const subscriber = await Subscriber.of(broker);
  await subscriber.first("core_metrics");
  await subscriber.first("frame");
  await subscriber.first("status", ({ payload }) => payload.name !== "PUBLISH_DEGRADED");
});

Deno.test("server publishes again after Redis was killed and restarted", async () => {
  await using broker = await startRedis();
  const first = await Subscriber.of(broker);
  await using server = startProgram(["--simulate", `--redis_port=${broker.port}`]);
  await first.first("frame");
  await broker.kill();
  await waitFor("the server to notice", () => /PUBLISH_DEGRADED/.test(server.stderr));
  await broker.restart();
  const second = await Subscriber.of(broker);
  await second.first("frame");
  await second.first("core_metrics");
});

Deno.test("server exits with a message and the documented status for unusable settings", async (t) => {
  const folder = await Deno.makeTempDir();
  const garbage = `${folder}/garbage.mp4`;
  await Deno.writeFile(garbage, crypto.getRandomValues(new Uint8Array(10_000)));
  const config = async (text: string) => {
    const path = `${folder}/config-${crypto.randomUUID()}.json`;
    await Deno.writeTextFile(path, text);
    return [`--simulate`, `--redis_config_path=${path}`];
  };
  const cases: [string, string[], number, RegExp, Record<string, string>?][] = [
    ["no input", [], 64, /--use_camera/],
    ["an unknown flag", ["--redis_hots=x"], 64, /redis_host/],
    ["a missing video", ["--input_video_path=/nowhere/a.mp4"], 69, /\/nowhere\/a\.mp4/],
    ["a video of random bytes", [`--input_video_path=${garbage}`], 69, /garbage\.mp4/],
    ["no ffmpeg", ["--simulate"], 69, /ffmpeg/, {
      PATH: "/nonexistent:/bin",
      PHYSIOLOGY_FFMPEG: "/nonexistent/ffmpeg",
    }],
    ["an empty config", await config(""), 78, /config-.*empty/i],
    ["an unknown key", await config('{"hots": 1}'), 78, /hots/],
    ["a wrong type", await config('{"port": "x"}'), 78, /port/],
    ["a number out of range", await config('{"port": 70000}'), 78, /65535/],
    ["a flag out of range", ["--simulate", "--buffer_duration=9"], 64, /buffer_duration.*5/],
  ];
  for (const [name, args, code, message, env] of cases) {
    await t.step(name, async () => {
      const ended = await runProgram(args, env ? { env } : {});
      assert.equal(ended.code, code, ended.stderr);
      assert.match(ended.stderr, message);
      assert.doesNotMatch(
        ended.stderr,
        /at file:\/\/|Uncaught/,
        "a stack trace instead of a message",
      );
    });
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("server exits by itself after the first message with both rates with --once", async () => {
  const folder = await Deno.makeTempDir();
  const { code, stderr } = await runProgram([
    "--simulate",
    "--norealtime",
    "--once",
    "--streaming_backend=file",
    `--file_base_directory=${folder}`,
    "--frame_publish=never",
  ]);
  assert.equal(code, 0, stderr);
  const lines = (await Deno.readTextFile(`${folder}/core_metrics.jsonl`)).trimEnd().split("\n");
  const complete = lines.map((line) => JSON.parse(line).payload)
    .filter(({ pulse, breathing }) => pulse?.strict && breathing?.strict);
  assert.equal(complete.length, 1);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("server names the port and exits with status 69 if the gRPC port is in use", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { code, stderr } = await runProgram(["--simulate", `--port=${taken.addr.port}`]);
  assert.equal(code, 69, stderr);
  assert.match(stderr, new RegExp(`127\\.0\\.0\\.1:${taken.addr.port}.*--port`));
});

function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}
