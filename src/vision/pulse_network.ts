import { OrtError } from "../../ffi/onnxruntime/api.ts";
import { type Binding, OrtSession, type TensorInfo } from "../../ffi/onnxruntime/session.ts";
import { Tensor } from "../../ffi/onnxruntime/tensor.ts";
import { resampleRgb } from "../../ffi/regions.ts";
import type { Image } from "../capture/frame.ts";
import { ConfigError, reasonOf } from "../base/errors.ts";
import type { FaceObservation } from "./region_sample.ts";

/** Gap between frames after which the state of the network is reset. */
const RESET_GAP_US = 1_000_000;
/** Fraction of one processor core that the network may use. Chosen. */
const CPU_BUDGET = 0.6;
/** More than 30 fps do not improve the pulse; with fewer than 8 fps, a fast pulse is lost. */
const MIN_INTERVAL_US = 30_000;
const MAX_INTERVAL_US = 125_000;
/** Inferences after which the mean duration is reliable. Chosen. */
const WARM_UP_RUNS = 30;

/** Sample of the BVP that the network computed from one frame. */
export interface NetworkPulse {
  readonly timeUs: number;
  readonly value: number;
}

/**
 * Streaming neural network that computes one BVP sample per image of the face. Its state is a set of
 * tensors: outputs of one inference and inputs of the next. An example is ME-rPPG: Wang et al.,
 * Memory-efficient Low-latency Remote Photoplethysmography through Temporal-Spatial State Space
 * Duality (2025).
 *
 * The first input of the model is the face, 1x1xHxWx3 RGB in 0..1, and the last is the seconds since
 * the previous frame. The inputs between are the state. The first output is the BVP sample, and the
 * others are the new state in the same order.
 */
export class PulseNetwork implements AsyncDisposable {
  readonly #session: OrtSession;
  readonly #face: Tensor;
  readonly #interval: Tensor;
  readonly #pulse: Tensor;
  readonly #states: readonly [readonly Tensor[], readonly Tensor[]];
  /** The first binding reads state 0 and writes state 1, the second the reverse. */
  readonly #bindings: readonly [Binding, Binding];
  /** Index of the state that holds the newest values. */
  #current: 0 | 1 = 0;
  #running: Promise<void> | undefined;
  #newest: NetworkPulse | undefined;
  #lastUs: number | undefined;
  #runMs = 0;
  #runs = 0;
  #track: number | undefined;
  #dueUs = -Infinity;

  private constructor(session: OrtSession, shape: ModelShape) {
    this.#session = session;
    this.#face = new Tensor(shape.face.shape);
    this.#interval = new Tensor(shape.interval.shape);
    this.#pulse = new Tensor([1, 1]);
    const state = () => shape.state.map(({ shape }) => new Tensor(shape));
    this.#states = [state(), state()];
    const bind = (from: readonly Tensor[], to: readonly Tensor[]) => {
      const inputs = [this.#face, ...from, this.#interval];
      const outputs = [this.#pulse, ...to];
      return session.bind(
        Object.fromEntries(session.inputs.map(({ name }, index) => [name, inputs[index]!])),
        Object.fromEntries(session.outputs.map(({ name }, index) => [name, outputs[index]!])),
      );
    };
    const [one, other] = this.#states;
    this.#bindings = [bind(one, other), bind(other, one)];
  }

  /**
   * Loads a model.
   *
   * @param path an ONNX file.
   * @throws {ConfigError} if it cannot be loaded, or has other inputs and outputs.
   */
  static async open(path: string): Promise<PulseNetwork> {
    let session: OrtSession | undefined;
    try {
      session = await OrtSession.fromFile(path);
      return new PulseNetwork(session, shapeOf(session));
    } catch (error) {
      session?.[Symbol.dispose]();
      // The message of the session names the path too.
      const cause = error instanceof OrtError && error.cause !== undefined ? error.cause : error;
      throw new ConfigError(`Cannot use the pulse model ${path}: ${reasonOf(cause)}`, { cause });
    }
  }

  /** Smoothed duration of an inference in milliseconds; 0 before the first. */
  get runMs(): number {
    return this.#runMs;
  }

  /** True if this device cannot run the model at the lowest useful frame rate. */
  get tooSlow(): boolean {
    return this.#runs >= WARM_UP_RUNS && this.#runMs * 1000 / CPU_BUDGET > MAX_INTERVAL_US;
  }

  /**
   * Starts an inference if one is due and none is running. The image is read before this returns.
   * The inferences are evenly spaced, at the highest rate that this device can sustain.
   *
   * @param options.everyFrame runs on all frames, for a recording that is read at any speed.
   * @returns the inference, if one was started.
   */
  process(
    image: Image,
    { box, track }: Pick<FaceObservation, "box" | "track">,
    { timeUs, everyFrame = false }: { timeUs: number; everyFrame?: boolean },
  ): Promise<void> | undefined {
    if (this.#running || (!everyFrame && (timeUs < this.#dueUs || this.tooSlow))) return undefined;
    const gapUs = this.#lastUs === undefined ? Infinity : timeUs - this.#lastUs;
    const continuous = track === this.#track && gapUs > 0 && gapUs < RESET_GAP_US;
    if (!continuous) this.#reset();
    const seconds = continuous ? gapUs / 1e6 : 1 / 30;
    this.#track = track;
    this.#dueUs = timeUs + this.#intervalUs();
    this.#lastUs = timeUs;
    this.#interval.data.fill(seconds);
    const [, , height, width] = this.#face.shape as [number, number, number, number];
    resampleRgb(image, this.#face.data, {
      from: {
        x: box.x * image.width,
        y: box.y * image.height,
        width: box.width * image.width,
        height: box.height * image.height,
      },
      width,
      height,
      scale: 1 / 255,
    });
    this.#running = this.#run(timeUs).finally(() => this.#running = undefined);
    return this.#running;
  }

  /** Returns the newest sample and removes it; undefined if there is none since the last call. */
  takeSample(): NetworkPulse | undefined {
    const newest = this.#newest;
    this.#newest = undefined;
    return newest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running?.catch(() => {});
    this.#session[Symbol.dispose]();
    const [one, other] = this.#states;
    for (const tensor of [this.#face, this.#interval, this.#pulse, ...one, ...other]) {
      tensor[Symbol.dispose]();
    }
  }

  async #run(timeUs: number): Promise<void> {
    const started = performance.now();
    await this.#bindings[this.#current].run();
    this.#current = this.#current ? 0 : 1;
    const durationMs = performance.now() - started;
    this.#runs++;
    this.#runMs += (durationMs - this.#runMs) / Math.min(this.#runs, 20);
    const value = this.#pulse.data[0] ?? NaN;
    if (Number.isFinite(value)) this.#newest = { timeUs, value };
    else this.#reset();
  }

  #reset(): void {
    this.#newest = undefined;
    this.#lastUs = undefined;
    for (const tensor of this.#states[this.#current]) tensor.data.fill(0);
  }

  #intervalUs(): number {
    const affordableUs = this.#runMs * 1000 / CPU_BUDGET;
    return Math.min(MAX_INTERVAL_US, Math.max(MIN_INTERVAL_US, affordableUs));
  }
}

interface ModelShape {
  readonly face: TensorInfo;
  readonly state: readonly TensorInfo[];
  readonly interval: TensorInfo;
}

/** @throws {TypeError} if the model has other inputs and outputs. */
function shapeOf({ inputs, outputs }: OrtSession): ModelShape {
  const [face, ...rest] = inputs;
  const interval = rest.at(-1);
  const state = rest.slice(0, -1);
  const size = (info: TensorInfo) => info.shape.reduce((product, length) => product * length, 1);
  if (!face || !interval || face.shape.length !== 5 || face.shape[4] !== 3 || size(face) <= 0) {
    throw new TypeError("its first input is not an image of 1x1xHxWx3");
  }
  if (size(interval) !== 1) throw new TypeError("its last input is not a scalar, the interval");
  if (outputs.length !== state.length + 1) {
    throw new TypeError(
      `it has ${state.length} state inputs, but ${outputs.length - 1} state outputs`,
    );
  }
  if (state.some((info) => size(info) <= 0)) throw new TypeError("its state has no fixed size");
  return { face, state, interval };
}
