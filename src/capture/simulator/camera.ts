import { type MonotonicUs, monotonicUs } from "../../base/time.ts";
import { type Clock, SystemClock } from "../../telemetry/clock.ts";
import { BufferPool } from "../buffer_pool.ts";
import type { FrameSource, SourceEvent } from "../frame.ts";
import { Physiology, type PhysiologyOptions } from "./physiology.ts";
import { loadPortrait } from "./portrait.ts";
import { Random } from "./random.ts";
import { Renderer, type SceneState } from "./renderer.ts";
import { paintScene, placePeople, type SceneName, type Spectrum } from "./scene.ts";
import { advanceTruth, type TruthSample } from "./truth.ts";

export interface SimulatedCameraOptions extends PhysiologyOptions {
  /** In pixels. @default 640 */
  readonly width?: number;
  /** In pixels. @default 480 */
  readonly height?: number;
  /** @default 30 */
  readonly fps?: number;
  /** @default "person" */
  readonly scene?: SceneName;
  /** @default "visible" */
  readonly spectrum?: Spectrum;
  /** Standard deviation of the sensor noise, in grey levels. @default 1 */
  readonly noise?: number;
  /** Sway of the head, in pixels of an image 640 wide. @default 0 */
  readonly motion?: number;
  /** Drift of the light, as a fraction of its mean. @default 0 */
  readonly light?: number;
  /** Probability that a frame is lost. @default 0 */
  readonly frameDrop?: number;
  /** Range of the pulse as a fraction of the skin's brightness. @default 0.01 */
  readonly pulseAmplitude?: number;
  /** Rise of the chest with each breath, in pixels of an image 480 high. @default 2.5 */
  readonly chestRise?: number;
  /** Seconds after which the source ends. @default Infinity */
  readonly durationS?: number;
  /** False yields frames as fast as they are consumed, with the same times. @default true */
  readonly realtime?: boolean;
  /** Called with the ground truth of each frame, just before the frame is yielded. */
  readonly onTruth?: (truth: TruthSample, timeUs: MonotonicUs) => void;
  /** Called when the camera is disposed. */
  readonly onClose?: () => void;
  readonly clock?: Clock;
}

/** Flicker of the lamp: a frequency in the pulse band, an amplitude as a fraction of the light. */
const FLICKER = { hz: 1.2, amplitude: 0.006 };
const SCENE_LIGHT: Readonly<Partial<Record<SceneName, number>>> = { dark: 0.09, bright: 2.6 };
/** Frequencies of sway and of drifting light, all below the pulse band. */
const SWAY_HZ = [0.07, 0.13, 0.29] as const;
const LIGHT_HZ = [0.011, 0.023, 0.047] as const;
/** Modulation of the facial blood volume by breathing. */
const BREATH_IN_PULSE = 0.1;
/** Frames by which a consumer may be late before they are lost, like the buffers of a camera. */
const MAX_LATE_FRAMES = 4;
/** At full speed, frames between two yields to the event loop. */
const FRAMES_PER_YIELD = 8;

/**
 * Simulated camera in front of a portrait whose skin has a pulse and whose chest breathes. Equal
 * options give bit-identical images.
 *
 * @example
 * ```ts
 * await using camera = new SimulatedCamera({ pulse: "60,100@30", scene: "person" });
 * for await (const event of camera) if (event.kind === "frame") event.frame[Symbol.dispose]();
 * ```
 */
export class SimulatedCamera implements FrameSource {
  readonly description: string;
  readonly nominalFps: number;
  readonly realtime: boolean;
  readonly #options: Required<Omit<SimulatedCameraOptions, "onTruth" | "onClose">>;
  readonly #onTruth: (truth: TruthSample, timeUs: MonotonicUs) => void;
  readonly #onClose: () => void;
  readonly #closing = new AbortController();

  constructor({ onTruth = () => {}, onClose = () => {}, ...options }: SimulatedCameraOptions = {}) {
    this.#options = {
      width: 640,
      height: 480,
      fps: 30,
      scene: "person",
      spectrum: "visible",
      pulse: 72,
      breathing: 15,
      variability: 1,
      noise: 1,
      motion: 0,
      light: 0,
      frameDrop: 0,
      pulseAmplitude: 0.01,
      chestRise: 2.5,
      durationS: Infinity,
      realtime: true,
      seed: 1,
      clock: new SystemClock(),
      ...options,
    };
    this.#onTruth = onTruth;
    this.#onClose = onClose;
    const { width, height, fps, scene, spectrum, pulse, breathing, realtime } = this.#options;
    const shown = spectrum === "infrared" ? `${scene}, infrared` : scene;
    this.nominalFps = fps;
    this.realtime = realtime;
    this.description = `simulated camera (${shown}): ${width}x${height} at ${fps} fps, ` +
      `pulse ${pulse}/min, breathing ${breathing}/min`;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SourceEvent, void, void> {
    const { fps, durationS, frameDrop, seed, clock, width, height } = this.#options;
    const renderer = await this.#openRenderer();
    const physiology = new Physiology(this.#options);
    const drops = new Random(seed, 5);
    const pool = new BufferPool();
    const startUs = clock.monotonicUs();
    const end = Math.round(durationS * fps);
    for (let sequence = 0; sequence < end; sequence++) {
      const dueUs = monotonicUs(startUs + Math.round((sequence * 1e6) / fps));
      if (drops.uniform() < frameDrop) continue;
      if (await this.#isMissed(dueUs, sequence)) continue;
      if (this.#closing.signal.aborted) return;
      const truth = advanceTruth(physiology, sequence / fps);
      const { image, buffer } = renderer.draw(this.#stateAt(truth, sequence), pool);
      this.#onTruth(truth, dueUs);
      let released = false;
      const frame = {
        timeUs: dueUs,
        sequence,
        width,
        height,
        image,
        [Symbol.dispose]() {
          if (!released) pool.release(buffer);
          released = true;
        },
      };
      yield { kind: "frame", frame };
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#onClose();
    return Promise.resolve();
  }

  async #openRenderer(): Promise<Renderer> {
    const { scene, spectrum, width, height, pulseAmplitude, seed, noise, motion } = this.#options;
    const people = placePeople(scene, { width, height });
    const portrait = people[0] && await loadPortrait(people[0].height);
    const amplitude = this.#isLiving() ? pulseAmplitude : 0;
    const painted = paintScene({
      width,
      height,
      people,
      portrait,
      pulseAmplitude: amplitude,
      seed,
      spectrum,
    });
    return new Renderer(painted, { seed, noise, maxSwayPx: (motion * width) / 640 });
  }

  #isLiving(): boolean {
    return this.#options.scene !== "photo" && this.#options.scene !== "flicker";
  }

  /** Waits until the frame is due; returns true if the consumer is too late for it. */
  async #isMissed(dueUs: number, sequence: number): Promise<boolean> {
    const { clock, fps, realtime } = this.#options;
    const { signal } = this.#closing;
    if (!realtime) {
      if (sequence % FRAMES_PER_YIELD === 0) await clock.sleep(0, signal);
      return false;
    }
    const aheadMs = (dueUs - clock.monotonicUs()) / 1000;
    if (aheadMs >= 1) await clock.sleep(aheadMs, signal);
    return aheadMs < (-1000 * MAX_LATE_FRAMES) / fps;
  }

  #stateAt({ timeS, bvp, breath }: TruthSample, index: number): SceneState {
    const { width, height, motion, light, chestRise, scene } = this.#options;
    const living = this.#isLiving();
    const sway = living ? (motion * width) / 640 : 0;
    const drift = light * mean(LIGHT_HZ, (hz, i) => Math.sin(2 * Math.PI * hz * timeS + i));
    const lamp = scene === "flicker"
      ? FLICKER.amplitude * Math.sin(2 * Math.PI * FLICKER.hz * timeS)
      : 0;
    return {
      index,
      pulse: bvp + BREATH_IN_PULSE * (breath - 0.5),
      rise: living ? (breath * chestRise * height) / 480 : 0,
      swayX: sway * mean(SWAY_HZ, (hz, i) => Math.sin(2 * Math.PI * hz * timeS + 2 * i)),
      swayY: 0.4 * sway * mean(SWAY_HZ, (hz, i) => Math.cos(2 * Math.PI * hz * timeS + 3 * i)),
      light: (SCENE_LIGHT[scene] ?? 1) * (1 + drift) * (1 + lamp),
    };
  }
}

function mean<Value>(
  values: readonly Value[],
  of: (value: Value, index: number) => number,
): number {
  return values.reduce((sum, value, i) => sum + of(value, i), 0) / values.length;
}
