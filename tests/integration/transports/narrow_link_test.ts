import { cameraJpegs } from "../../support/camera_jpegs.ts";
import { overNarrowLink } from "../../support/slow_link.ts";
import { ageOf, startCamera } from "../../support/streaming_camera.ts";
import { waitFor } from "../../support/wait.ts";

Deno.test("Outbox keeps the newest core metric below 0.5 s at 30 kB/s over a proxy that shares fairly", () =>
  overNarrowLink());

Deno.test("Outbox reports late core metrics while the link is too slow even for them", async () => {
  const camera = await startCamera(await cameraJpegs({ quantiser: 2 }), {
    edgeMetrics: true,
    fault: { bytesPerSecond: 30_000, delayMs: 10 },
  });
  await using _camera = camera.stack;
  await waitFor("core metrics", () => ageOf(camera) < 2000, { timeoutMs: 30_000 });
  camera.link.fault = { bytesPerSecond: 3000, delayMs: 10 };
  await waitFor("the problem", () => camera.outbox.problem?.includes("late"), {
    timeoutMs: 60_000,
  });
  camera.link.fault = {};
  await waitFor("no problem", () => camera.outbox.problem === undefined, { timeoutMs: 60_000 });
});
