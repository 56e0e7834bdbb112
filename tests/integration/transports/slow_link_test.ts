import assert from "node:assert/strict";
import { cameraJpegs } from "../../support/camera_jpegs.ts";
import { clock } from "../../support/messages.ts";
import { overSlowLink, SLOW, worstOfNext } from "../../support/slow_link.ts";
import { startCamera } from "../../support/streaming_camera.ts";
import { waitFor } from "../../support/wait.ts";

Deno.test("Outbox delivers every metric within 1 s over 1 Mbit/s and 300 ms, with frames of any size", async (t) => {
  const cameras = [
    ["80 KB", await cameraJpegs({ quantiser: 2 })],
    ["180 KB", await cameraJpegs({ quantiser: 1, noise: 4 })],
  ] as const;
  // In parallel, as they mostly wait.
  await Promise.all(cameras.map(([size, jpegs]) =>
    t.step({
      name: `frames of ${size} are degraded, and recover with the link`,
      fn: () => overSlowLink(jpegs),
      sanitizeOps: false,
      sanitizeResources: false,
      sanitizeExit: false,
    })
  ));
});

Deno.test("Outbox degrades no frames on a fast link with an RTT of 300 ms", async () => {
  const camera = await startCamera(await cameraJpegs({ quantiser: 6 }), {
    fault: { delayMs: 150 },
  });
  await using _camera = camera.stack;
  const frames = () => camera.received.filter(({ type }) => type === "frame");
  // A busy machine may look like a slow link for a short time.
  await waitFor("frames without degradation at their full rate", () => {
    const second = clock.epochUs(clock.monotonicUs()) - 1e6;
    const rate = frames().filter(({ arrivedUs }) => arrivedUs > second).length;
    return rate >= 28 && camera.outbox.frameDegradation === 0;
  }, { timeoutMs: 30_000 });
});

Deno.test("Outbox delivers every metric within 1 s on a link that is slow from the start", async () => {
  const jpegs = await cameraJpegs({ quantiser: 1, noise: 4 });
  const camera = await startCamera(jpegs, { fault: SLOW });
  await using _camera = camera.stack;
  const worst = await worstOfNext(50, camera);
  assert.ok(worst < 1000, `${worst} ms`);
  await waitFor("frames", () => camera.received.filter(({ type }) => type === "frame").length > 5, {
    timeoutMs: 30_000,
  });
});
