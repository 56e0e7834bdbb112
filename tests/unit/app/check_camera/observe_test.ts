import assert from "node:assert/strict";
import { observe } from "../../../../src/app/check_camera/observe.ts";
import { monotonicUs } from "../../../../src/base/time.ts";
import type { Frame, FrameSource, SourceEvent } from "../../../../src/capture/frame.ts";
import { createVitalsEngine } from "../../../../src/vitals/engine.ts";
import type { RegionSample } from "../../../../src/vision/region_sample.ts";
import { gradientImage } from "../../../support/gradient_image.ts";

const image = gradientImage(64, 48);

/** A source that sends these events, and counts the frames that were disposed of. */
class ListedSource implements FrameSource {
  readonly description = "listed source";
  readonly nominalFps = 30;
  readonly realtime: boolean;
  disposedFrames = 0;
  isClosed = false;
  readonly #events: readonly SourceEvent[];
  #close = Promise.withResolvers<void>();

  constructor(events: readonly (number | SourceEvent)[], { realtime = false } = {}) {
    this.realtime = realtime;
    this.#events = events.map((event) => typeof event === "number" ? this.#frame(event) : event);
  }

  #frame(sequence: number): SourceEvent {
    const frame: Frame = {
      timeUs: monotonicUs(sequence * 33_333),
      sequence,
      width: 640,
      height: 480,
      image,
      jpeg: Uint8Array.of(0xff, 0xd8),
      [Symbol.dispose]: () => void this.disposedFrames++,
    };
    return { kind: "frame", frame };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SourceEvent, void> {
    yield* this.#events;
    // A camera that has stopped delivering.
    if (this.realtime) await this.#close.promise;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.isClosed = true;
    this.#close.resolve();
    return Promise.resolve();
  }
}

const vision = {
  observe: ({ timeUs, sequence }: Frame): RegionSample => ({
    timeUs,
    sequence,
    regions: {},
    faceCount: 0,
    brightness: 90,
    clipped: 0,
    motion: 1,
  }),
  observeInOrder: (frame: Frame) => Promise.resolve(vision.observe(frame)),
};

const run = (source: FrameSource, { durationS = 10, signal = new AbortController().signal } = {}) =>
  observe({ source, vision, engine: createVitalsEngine(), durationS, signal });

Deno.test("observe() counts the frames that a source lost, and disposes of each", async () => {
  const source = new ListedSource([0, 1, 4, 5]);
  const { lostFrames, samples, isJpeg, width, nominalFps } = await run(source);
  assert.deepEqual(
    { lostFrames, samples: samples.length, isJpeg, width, nominalFps },
    { lostFrames: 2, samples: 4, isJpeg: true, width: 640, nominalFps: 30 },
  );
  assert.equal(source.disposedFrames, 4);
  assert.ok(source.isClosed);
});

Deno.test("observe() stops at the time of a recording, and estimates every seventh frame at 30 fps", async () => {
  const source = new ListedSource(Array.from({ length: 900 }, (_, i) => i));
  const { samples, estimates } = await run(source, { durationS: 2 });
  assert.equal(samples.length, 62);
  assert.equal(estimates.length, 9);
});

Deno.test("observe() ends when a signal aborts, although the camera delivers nothing more", async () => {
  const ending = new AbortController();
  const source = new ListedSource([0, 1], { realtime: true });
  const running = run(source, { signal: ending.signal });
  ending.abort();
  await running.catch(() => {});
  assert.ok(source.isClosed);
});

Deno.test("observe() reports why no frame has arrived", async () => {
  const source = new ListedSource([{ kind: "disconnected", reason: "the cable is loose" }]);
  await assert.rejects(run(source), /Cannot check listed source: the cable is loose/);
  await assert.rejects(run(new ListedSource([])), /it delivers no frames/);
});
