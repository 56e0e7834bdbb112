import assert from "node:assert/strict";
import { cameraJpegs } from "../../support/camera_jpegs.ts";
import { clock } from "../../support/messages.ts";
import { canMakeNetworks, NarrowNetwork } from "../../support/narrow_network.ts";
import {
  ageOf,
  latenciesOf,
  startCamera,
  type StreamingCamera,
  type StreamingCameraOptions,
} from "../../support/streaming_camera.ts";
import { waitFor } from "../../support/wait.ts";

const SLOW = { bytesPerSecond: 125_000, delayMs: 150 }; // 1 Mbit/s and an RTT of 300 ms

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

const networks = canMakeNetworks();
const narrow: StreamingCameraOptions["link"] = ({ socketPath }) => NarrowNetwork.create(socketPath);
Deno.test({
  name: `Outbox delivers every metric within 1 s over TCP with packet loss${
    networks ? "" : " (skipped: creating a network requires root)"
  }`,
  ignore: !networks,
  fn: async () => {
    await overSlowLink(await cameraJpegs({ quantiser: 2 }), { link: narrow });
  },
});

for (
  const { name, link } of [
    { name: "a proxy that shares fairly", link: undefined },
    { name: "TCP with packet loss", link: narrow },
  ]
) {
  const skipped = link && !networks;
  Deno.test({
    name: `Outbox keeps the newest core metric below 0.5 s at 30 kB/s over ${name}${
      skipped ? " (skipped: creating a network requires root)" : ""
    }`,
    ignore: skipped ?? false,
    fn: async () => {
      const camera = await startCamera(await cameraJpegs({ quantiser: 2 }), {
        edgeMetrics: true,
        fault: { bytesPerSecond: 30_000, delayMs: 10 },
        ...link && { link },
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
    },
  });
}

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

/** Returns the longest delay of the next `count` metrics, in milliseconds. */
async function worstOfNext(count: number, camera: StreamingCamera): Promise<number> {
  const first = camera.offered() + 1;
  const lateness = () => latenciesOf(camera, first);
  await waitFor("metrics", () => lateness().length >= count, { timeoutMs: 30_000 });
  return Math.max(...lateness().map(({ ms }) => ms));
}

async function overSlowLink(
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
    { timeoutMs: 30_000 },
  );
  const slow = newestBytes();
  assert.ok(slow < jpegs[0]!.length / 2, `${slow}`);
  assert.ok((frameOutput.quality ?? 100) < 50);
  assert.ok(counters.get("frames_shrunk_total") > 0);
  assert.equal(outbox.problem, undefined);

  link.fault = {};
  await waitFor("frames without degradation again", () => outbox.frameDegradation === 0);
  await waitFor("every metric", () => {
    return received.filter(({ type }) => type === "core_metrics").length >= offered() - 1;
  });
}
