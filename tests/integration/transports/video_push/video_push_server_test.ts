import assert from "node:assert/strict";
import { freePort } from "../../../support/free_port.ts";
import { OWN_FFMPEG } from "../../../support/ffmpegs.ts";
import { temporaryFolder } from "../../../support/folders.ts";
import { runProgram, startProgram } from "../../../support/physiology_server.ts";
import { startRtspServer } from "../../../support/rtsp_server.ts";
import { waitFor } from "../../../support/wait.ts";

/** Returns the command lines of these processes. */
function commandLines(pids: readonly number[]): string {
  return pids.map((pid) => {
    try {
      return Deno.readTextFileSync(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
    } catch {
      return "";
    }
  }).join("\n");
}

Deno.test({
  name: "serve pushes video, shows no password, goes on without the server, and leaves no ffmpeg",
  ignore: OWN_FFMPEG === undefined,
  fn: async () => {
    using folder = temporaryFolder();
    const user = { name: "camera", password: "hunter2" };
    await using server = await startRtspServer({ user });
    const urlFile = `${folder.path}/url`;
    Deno.writeTextFileSync(urlFile, `${server.url.replace("://", "://camera:hunter2@")}\n`);
    await using program = startProgram([
      "--simulate",
      "--streaming_backend=file",
      `--file_base_directory=${folder.path}/output`,
      `--video_push_url_file=${urlFile}`,
    ], { env: { PHYSIOLOGY_FFMPEG: OWN_FFMPEG!.path } });
    await waitFor("video", () => server.received.length >= 10, { timeoutMs: 60_000 });
    // ffmpeg reports what it has sent twice a second.
    await waitFor("the log", () => program.stderr.includes("Pushing video"));
    const pids = [program.pid, ...program.descendants()];
    assert.match(commandLines(pids), /-f rtsp/);
    assert(!commandLines(pids).includes("hunter2"));
    assert.match(program.stderr, /Pushing video to="?rtsp:\/\/\*\*\*@127\.0\.0\.1/);
    // The JPEGs that the server compresses itself fit into RTP/JPEG.
    assert.match(program.stderr, /format="?copy/);
    await server.kill();
    await waitFor("the loss", () => program.stderr.includes("Lost the RTSP server"));
    const lines = () => Deno.readTextFileSync(`${folder.path}/output/core_metrics.jsonl`).length;
    const before = lines();
    await waitFor("metrics", () => lines() > before + 5000, { timeoutMs: 30_000 });
    assert(!program.stderr.includes("PUBLISH_DEGRADED"));
    await server.restart();
    await waitFor("video", () => server.received.length >= 10, { timeoutMs: 60_000 });
    const children = program.descendants();
    const startedMs = performance.now();
    program.kill("SIGTERM");
    const { code, stderr } = await program.ended;
    assert.equal(code, 0, stderr);
    assert(performance.now() - startedMs < 5000);
    assert(!stderr.includes("hunter2"));
    assert.equal(commandLines(children).trim(), "");
  },
});

Deno.test("serve refuses to push video to a URL that is none of RTSP, with status 78", async () => {
  const { code, stderr } = await runProgram([
    "--simulate",
    "--streaming_backend=file",
    `--video_push_url=whip://127.0.0.1:${freePort()}/bed-4`,
  ]);
  assert.equal(code, 78, stderr);
  assert.match(stderr, /Cannot push video to a URL of whip: it must begin with rtsp:\/\//);
});
