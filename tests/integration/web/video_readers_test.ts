/** The video of the page in programs that read MJPEG from a URL. */
import assert from "node:assert/strict";
import { startProgram } from "../../support/physiology_server.ts";
import { Program, PYTHON } from "../../support/program.ts";
import { freePort, startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

const FRAMES = 20;

/** Prints the size of each frame that OpenCV reads. */
const OPENCV = `
import cv2, sys
video = cv2.VideoCapture(sys.argv[1])
for _ in range(${FRAMES}):
    ok, frame = video.read()
    assert ok
    print("x".join(str(each) for each in frame.shape))
`;

/** Returns what a program prints until it exits with status 0. */
async function outputOf(command: string, args: readonly string[]): Promise<string> {
  await using program = new Program(command, args);
  assert.equal(await program.ended(), 0, program.output);
  return program.output;
}

Deno.test("the video of the page is read by ffmpeg and OpenCV", async () => {
  await using broker = await startRedis();
  const port = freePort();
  await using server = startProgram([
    "--simulate",
    `--redis_port=${broker.port}`,
    `--http_port=${port}`,
  ]);
  await waitFor("the page", () => /Serving the web page/.test(server.stderr), {
    timeoutMs: 60_000,
  });
  const only = `http://127.0.0.1:${port}/video`;
  const url = `${only}?device=physiology`;
  await waitFor("the device", async () => {
    const response = await fetch(url);
    await response.body?.cancel();
    return response.ok;
  }, { pollMs: 100, timeoutMs: 60_000 });
  const frames = ["-i", url, "-frames:v", `${FRAMES}`, "-f", "framemd5", "-"];
  const hashes = await outputOf("ffmpeg", ["-v", "error", "-xerror", ...frames]);
  assert.match(hashes, /^#dimensions 0: 640x480$/m);
  assert.equal(hashes.match(/^0,/gm)?.length, FRAMES);
  const sizes = await outputOf(PYTHON, ["-c", OPENCV, only]);
  assert.equal(sizes.trim(), Array.from({ length: FRAMES }, () => "480x640x3").join("\n"));
});
