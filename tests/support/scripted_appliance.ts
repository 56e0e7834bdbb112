import { Appliance, type ApplianceOptions, type ApplianceParts } from "../../src/app/appliance.ts";
import { epochUs, monotonicUs } from "../../src/base/time.ts";
import type { Frame, FrameSource, SourceEvent } from "../../src/capture/frame.ts";
import { Recording } from "../../src/control/recording.ts";
import { Bus, type Sink } from "../../src/delivery/bus.ts";
import type { Envelope } from "../../src/envelopes/envelope.ts";
import { EnvelopeFactory } from "../../src/envelopes/envelope_factory.ts";
import type { Message } from "../../src/envelopes/message.ts";
import { FrameOutput } from "../../src/frames/frame_output.ts";
import { FramePacing } from "../../src/frames/pacing.ts";
import type { Clock } from "../../src/telemetry/clock.ts";
import { Counters } from "../../src/telemetry/counters.ts";
import { Health } from "../../src/telemetry/health.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import type { RegionSample } from "../../src/vision/region_sample.ts";
import { createVitalsEngine } from "../../src/vitals/engine.ts";
import { gradientImage } from "./gradient_image.ts";
import { replaced } from "./replace.ts";
import { goodSample } from "./samples.ts";

export const OPTIONS: ApplianceOptions = {
  bufferDurationS: 0.2,
  edgeMetrics: true,
  metricsOnlyWhileRecording: false,
  lockExposure: false,
};

/** A source of these events. */
export function sourceOf(
  events: () => AsyncIterator<SourceEvent>,
): FrameSource & { closed: boolean } {
  return {
    description: "fake source",
    realtime: true,
    closed: false,
    [Symbol.asyncIterator]: events,
    [Symbol.asyncDispose]() {
      this.closed = true;
      return Promise.resolve();
    },
  };
}

const image = gradientImage(64, 48);

/** A frame at 30 frames per second. */
export function frameAt(sequence: number): Frame {
  return {
    timeUs: monotonicUs(Math.round(sequence * 1e6 / 30)),
    sequence,
    width: 64,
    height: 48,
    image,
    [Symbol.dispose]() {},
  };
}

/** What a scripted run has done so far, and the time, which only the script advances. */
export interface ScriptedRun {
  /** Advances the clock; microseconds are the smallest step. */
  advance(ms: number): void;
  /** An event with a frame that is captured now. */
  frame(): SourceEvent;
  /** What the appliance does every 100 ms. */
  tick(): void;
  readonly recording: Recording;
  readonly counters: Counters;
  /** Envelopes since the last call, each as its type and its time in milliseconds. */
  published(type?: string): [string, number][];
  /** Names of the statuses since the last call. */
  statuses(): string[];
  readonly seen: {
    frames: number;
    disposed: number;
    locks: number;
    unlocks: number;
    passedOver: number;
    intervalMs: number | undefined;
  };
  /** Passed on as `Sink.problem`. */
  problem: string | undefined;
  readonly health: Health;
  /** All envelopes so far. */
  readonly envelopes: Envelope[];
  /** The calls of the sink: `start`, `offer TOPIC` and `flush MS`. */
  readonly calls: string[];
  /** Aborts the signal of the run. */
  abort(): void;
  /** Number of timers and of listeners to the signal that the run has left. */
  readonly left: { timers: number; listeners: number };
}

/** Runs an appliance on a source that yields the events of `script`, and returns the run. */
export async function runScript(
  script: (run: ScriptedRun) => Iterable<SourceEvent>,
  { options = {}, parts = {}, realtime = true, degradation, observe = (sample) => sample }: {
    options?: Partial<ApplianceOptions>;
    /** Replaces parts of the appliance. */
    parts?: Partial<ApplianceParts>;
    realtime?: boolean;
    /** Passed on as `Sink.frameDegradation`. */
    degradation?: number;
    observe?: (sample: RegionSample) => RegionSample;
  } = {},
): Promise<ScriptedRun> {
  let nowUs = 1_000_000;
  let messages: Message[] = [];
  const statuses: string[] = [];
  let tick = () => {};
  const controller = new AbortController();
  const clock: Clock = {
    monotonicUs: () => monotonicUs(nowUs),
    epochUs: (time) => epochUs(time),
    sleep: () => Promise.resolve(),
  };
  const run: ScriptedRun = {
    advance: (ms) => void (nowUs = Math.round(nowUs + ms * 1000)),
    frame() {
      const frame: Frame = {
        ...frameAt(run.seen.frames++),
        timeUs: monotonicUs(nowUs),
        jpeg: new Uint8Array(4), // published at once, without compression
        [Symbol.dispose]: () => void run.seen.disposed++,
      };
      return { kind: "frame", frame };
    },
    tick: () => tick(),
    recording: new Recording(),
    counters: new Counters(),
    published(type) {
      const taken = messages.filter((message) => type === undefined || message.topic === type);
      messages = messages.filter((message) => !taken.includes(message));
      return taken.map(({ topic, timestamp }) => [topic, (timestamp - 1_000_000) / 1000]);
    },
    statuses: () => statuses.splice(0),
    seen: { frames: 0, disposed: 0, locks: 0, unlocks: 0, passedOver: 0, intervalMs: undefined },
    problem: undefined,
    health: new Health(clock),
    envelopes: [],
    calls: [],
    abort: () => controller.abort(),
    left: { timers: 0, listeners: 0 },
  };
  const sink: Sink = {
    framesWanted: true,
    ...degradation === undefined ? {} : { frameDegradation: degradation },
    start: () => void run.calls.push("start"),
    // deno-lint-ignore require-await
    async flush(ms) {
      run.calls.push(`flush ${ms}`);
    },
    get problem() {
      return run.problem;
    },
    offer(message) {
      messages.push(message);
      run.calls.push(`offer ${message.topic}`);
      if (message.kind === "metric") run.envelopes.push(message.envelope);
      if (message.kind === "frame" || message.envelope.type !== "status") return;
      statuses.push(message.envelope.payload.name);
    },
  };
  const source: FrameSource = {
    ...sourceOf(async function* () {
      yield* script(run);
    }),
    realtime,
    lockExposure: () => void run.seen.locks++,
    unlockExposure: () => void run.seen.unlocks++,
  };
  const sampleOf = ({ timeUs, sequence }: Frame) => observe(goodSample({ timeUs, sequence }));
  const context = { bus: new Bus([sink]), clock, counters: run.counters, log: silentLog };
  const envelopes = new EnvelopeFactory(clock);
  const appliance = new Appliance({
    ...context,
    source,
    envelopes,
    health: run.health,
    vision: {
      observe: sampleOf,
      observeInOrder: (frame) => Promise.resolve(sampleOf(frame)),
      passOverFace: () => void run.seen.passedOver++,
      faceBoxes: [],
    },
    engine: createVitalsEngine(),
    recording: run.recording,
    frames: new FrameOutput({
      ...context,
      envelopes,
      shrinker: { shrink: () => Promise.resolve(undefined) },
      encoder: {
        encode: () => Promise.resolve(new Uint8Array(1)),
        async [Symbol.asyncDispose]() {},
      },
      pacing: new FramePacing({ policy: "always" }),
    }),
    ...parts,
  }, { ...OPTIONS, ...options });
  using timers = new DisposableStack();
  const id = 1e12; // no number of a real timer
  timers.use(replaced(
    globalThis,
    "setInterval",
    ((callback: () => void, ms: number) => {
      tick = callback;
      run.seen.intervalMs = ms;
      run.left.timers++;
      return id;
    }) as unknown as typeof setInterval,
  ));
  const { clearInterval } = globalThis;
  timers.use(replaced(globalThis, "clearInterval", (timer) => {
    if (Number(timer) === id) run.left.timers--;
    else clearInterval(timer);
  }));
  const { signal } = controller;
  const listen = signal.addEventListener.bind(signal);
  const ignore = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof listen>) => {
    run.left.listeners++;
    listen(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof ignore>) => {
    run.left.listeners--;
    ignore(...args);
  };
  await appliance.run(signal);
  return run;
}

/** Yields frames at 30 per second for a time. */
export function* framesFor(ms: number, { advance, frame }: ScriptedRun): Iterable<SourceEvent> {
  for (let i = 0; i < ms * 0.03; i++) {
    advance(1000 / 30);
    yield frame();
  }
}
