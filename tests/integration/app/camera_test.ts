import assert from "node:assert/strict";
import { patternJpegs, recordingFile } from "../../support/camera_recording.ts";
import { runProgram, startProgram, Subscriber } from "../../support/physiology_server.ts";
import { startRedis } from "../../support/redis_server.ts";

const jpegs = await patternJpegs({ count: 8 });
const looped = {
  fourcc: "MJPG",
  width: 640,
  height: 480,
  loop: true,
  frames: jpegs.map((bytes) => ({ bytes })),
};

Deno.test("server publishes the camera's own JPEGs, byte for byte", async () => {
  await using camera = await recordingFile(looped);
  await using broker = await startRedis();
  const subscriber = await Subscriber.of(broker);
  await using _server = startProgram([
    ...["--use_camera", `--camera_device=${camera.path}`, `--redis_port=${broker.port}`],
  ]);
  const own = new Set(jpegs.map((jpeg) => jpeg.toBase64()));
  for (const sequence of [0, 1, 2]) {
    const frame = await subscriber.first("frame", ({ payload }) => payload.sequence > sequence);
    assert.ok(own.has(frame.payload.data), "a JPEG that is not the camera's");
    assert.deepEqual([frame.payload.width, frame.payload.height], [640, 480]);
  }
});

Deno.test("server publishes frames with the overlay at the size of the camera", async () => {
  await using camera = await recordingFile(looped);
  await using broker = await startRedis();
  const subscriber = await Subscriber.of(broker);
  await using _server = startProgram([
    ...["--use_camera", `--camera_device=${camera.path}`, `--redis_port=${broker.port}`],
    "--enable_hud",
  ]);
  const { payload } = await subscriber.first("frame");
  assert.deepEqual([payload.width, payload.height], [640, 480]);
});

Deno.test("server exits with status 70 if the camera driver does not return from closing", async () => {
  await using camera = await recordingFile({ ...looped, hangs: "closing" });
  await using broker = await startRedis();
  const subscriber = await Subscriber.of(broker);
  await using server = startProgram([
    ...["--use_camera", `--camera_device=${camera.path}`, `--redis_port=${broker.port}`],
  ]);
  await subscriber.first("frame");
  server.kill("SIGTERM");
  const { code, stderr } = await server.ended;
  assert.equal(code, 70, stderr);
  assert.match(stderr, /Cannot close the camera: its driver does not respond/);
});

Deno.test("server exits with status 69 and a hint if the camera does not exist", async () => {
  const { code, stderr } = await runProgram(["--use_camera", "--camera_device=/dev/video250"]);
  assert.equal(code, 69, stderr);
  assert.match(stderr, /\/dev\/video250: No such file or directory: Plug the camera in/);
});
