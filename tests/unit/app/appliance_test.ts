import assert from "node:assert/strict";
import { Appliance, type ApplianceOptions } from "../../../src/app/appliance.ts";
import type { Frame, FrameSource, SourceEvent } from "../../../src/capture/frame.ts";
import { Recording } from "../../../src/control/recording.ts";
import { EnvelopeFactory } from "../../../src/envelopes/envelope_factory.ts";
import { FramePacing } from "../../../src/frames/pacing.ts";
import { FrameOutput } from "../../../src/frames/frame_output.ts";
import { Bus, type Sink } from "../../../src/delivery/bus.ts";
import type { Message } from "../../../src/envelopes/message.ts";
import { Counters } from "../../../src/telemetry/counters.ts";
import { Health } from "../../../src/telemetry/health.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { createVitalsEngine } from "../../../src/vitals/engine.ts";
import { faceSamples } from "../../support/face_samples.ts";
import { heapInUse } from "../../support/heap.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { gradientImage } from "../../support/gradient_image.ts";

const OPTIONS: ApplianceOptions = {
  bufferDurationS: 0.2,
  edgeMetrics: true,
  metricsOnlyWhileRecording: false,
  lockExposure: false,
};

/** Takes everything and keeps nothing but what it was last. */
class Listener implements Sink {
  readonly framesWanted = true;
  readonly statuses: string[] = [];

  offer(message: Message) {
    if (message.kind !== "metric" || message.envelope.type !== "status") return;
    const { name } = message.envelope.payload;
    if (this.statuses.at(-1) !== name) this.statuses.push(name);
  }
}

function sourceOf(events: () => AsyncIterator<SourceEvent>): FrameSource & { closed: boolean } {
  return {
    description: "made up",
    realtime: true,
    closed: false,
    [Symbol.asyncIterator]: events,
    [Symbol.asyncDispose]() {
      this.closed = true;
      return Promise.resolve();
    },
  };
}

function applianceOf(source: FrameSource, samples = faceSamples({ seconds: 1e6 })) {
  const publisher = new Listener();
  const context = {
    bus: new Bus([publisher]),
    clock: new ManualClock(),
    counters: new Counters(),
    health: new Health(new ManualClock()),
    log: silentLog,
  };
  const envelopes = new EnvelopeFactory(context.clock);
  const observe = () => samples.next().value!;
  const appliance = new Appliance({
    ...context,
    source,
    envelopes,
    vision: { observe, observeInOrder: () => Promise.resolve(observe()) },
    engine: createVitalsEngine(),
    recording: new Recording(),
    frames: new FrameOutput({
      ...context,
      envelopes,
      shrinker: { shrink: () => Promise.resolve(undefined) },
      encoder: {
        encode: () => Promise.resolve(new Uint8Array(1000)),
        async [Symbol.asyncDispose]() {},
      },
      pacing: new FramePacing({ policy: "always" }),
    }),
  }, OPTIONS);
  return { appliance, publisher };
}

const image = gradientImage(64, 48);

function frameAt(sequence: number): Frame {
  return {
    timeUs: Math.round(sequence * 1e6 / 30),
    sequence,
    width: 64,
    height: 48,
    image,
    [Symbol.dispose]() {},
  };
}

Deno.test("frames leave nothing behind in memory", async () => {
  const FRAMES = 9_000;
  const heap: number[] = [];
  const source = sourceOf(async function* () {
    for (let sequence = 0; sequence <= 2 * FRAMES; sequence++) {
      // The rings of samples are full and the code is compiled after the first half.
      if (sequence % FRAMES === 0) heap.push(heapInUse());
      yield { kind: "frame", frame: frameAt(sequence) };
    }
  });
  await applianceOf(source).appliance.run(new AbortController().signal);
  const bytesAFrame = (heap[2]! - heap[1]!) / FRAMES;
  assert.ok(bytesAFrame < 20, `${bytesAFrame.toFixed(0)} bytes are kept of each frame`);
});

Deno.test("a source that never answers does not keep the appliance from stopping", async () => {
  const stop = new AbortController();
  const source = sourceOf(() => ({
    next() {
      queueMicrotask(() => stop.abort());
      return new Promise<never>(() => {});
    },
  }));
  const { appliance, publisher } = applianceOf(source);
  await appliance.run(stop.signal);
  assert.ok(source.closed);
  assert.equal(publisher.statuses.at(-1), "STOPPING");
});

Deno.test("an appliance that is asked to stop before it runs opens no source", async () => {
  const source = sourceOf(() => ({ next: () => Promise.reject(new Error("opened")) }));
  await applianceOf(source).appliance.run(AbortSignal.abort());
  assert.ok(source.closed);
});

Deno.test("the fault of a source ends the run with its reason", async () => {
  const source = sourceOf(() => ({ next: () => Promise.reject(new Error("no such camera")) }));
  const { appliance } = applianceOf(source);
  await assert.rejects(appliance.run(new AbortController().signal), /no such camera/);
  assert.ok(source.closed);
});
