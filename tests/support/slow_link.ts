import assert from "node:assert/strict";
import { cameraJpegs } from "./camera_jpegs.ts";
import { clock } from "./messages.ts";
import {
  ageOf,
  latenciesOf,
  startCamera,
  type StreamingCamera,
  type StreamingCameraOptions,
} from "./streaming_camera.ts";
import { waitFor } from "./wait.ts";

/** 1 Mbit/s and an RTT of 300 ms. */
export const SLOW = { bytesPerSecond: 125_000, delayMs: 150 };

/** Returns the longest delay of the next `count` metrics, in milliseconds. */
export async function worstOfNext(count: number, camera: StreamingCamera): Promise<number> {
  const first = camera.offered() + 1;
  const lateness = () => latenciesOf(camera, first);
  await waitFor("metrics", () => lateness().length >= count, { timeoutMs: 30_000 });
  return Math.max(...lateness().map(({ ms }) => ms));
}

/**
 * Slows down the link of a camera, and lets it recover: every metric arrives within a second, and the
 * frames are degraded meanwhile.
 */
export async function overSlowLink(
  jpegs: readonly Uint8Array<ArrayBuffer>[],
  options?: StreamingCameraOptions,
): Promise<void> {
  const camera = await startCamera(jpegs, options);
  const { outbox, frameOutput, link, received, counters, offered } = camera;
  await using _camera = camera.stack;
  const frames = () => received.filter(({ type }) => type === "frame");
  const newestBytes = () => frames().at(-1)?.payload.data?.length ?? 0;
  await waitFor("frames without degradation", () => newestBytes() > jpegs[0]!.length);
  link.fault = SLOW;
  const slowUs = clock.epochUs(clock.monotonicUs());
  // Measured from the moment at which the link slows down, without time to adapt.
  const worst = await worstOfNext(75, camera);
  assert.ok(worst < 1000, `${worst} ms`);
  await waitFor(
    "frames on the slow link",
    () => frames().filter(({ timestamp }) => timestamp > slowUs).length > 5,
    { timeoutMs: 60_000 },
  );
  const slow = newestBytes();
  assert.ok(slow < jpegs[0]!.length / 2, `${slow}`);
  assert.ok((frameOutput.quality ?? 100) < 50);
  assert.ok(counters.get("frames_shrunk_total") > 0);
  assert.equal(outbox.problem, undefined);

  link.fault = {};
  await waitFor(
    "frames without degradation again",
    () => outbox.framesWanted && outbox.frameDegradation === 0,
    { timeoutMs: 20_000 }, // 10 s, and what a busy machine adds
  );
  await waitFor("every metric", () => {
    return received.filter(({ type }) => type === "core_metrics").length >= offered() - 1;
  });
}

/** Publishes at 30 kB/s, where the newest core metric stays below half a second of age. */
export async function overNarrowLink(options: StreamingCameraOptions = {}): Promise<void> {
  const camera = await startCamera(await cameraJpegs({ quantiser: 2 }), {
    edgeMetrics: true,
    fault: { bytesPerSecond: 30_000, delayMs: 10 },
    ...options,
  });
  await using _camera = camera.stack;
  // Each 5 s without a late sample are proof; a busy machine may add delays of its own.
  let goodSinceMs = performance.now();
  await waitFor("5 s with a core metric of at most 0.5 s at any time", () => {
    const nowMs = performance.now();
    if (ageOf(camera) > 500) goodSinceMs = nowMs;
    return nowMs - goodSinceMs > 5000;
  }, { timeoutMs: 120_000 });
  assert.ok(camera.received.some(({ type }) => type === "edge_metrics"));
  assert.ok(
    camera.counters.get("outbox_dropped_total", { class: "frame", reason: "slow_link" }),
  );
}
