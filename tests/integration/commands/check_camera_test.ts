import assert from "node:assert/strict";
import { runProgram } from "../../support/physiology_server.ts";

/** Findings of a check as JSON, by name. */
async function check(...flags: string[]) {
  const { code, stdout, stderr } = await runProgram(["--check-camera", "--json", ...flags]);
  const { findings, ...result } = JSON.parse(stdout || "{}");
  const verdicts: Record<string, string> = {};
  for (const { name, verdict } of findings ?? []) verdicts[name] = verdict;
  return { code, stderr, result, verdicts };
}

Deno.test("check-camera passes a person, and names the frame that is too dark", async () => {
  const [person, dark] = await Promise.all([
    check("--simulate", "--norealtime", "--duration=12"),
    check("--simulate", "--norealtime", "--simulate_scene=dark", "--duration=4"),
  ]);
  assert.equal(person.code, 0, person.stderr);
  assert.deepEqual(person.result, { usable: true, simulated: true });
  assert.equal(person.verdicts["Pulse"], "good");
  assert.equal(dark.code, 1, dark.stderr);
  assert.deepEqual(dark.result, { usable: false, simulated: true });
  assert.equal(dark.verdicts["Brightness"], "bad");
});

Deno.test("check-camera reports an empty chair in words, with what to do", async () => {
  const { code, stdout } = await runProgram([
    "check-camera",
    "--simulate",
    "--norealtime",
    "--simulate_scene=empty",
    "--duration=3",
  ]);
  assert.equal(code, 1);
  assert.match(stdout, /^SIMULATED/m);
  assert.match(stdout, /^BAD {3}Face +none found\n +Face the camera/m);
  assert.match(stdout, /cannot measure a pulse yet/);
});

Deno.test("check-camera exits with 69 if there is no such camera or video", async () => {
  const [camera, video] = await Promise.all([
    check("--use_camera", "--camera_device=/dev/video_absent"),
    check("--input_video_path=/absent.mp4"),
  ]);
  assert.equal(camera.code, 69, camera.stderr);
  assert.match(camera.stderr, /video_absent/);
  assert.equal(video.code, 69, video.stderr);
});
