import assert from "node:assert/strict";
import { Appliance } from "../../../src/app/appliance.ts";
import type { FrameSource } from "../../../src/capture/frame.ts";
import { Recording } from "../../../src/control/recording.ts";
import { EnvelopeFactory } from "../../../src/envelopes/envelope_factory.ts";
import { FramePacing } from "../../../src/frames/pacing.ts";
import { FrameOutput, type ImageEncoder } from "../../../src/frames/frame_output.ts";
import { Bus, type Sink } from "../../../src/delivery/bus.ts";
import type { Message } from "../../../src/envelopes/message.ts";
import { Counters } from "../../../src/telemetry/counters.ts";
import { Health } from "../../../src/telemetry/health.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { createVitalsEngine } from "../../../src/vitals/engine.ts";
import { faceSamples } from "../../support/face_samples.ts";
import { heapInUse } from "../../support/heap.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { frameAt, OPTIONS, sourceOf } from "../../support/scripted_appliance.ts";
import { waitFor } from "../../support/wait.ts";

/** Keeps the sequence of statuses and the number of frames, and nothing else. */
class StatusSink implements Sink {
  readonly framesWanted = true;
  readonly statuses: string[] = [];
  frames = 0;

  offer(message: Message) {
    if (message.kind === "frame") this.frames++;
    if (message.kind !== "metric" || message.envelope.type !== "status") return;
    const { name } = message.envelope.payload;
    if (this.statuses.at(-1) !== name) this.statuses.push(name);
  }
}

function applianceOf(
  source: FrameSource,
  { encode = () => Promise.resolve(new Uint8Array(1000)) }: Partial<Pick<ImageEncoder, "encode">> =
    {},
) {
  const samples = faceSamples({ seconds: 1e6 });
  const sink = new StatusSink();
  const context = {
    bus: new Bus([sink]),
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
    vision: {
      observe,
      observeInOrder: () => Promise.resolve(observe()),
      passOverFace() {},
      faceBoxes: [],
    },
    engine: createVitalsEngine(),
    recording: new Recording(),
    frames: new FrameOutput({
      ...context,
      envelopes,
      shrinker: { shrink: () => Promise.resolve(undefined) },
      encoder: {
        encode,
        async [Symbol.asyncDispose]() {},
      },
      pacing: new FramePacing({ policy: "always" }),
    }),
  }, OPTIONS);
  return { appliance, sink };
}

Deno.test("Appliance retains no memory of processed frames", async () => {
  // By then the rings of samples are full, and what runs rarely is compiled as well: until 24,000
  // frames the heap grows by 4 to 37 bytes a frame, after that by 2.
  const SETTLED = 27_000;
  const MEASURED = 18_000;
  const heap: number[] = [];
  const source = sourceOf(async function* () {
    for (let sequence = 0; sequence < SETTLED + MEASURED; sequence++) {
      if (sequence === SETTLED) heap.push(heapInUse());
      yield { kind: "frame", frame: frameAt(sequence) };
    }
    heap.push(heapInUse());
  });
  await applianceOf(source).appliance.run(new AbortController().signal);
  const bytesPerFrame = (heap[1]! - heap[0]!) / MEASURED;
  assert.ok(bytesPerFrame < 10, `${bytesPerFrame.toFixed(0)} bytes are retained per frame`);
});

Deno.test("Appliance.run() ends on its signal while the source delivers nothing", async () => {
  const stop = new AbortController();
  const source = sourceOf(() => ({
    next() {
      queueMicrotask(() => stop.abort());
      return new Promise<never>(() => {});
    },
  }));
  const { appliance, sink } = applianceOf(source);
  await appliance.run(stop.signal);
  assert.ok(source.closed);
  assert.equal(sink.statuses.at(-1), "STOPPING");
});

Deno.test("Appliance.run() reads no source if its signal has aborted before", async () => {
  const source = sourceOf(() => ({ next: () => Promise.reject(new Error("opened")) }));
  await applianceOf(source).appliance.run(AbortSignal.abort());
  assert.ok(source.closed);
});

Deno.test("Appliance.run() rejects with the error of its source, and closes it", async () => {
  const source = sourceOf(() => ({ next: () => Promise.reject(new Error("no such camera")) }));
  const { appliance } = applianceOf(source);
  await assert.rejects(appliance.run(new AbortController().signal), /no such camera/);
  assert.ok(source.closed);
});

Deno.test("Appliance.run() publishes the frames that are in compression when its source ends", async () => {
  const source = sourceOf(async function* () {
    yield { kind: "frame", frame: frameAt(0) };
    yield { kind: "frame", frame: frameAt(1) };
  });
  const { appliance, sink } = applianceOf(source, {
    encode: async () => {
      await waitFor("the end of the source", () => source.closed);
      return new Uint8Array(1000);
    },
  });
  await appliance.run(new AbortController().signal);
  assert.equal(sink.frames, 2);
});
