import assert from "node:assert/strict";
import { JpegShrinker } from "../../../ffi/jpeg_shrink.ts";
import type { Frame, Picture } from "../../../src/capture/frame.ts";
import { Announcer } from "../../../src/envelope/announcer.ts";
import { FramePacing } from "../../../src/envelope/frame_pacing.ts";
import { FrameOutlet } from "../../../src/ipc/frame_outlet.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { cameraJpegs } from "../../support/camera_jpegs.ts";
import { type Fault, FaultProxy } from "../../support/fault_proxy.ts";
import { clock, coreMetric } from "../../support/messages.ts";
import { optionsFor, startOutbox, subscribe } from "../../support/redis_outbox.ts";
import { startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

/** A frame whose camera made this JPEG. */
function frameOf(jpeg: Uint8Array<ArrayBuffer>, sequence: number): Frame {
  const picture = {} as Picture; // nobody looks at the pixels
  const timeUs = clock.monotonicUs();
  return { timeUs, sequence, width: 640, height: 480, picture, jpeg, [Symbol.dispose]() {} };
}

/** A camera at 30 frames a second and its metrics, through a proxy to a real redis-server. */
async function startCamera(jpegs: readonly Uint8Array<ArrayBuffer>[], fault: Fault = {}) {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await startRedis());
  const received = await subscribe(server, "physiology:core_metrics", "physiology:frame");
  const proxy = stack.use(new FaultProxy(server));
  proxy.fault = fault;
  const ends = stack.use(startOutbox(optionsFor(proxy)));
  await waitFor("the connections", () => ends.framesReady());
  const outlet = new FrameOutlet({
    publisher: ends.outbox,
    encoder: { encode: () => Promise.resolve(undefined), async [Symbol.asyncDispose]() {} },
    shrinker: new JpegShrinker(),
    pacing: new FramePacing({ policy: "always" }),
    announcer: new Announcer(clock),
    counters: ends.counters,
    log: silentLog,
  });
  let sequence = 0;
  let turn = 0;
  const timer = setInterval(() => {
    if (turn++ % 6 === 0) ends.outbox.offer(coreMetric(++sequence));
    outlet.offer(frameOf(jpegs[turn % jpegs.length]!, turn));
  }, 33);
  stack.defer(() => clearInterval(timer));
  return { ...ends, outlet, proxy, received, stack, offered: () => sequence };
}

Deno.test("1 Mbit/s and 300 ms carry metrics within 1 s at p99, beside whatever frames", async (t) => {
  const cameras = [
    ["80 KB", await cameraJpegs({ quantiser: 2 })],
    ["180 KB", await cameraJpegs({ quantiser: 1, noise: 4 })],
  ] as const;
  // Both at once, as the time is mostly spent waiting.
  await Promise.all(cameras.map(([size, jpegs]) =>
    t.step({
      name: `frames of ${size} lose quality and rate, and regain them with the link`,
      fn: () => overSlowLink(jpegs),
      sanitizeOps: false,
      sanitizeResources: false,
      sanitizeExit: false,
    })
  ));
});

Deno.test("a link of 300 ms that is fast carries every frame as it is", async () => {
  const camera = await startCamera(await cameraJpegs({ quantiser: 6 }), { delayMs: 150 });
  await using _camera = camera.stack;
  const frames = () => camera.received.filter(({ type }) => type === "frame");
  // A busy machine may look like a busy link for a moment.
  await waitFor("frames as they are, at their full rate", () => {
    const second = clock.wallUs(clock.monotonicUs()) - 1e6;
    const rate = frames().filter(({ arrivedUs }) => arrivedUs > second).length;
    return rate >= 28 && camera.outbox.frameDegradation === 0;
  }, { timeoutMs: 30_000 });
});

async function overSlowLink(jpegs: readonly Uint8Array<ArrayBuffer>[]): Promise<void> {
  const { outbox, outlet, proxy, received, counters, offered, stack } = await startCamera(jpegs);
  await using _camera = stack;
  const frames = () => received.filter(({ type }) => type === "frame");
  const newestBytes = () => frames().at(-1)?.payload.data?.length ?? 0;
  await waitFor("frames as they are", () => newestBytes() > jpegs[0]!.length);
  proxy.fault = { bytesPerSecond: 125_000, delayMs: 150 };
  await waitFor("the frames to adapt", () => newestBytes() < jpegs[0]!.length / 2);
  const adapted = clock.wallUs(clock.monotonicUs());
  const metrics = () =>
    received.filter(({ type, timestamp }) => type === "core_metrics" && timestamp > adapted);
  await waitFor("metrics", () => metrics().length >= 50, { timeoutMs: 20_000 });
  const waitsMs = metrics().map(({ timestamp, arrivedUs }) => (arrivedUs - timestamp) / 1000)
    .sort((a, b) => a - b);
  const p99 = waitsMs[Math.floor(waitsMs.length * 0.99)] ?? Infinity;
  assert.ok(p99 < 1000, `p99 is ${p99} ms`);
  assert.ok(frames().filter(({ timestamp }) => timestamp > adapted).length > 5, "frames go on");
  assert.ok((outlet.quality ?? 100) < 50);
  assert.ok(counters.get("frames_shrunk_total") > 0);
  assert.equal(outbox.trouble, undefined);

  const slow = newestBytes();
  proxy.fault = {};
  await waitFor("better frames", () => newestBytes() > 1.2 * slow, { timeoutMs: 20_000 });
  await waitFor("every metric", () => {
    return received.filter(({ type }) => type === "core_metrics").length >= offered() - 1;
  });
}
