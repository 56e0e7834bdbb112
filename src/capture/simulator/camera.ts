import { type Clock, SystemClock } from "../../telemetry/clock.ts";
import { BufferPool } from "../buffer_pool.ts";
import type { FrameSource, SourceEvent } from "../frame.ts";
import { Physiology, type PhysiologyOptions } from "./physiology.ts";
import { loadPortrait } from "./portrait.ts";
import { Random } from "./random.ts";
import { Renderer, type SceneState } from "./renderer.ts";
import { paintScene, placePeople, type SceneName } from "./scene.ts";
import { truthAt, type TruthSample } from "./truth.ts";

export interface SimulatedCameraOptions extends PhysiologyOptions {
  /** In pixels. @default 640 */
  readonly width?: number;
  /** In pixels. @default 480 */
  readonly height?: number;
  /** @default 30 */
  readonly fps?: number;
  /** @default "person" */
  readonly scene?: SceneName;
  /** Standard deviation of the sensor's noise, in grey levels. @default 1 */
  readonly noise?: number;
  /** How far the head sways, in pixels of a picture 640 wide. @default 0 */
  readonly motion?: number;
  /** How far the light drifts, as a share of its mean. @default 0 */
  readonly light?: number;
  /** The share of frames that get lost at random. @default 0 */
  readonly frameDrop?: number;
  /** The pulse's range as a share of the skin's brightness. @default 0.01 */
  readonly pulseAmplitude?: number;
  /** How far the chest rises with a breath, in pixels of a picture 480 high. @default 2.5 */
  readonly chestRise?: number;
  /** Seconds after which it ends. @default never */
  readonly durationS?: number;
  /** False gives frames as fast as they are taken, with the same times. @default true */
  readonly realtime?: boolean;
  /** Told the truth of every frame, just before the frame is given. */
  readonly onTruth?: (truth: TruthSample, timeUs: number) => void;
  readonly clock?: Clock;
}

/** A lamp's flicker, in Hz and as a share of the light: where a pulse would be. */
const FLICKER = { hz: 1.2, share: 0.006 };
const SCENE_LIGHT: Readonly<Partial<Record<SceneName, number>>> = { dark: 0.09, bright: 2.6 };
/** Slow waves of sway and of light, none of them near a pulse. */
const SWAY_HZ = [0.07, 0.13, 0.29] as const;
const LIGHT_HZ = [0.011, 0.023, 0.047] as const;
/** Breathing presses a little blood into the face. */
const BREATH_IN_PULSE = 0.1;
/** A consumer that is this many frames late loses them, as with a camera's four buffers. */
const MAX_LATE_FRAMES = 4;
/** At full speed, others have their turn after so many frames. */
const FRAMES_A_TURN = 8;

/**
 * A camera that looks at a portrait whose skin has a pulse and whose chest breathes. The same
 * options give the same pictures, bit for bit.
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
  readonly #options: Required<Omit<SimulatedCameraOptions, "onTruth">>;
  readonly #onTruth: (truth: TruthSample, timeUs: number) => void;
  readonly #closing = new AbortController();

  constructor({ onTruth = () => {}, ...options }: SimulatedCameraOptions = {}) {
    this.#options = {
      width: 640,
      height: 480,
      fps: 30,
      scene: "person",
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
    const { width, height, fps, scene, pulse, breathing, realtime } = this.#options;
    this.nominalFps = fps;
    this.realtime = realtime;
    this.description = `simulated camera (${scene}): ${width}x${height} at ${fps} frames/s, ` +
      `pulse ${pulse}, breathing ${breathing} a minute`;
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
      const dueUs = startUs + Math.round((sequence * 1e6) / fps);
      if (drops.uniform() < frameDrop) continue;
      if (await this.#isMissed(dueUs, sequence)) continue;
      if (this.#closing.signal.aborted) return;
      const truth = truthAt(physiology, sequence / fps);
      const { picture, buffer } = renderer.draw(this.#stateAt(truth, sequence), pool);
      this.#onTruth(truth, dueUs);
      let released = false;
      const frame = {
        timeUs: dueUs,
        sequence,
        width,
        height,
        picture,
        [Symbol.dispose]() {
          if (!released) pool.give(buffer);
          released = true;
        },
      };
      yield { kind: "frame", frame };
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    return Promise.resolve();
  }

  async #openRenderer(): Promise<Renderer> {
    const { scene, width, height, pulseAmplitude, seed, noise, motion } = this.#options;
    const people = placePeople(scene, { width, height });
    const portrait = people[0] && await loadPortrait(people[0].height);
    const amplitude = this.#isAlive() ? pulseAmplitude : 0;
    const painted = paintScene({
      width,
      height,
      people,
      portrait,
      pulseAmplitude: amplitude,
      seed,
    });
    return new Renderer(painted, { seed, noise, reach: (motion * width) / 640 });
  }

  #isAlive(): boolean {
    return this.#options.scene !== "photo" && this.#options.scene !== "flicker";
  }

  /** Waits until the frame is due; true where its moment has passed long ago. */
  async #isMissed(dueUs: number, sequence: number): Promise<boolean> {
    const { clock, fps, realtime } = this.#options;
    const { signal } = this.#closing;
    if (!realtime) {
      if (sequence % FRAMES_A_TURN === 0) await clock.sleep(0, signal);
      return false;
    }
    const aheadMs = (dueUs - clock.monotonicUs()) / 1000;
    if (aheadMs >= 1) await clock.sleep(aheadMs, signal);
    return aheadMs < (-1000 * MAX_LATE_FRAMES) / fps;
  }

  #stateAt({ timeS, bvp, breath }: TruthSample, index: number): SceneState {
    const { width, height, motion, light, chestRise, scene } = this.#options;
    const alive = this.#isAlive();
    const sway = alive ? (motion * width) / 640 : 0;
    const drift = light * mean(LIGHT_HZ, (hz, i) => Math.sin(2 * Math.PI * hz * timeS + i));
    const lamp = scene === "flicker"
      ? FLICKER.share * Math.sin(2 * Math.PI * FLICKER.hz * timeS)
      : 0;
    return {
      index,
      pulse: bvp + BREATH_IN_PULSE * (breath - 0.5),
      rise: alive ? (breath * chestRise * height) / 480 : 0,
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
