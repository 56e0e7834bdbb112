import { epochUs, monotonicUs } from "../../../src/base/time.ts";
import assert from "node:assert/strict";
import type { Frame, Image } from "../../../src/capture/frame.ts";
import { EnvelopeFactory } from "../../../src/envelopes/envelope_factory.ts";
import { FramePacing } from "../../../src/frames/pacing.ts";
import { FrameOutput, type FrameOutputOptions } from "../../../src/frames/frame_output.ts";
import type { FrameOutgoing } from "../../../src/envelopes/message.ts";
import { Counters } from "../../../src/telemetry/counters.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { waitFor } from "../../support/wait.ts";

const clock = { monotonicUs: () => monotonicUs(0), epochUs: (us: number) => epochUs(us) };

/** A frame output with a link of variable degradation and a fake shrinker. */
function start(shrink = (jpeg: Uint8Array<ArrayBuffer>) => Promise.resolve(jpeg.slice(1))) {
  const published: FrameOutgoing[] = [];
  const link = { degradation: 0 };
  const counters = new Counters();
  const frameOutput = new FrameOutput({
    bus: {
      publishFrame: (frame: FrameOutgoing) => void published.push(frame),
      framesWanted: true,
      get frameDegradation() {
        return link.degradation;
      },
    },
    encoder: { encode: () => Promise.resolve(undefined), async [Symbol.asyncDispose]() {} },
    shrinker: {
      shrink: async (jpeg) => ({ jpeg: await shrink(jpeg), width: 640, height: 360, quality: 30 }),
    },
    pacing: new FramePacing({ policy: "always" }),
    envelopes: new EnvelopeFactory(clock, { bootId: "test" }),
    counters,
    log: silentLog,
  });
  const frame = (sequence: number): Frame => ({
    timeUs: monotonicUs(sequence * 1e6),
    sequence,
    width: 1280,
    height: 720,
    image: {} as Image,
    jpeg: new Uint8Array(sequence + 1),
    [Symbol.dispose]() {},
  });
  return { frameOutput, published, link, counters, frame };
}

Deno.test("FrameOutput publishes the camera's JPEG unchanged and at once while the link is fast", () => {
  const { frameOutput, published, frame } = start();
  frameOutput.offer(frame(5));
  assert.equal(published[0]?.image.jpeg.length, 6);
  assert.equal(frameOutput.quality, undefined);
});

Deno.test("FrameOutput shrinks frames for a slow link and reports size and quality until it recovers", async () => {
  const { frameOutput, published, link, counters, frame } = start();
  link.degradation = 0.5;
  frameOutput.offer(frame(5));
  await waitFor("the frame", () => published.length === 1);
  assert.deepEqual([published[0]?.image.jpeg.length, published[0]?.image.width], [5, 640]);
  assert.deepEqual(frameOutput.sizeOf(frame(6)), { width: 640, height: 360 });
  assert.equal(frameOutput.quality, 30);
  assert.equal(counters.get("frames_shrunk_total"), 1);
  link.degradation = 0;
  frameOutput.offer(frame(7));
  await waitFor("the next frame", () => published.length === 2);
  assert.equal(published[1]?.image.width, 1280);
  assert.deepEqual(frameOutput.sizeOf(frame(8)), { width: 1280, height: 720 });
  assert.equal(frameOutput.quality, undefined);
});

Deno.test("FrameOutput publishes in order and counts the frames that compression cannot keep up with", async () => {
  const first = Promise.withResolvers<void>();
  const { frameOutput, published, link, counters, frame } = start(async (jpeg) => {
    if (jpeg.length === 2) await first.promise;
    return jpeg.slice(1);
  });
  link.degradation = 1;
  frameOutput.offer(frame(1));
  link.degradation = 0;
  frameOutput.offer(frame(20));
  frameOutput.offer(frame(30));
  first.resolve();
  await waitFor("both frames", () => published.length === 2);
  assert.deepEqual(published.map(({ captureUs }) => captureUs), [1e6, 20e6]);
  assert.equal(counters.get("dropped_total", { class: "frame", reason: "encoder_busy" }), 1);
});

Deno.test("FrameOutput drops a frame that cannot be compressed and publishes the next", async () => {
  const { frameOutput, published, link, counters, frame } = start((jpeg) =>
    jpeg.length === 2 ? Promise.reject(new Error("broken")) : Promise.resolve(jpeg)
  );
  link.degradation = 0.1;
  frameOutput.offer(frame(1));
  frameOutput.offer(frame(20));
  await waitFor("the second frame", () => published.length === 1);
  assert.equal(counters.get("dropped_total", { class: "frame", reason: "encoder_failed" }), 1);
});

/** A frame output whose encoder and shrinker are under the control of the test. */
function startEncoding(
  { degradation = 0, maxFps, ...options }:
    & { degradation?: number; maxFps?: number }
    & Pick<FrameOutputOptions, "faceBlur" | "isTooOld"> = {},
) {
  const published: FrameOutgoing[] = [];
  const encoded: {
    image: Image;
    result: PromiseWithResolvers<Uint8Array<ArrayBuffer> | undefined>;
  }[] = [];
  const shrunk: { quantizerScale: number; minWidth: number }[] = [];
  const link = { degradation, wanted: true };
  const counters = new Counters();
  const warnings: string[] = [];
  const frameOutput = new FrameOutput({
    bus: {
      publishFrame: (frame: FrameOutgoing) => void published.push(frame),
      get framesWanted() {
        return link.wanted;
      },
      get frameDegradation() {
        return link.degradation;
      },
    },
    encoder: {
      encode: (image) => {
        const result = Promise.withResolvers<Uint8Array<ArrayBuffer> | undefined>();
        encoded.push({ image, result });
        return result.promise;
      },
      async [Symbol.asyncDispose]() {},
    },
    shrinker: {
      shrink: (jpeg, options) => {
        shrunk.push(options);
        return Promise.resolve(
          jpeg.length > 9
            ? { jpeg: jpeg.slice(5), width: 320, height: 180, quality: 30 }
            : undefined,
        );
      },
    },
    ...options,
    pacing: new FramePacing({ policy: "on_demand", maxFps }),
    envelopes: new EnvelopeFactory(clock, { bootId: "test" }),
    counters,
    log: {
      ...silentLog,
      rateLimited: (_key: string, _seconds: number, _level: string, message: string) =>
        void warnings.push(message),
    } as typeof silentLog,
  });
  let us = 0;
  const image = (width: number) => ({ width, height: width / 2 }) as Image;
  const offer = (parts: Partial<Frame> = {}, draw?: (image: Image) => Image) => {
    us += 1e6;
    frameOutput.offer({
      timeUs: monotonicUs(us),
      sequence: 0,
      width: 1280,
      height: 720,
      image: image(640),
      [Symbol.dispose]() {},
      ...parts,
    }, { draw });
  };
  const dropped = (reason: string) => counters.get("dropped_total", { class: "frame", reason });
  return {
    frameOutput,
    published,
    encoded,
    shrunk,
    link,
    counters,
    warnings,
    offer,
    image,
    dropped,
  };
}

Deno.test("FrameOutput publishes an encoded image with its size, its time and a number", async () => {
  const { published, encoded, offer, shrunk, frameOutput } = startEncoding();
  offer();
  offer();
  const jpeg = Uint8Array.of(1, 2, 3);
  for (const { result } of encoded) result.resolve(jpeg);
  await waitFor("both frames", () => published.length === 2);
  assert.deepEqual(published[1], {
    kind: "frame",
    topic: "frame",
    timestamp: 2e6,
    captureUs: 2e6,
    image: { timestamp: 2e6, sequence: 1, width: 640, height: 320, jpeg },
  });
  assert.deepEqual(shrunk, []);
  assert.deepEqual(frameOutput.sizeOf({ width: 101, height: 50 } as Frame), {
    width: 101,
    height: 50,
  });
});

Deno.test("FrameOutput encodes what is drawn on a frame, instead of the camera's JPEG", async () => {
  const { published, encoded, offer, image } = startEncoding();
  const jpeg = Uint8Array.of(1);
  offer({ jpeg }, () => image(100));
  offer({ jpeg });
  assert.equal(encoded.length, 1);
  assert.equal(encoded[0]!.image.width, 100);
  encoded[0]!.result.resolve(Uint8Array.of(9));
  await waitFor("both frames", () => published.length === 2);
  assert.deepEqual(published.map((frame) => [frame.image.jpeg[0], frame.image.width]), [[9, 100], [
    1,
    1280,
  ]]);
});

Deno.test("FrameOutput with a blur publishes neither the camera's JPEG nor a frame that was not searched", async () => {
  const results = [{ width: 50, height: 25 } as Image, undefined, new Error("no detector")];
  const apply = () => {
    const result = results.shift();
    return result instanceof Error ? Promise.reject(result) : Promise.resolve(result);
  };
  const { published, encoded, offer, dropped, warnings } = startEncoding({ faceBlur: { apply } });
  for (let count = 0; count < 2; count++) offer({ jpeg: Uint8Array.of(1) });
  await waitFor("the blurred image", () => encoded.length === 1);
  encoded[0]!.result.resolve(Uint8Array.of(9));
  await waitFor("the frame that was not searched", () => dropped("encoder_newer") === 1);
  offer({ jpeg: Uint8Array.of(1) });
  await waitFor("the failure", () => dropped("encoder_failed") === 1);
  assert.deepEqual(published.map(({ image }) => [image.jpeg[0], image.width]), [[9, 50]]);
  assert.deepEqual(warnings, ["Cannot compress a frame: no detector"]);
});

Deno.test("FrameOutput copies the camera's JPEG before the call returns", () => {
  const { published, offer } = startEncoding();
  const jpeg = Uint8Array.of(7);
  offer({ jpeg });
  jpeg[0] = 0;
  assert.equal(published[0]?.image.jpeg[0], 7);
});

Deno.test("FrameOutput compresses two frames of a slow camera at a time, and drops others", async () => {
  const { published, encoded, offer, dropped } = startEncoding();
  offer();
  assert.equal(dropped("encoder_busy"), 0);
  offer();
  assert.equal(dropped("encoder_busy"), 0);
  offer();
  assert.deepEqual([dropped("encoder_busy"), encoded.length], [1, 2]);
  for (const { result } of encoded) result.resolve(Uint8Array.of(1));
  await waitFor("both frames", () => published.length === 2);
  offer();
  assert.equal(encoded.length, 3);
});

Deno.test("FrameOutput counts images that newer ones replaced, and compresses none that is not due", async () => {
  const { published, encoded, link, offer, dropped } = startEncoding({ maxFps: 0.5 });
  offer();
  offer();
  assert.equal(encoded.length, 1);
  encoded[0]!.result.resolve(undefined);
  await waitFor("the drop", () => dropped("encoder_newer") === 1);
  assert.deepEqual(published, []);
  link.wanted = false;
  for (let count = 0; count < 5; count++) offer();
  assert.equal(encoded.length, 1);
  link.wanted = true;
  offer();
  assert.equal(encoded.length, 2);
});

Deno.test("FrameOutput shrinks encoded images too, and publishes those that do not become smaller", async () => {
  const { frameOutput, published, encoded, shrunk, counters, offer } = startEncoding({
    degradation: 0.6,
  });
  offer();
  offer();
  encoded[0]!.result.resolve(new Uint8Array(20));
  encoded[1]!.result.resolve(new Uint8Array(8));
  await waitFor("the first frame", () => published.length >= 1);
  await waitFor("both frames", () => published.length === 2);
  assert.deepEqual(published.map(({ image }) => [image.jpeg.length, image.width]), [[15, 320], [
    8,
    640,
  ]]);
  assert.equal(counters.get("frames_shrunk_total"), 1);
  // The quantizers are eight times as coarse; frames of under 640 pixels keep their size.
  assert.deepEqual(
    shrunk.map(({ quantizerScale, minWidth }) => [Math.round(quantizerScale), minWidth]),
    [
      [8, 640],
      [8, 640],
    ],
  );
  assert.equal(frameOutput.quality, undefined);
});

Deno.test("FrameOutput has the size of a published frame, in proportion", async () => {
  const { frameOutput, published, encoded, offer } = startEncoding({ degradation: 1 });
  offer();
  encoded[0]!.result.resolve(new Uint8Array(20));
  await waitFor("the frame", () => published.length === 1);
  const size = (width: number, height: number) => frameOutput.sizeOf({ width, height } as Frame);
  assert.deepEqual([size(640, 320), size(301, 99)], [{ width: 320, height: 160 }, {
    width: 151,
    height: 50,
  }]);
  assert.equal(frameOutput.quality, 30);
});

Deno.test("FrameOutput logs why an image could not be compressed", async () => {
  const { published, encoded, warnings, offer, dropped } = startEncoding();
  offer();
  encoded[0]!.result.reject(new Error("no memory"));
  await waitFor("the drop", () => dropped("encoder_failed") === 1);
  assert.deepEqual(warnings, ["Cannot compress a frame: no memory"]);
  assert.deepEqual(published, []);
});

Deno.test("FrameOutput compresses the frames of 100 ms at a time, and drops others", async () => {
  for (const { fps, accepted } of [{ fps: 30, accepted: 4 }, { fps: 120, accepted: 13 }]) {
    const { published, encoded, offer, dropped } = startEncoding();
    const timeOf = (k: number) => monotonicUs(Math.round(k * 1e6 / fps));
    for (let k = 0; k < 20; k++) offer({ timeUs: timeOf(k) });
    assert.deepEqual([encoded.length, dropped("encoder_busy")], [accepted, 20 - accepted]);
    encoded[0]!.result.resolve(Uint8Array.of(1));
    await waitFor("the oldest", () => published.length === 1);
    offer({ timeUs: timeOf(accepted) });
    assert.equal(encoded.length, accepted + 1);
    for (const { result } of encoded) result.resolve(Uint8Array.of(1));
    await waitFor("all", () => published.length === accepted + 1);
    assert.deepEqual(
      published.map(({ captureUs }) => captureUs),
      Array.from({ length: accepted + 1 }, (_, k) => timeOf(k)),
    );
  }
});

Deno.test("FrameOutput drops a frame that is too old when it is compressed", async () => {
  const { published, encoded, offer, dropped } = startEncoding({ isTooOld: (us) => us < 2e6 });
  offer();
  offer();
  for (const { result } of encoded) result.resolve(Uint8Array.of(1));
  await waitFor("the second frame", () => published.length > 0);
  const [frame] = published;
  assert.deepEqual(
    [frame!.captureUs, frame!.image.sequence],
    [2e6, 0],
    "only sent ones are numbered",
  );
  assert.equal(dropped("too_old"), 1);
});

Deno.test("FrameOutput.flush() waits for the frames in compression, but not for ever", async () => {
  const compressed = Promise.withResolvers<void>();
  const { frameOutput, published, link, frame } = start(async (jpeg) => {
    await compressed.promise;
    return jpeg;
  });
  await frameOutput.flush(60_000);
  link.degradation = 0.5;
  frameOutput.offer(frame(5));
  await frameOutput.flush(1);
  assert.equal(published.length, 0);
  const flushed = frameOutput.flush(60_000);
  compressed.resolve();
  await flushed;
  assert.equal(published.length, 1);
});
