import { type Binding, OrtSession, type TensorInfo } from "../../ffi/onnxruntime/session.ts";
import { Tensor } from "../../ffi/onnxruntime/tensor.ts";
import { resampleRgb } from "../../ffi/regions.ts";
import type { Picture } from "../capture/frame.ts";
import { reasonOf } from "../base/errors.ts";
import type { FaceObservation } from "./region_sample.ts";

/** Microseconds without a frame after which the network's memory is of another time. */
const FORGET_US = 1_000_000;
/** The network may use this share of one processor core. */
const BUDGET = 0.6;
/** More frames than 30 a second tell the network nothing; of fewer than 8 a fast pulse is lost. */
const LEAST_INTERVAL_US = 30_000;
const MOST_INTERVAL_US = 125_000;
/** So many runs tell how long one takes here. */
const TRIAL_RUNS = 30;

/** One sample of a learnt pulse wave, with the time of the frame it was made of. */
export interface NetworkPulse {
  readonly timeUs: number;
  readonly value: number;
}

/**
 * A streaming network that turns face pictures into a pulse wave, one sample a frame, and keeps its
 * memory in tensors that go out of one run and into the next. ME-rPPG is one: Wang et al.,
 * Memory-efficient Low-latency Remote Photoplethysmography through Temporal-Spatial State Space
 * Duality (2025).
 *
 * The model's first input is the face, 1x1xHxWx3 RGB in 0..1; its last is the seconds since the
 * frame before; what lies between is memory, and its outputs after the first are the same memory
 * in the same order.
 */
export class PulseNetwork implements AsyncDisposable {
  readonly #session: OrtSession;
  readonly #face: Tensor;
  readonly #interval: Tensor;
  readonly #pulse: Tensor;
  readonly #memories: readonly [readonly Tensor[], readonly Tensor[]];
  /** The first reads one memory and writes the other, the second the other way round. */
  readonly #bindings: readonly [Binding, Binding];
  #turn: 0 | 1 = 0;
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
    const memory = () => shape.memory.map(({ shape }) => new Tensor(shape));
    this.#memories = [memory(), memory()];
    const bind = (from: readonly Tensor[], to: readonly Tensor[]) => {
      const inputs = [this.#face, ...from, this.#interval];
      const outputs = [this.#pulse, ...to];
      return session.bind(
        Object.fromEntries(session.inputs.map(({ name }, index) => [name, inputs[index]!])),
        Object.fromEntries(session.outputs.map(({ name }, index) => [name, outputs[index]!])),
      );
    };
    const [one, other] = this.#memories;
    this.#bindings = [bind(one, other), bind(other, one)];
  }

  /**
   * @param path an ONNX file.
   * @throws {Error} where it cannot be loaded, or is not of this kind.
   */
  static async open(path: string): Promise<PulseNetwork> {
    const session = await OrtSession.fromFile(path);
    try {
      return new PulseNetwork(session, shapeOf(session));
    } catch (cause) {
      session[Symbol.dispose]();
      const reason = reasonOf(cause);
      throw new Error(`Cannot use the pulse model ${path}: ${reason}`, { cause });
    }
  }

  /** Milliseconds that a run takes here, smoothed; 0 before the first. */
  get runMs(): number {
    return this.#runMs;
  }

  /** True where a run takes so long that no pulse can be followed on this device. */
  get tooSlow(): boolean {
    return this.#runs >= TRIAL_RUNS && this.#runMs * 1000 / BUDGET > MOST_INTERVAL_US;
  }

  /**
   * Gives the network a frame, if it is due and the last one is done; the picture is read at once.
   * The frames that it takes are evenly spaced, as many as this device can compute.
   *
   * @param options.everyFrame takes all frames, for a recording that is read at any speed.
   * @returns the run, where there is one.
   */
  feed(
    picture: Picture,
    { box, track }: Pick<FaceObservation, "box" | "track">,
    { timeUs, everyFrame = false }: { timeUs: number; everyFrame?: boolean },
  ): Promise<void> | undefined {
    if (this.#running || (!everyFrame && (timeUs < this.#dueUs || this.tooSlow))) return undefined;
    const gapUs = this.#lastUs === undefined ? Infinity : timeUs - this.#lastUs;
    const goesOn = track === this.#track && gapUs > 0 && gapUs < FORGET_US;
    if (!goesOn) this.#forget();
    const seconds = goesOn ? gapUs / 1e6 : 1 / 30;
    this.#track = track;
    this.#dueUs = timeUs + this.#paceUs();
    this.#lastUs = timeUs;
    this.#interval.data.fill(seconds);
    const [, , height = 36, width = 36] = this.#face.shape;
    resampleRgb(picture, this.#face.data, {
      from: {
        x: box.x * picture.width,
        y: box.y * picture.height,
        width: box.width * picture.width,
        height: box.height * picture.height,
      },
      width,
      height,
      scale: 1 / 255,
    });
    this.#running = this.#run(timeUs).finally(() => this.#running = undefined);
    return this.#running;
  }

  /** The newest sample that was not taken yet. */
  take(): NetworkPulse | undefined {
    const newest = this.#newest;
    this.#newest = undefined;
    return newest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running?.catch(() => {});
    this.#session[Symbol.dispose]();
    const [one, other] = this.#memories;
    for (const tensor of [this.#face, this.#interval, this.#pulse, ...one, ...other]) {
      tensor[Symbol.dispose]();
    }
  }

  async #run(timeUs: number): Promise<void> {
    const started = performance.now();
    await this.#bindings[this.#turn].run();
    this.#turn = this.#turn ? 0 : 1;
    const took = performance.now() - started;
    this.#runs++;
    this.#runMs += (took - this.#runMs) / Math.min(this.#runs, 20);
    const value = this.#pulse.data[0] ?? NaN;
    if (Number.isFinite(value)) this.#newest = { timeUs, value };
    else this.#forget();
  }

  #forget(): void {
    this.#newest = undefined;
    this.#lastUs = undefined;
    for (const tensor of this.#memories[this.#turn]) tensor.data.fill(0);
  }

  #paceUs(): number {
    const affordableUs = this.#runMs * 1000 / BUDGET;
    return Math.min(MOST_INTERVAL_US, Math.max(LEAST_INTERVAL_US, affordableUs));
  }
}

interface ModelShape {
  readonly face: TensorInfo;
  readonly memory: readonly TensorInfo[];
  readonly interval: TensorInfo;
}

/** @throws {TypeError} for a model of another kind. */
function shapeOf({ inputs, outputs }: OrtSession): ModelShape {
  const [face, ...rest] = inputs;
  const interval = rest.at(-1);
  const memory = rest.slice(0, -1);
  const size = (info: TensorInfo) => info.shape.reduce((product, length) => product * length, 1);
  if (!face || !interval || face.shape.length !== 5 || face.shape[4] !== 3 || size(face) <= 0) {
    throw new TypeError("its first input is no picture of 1x1xHxWx3");
  }
  if (size(interval) !== 1) throw new TypeError("its last input is not one number, the interval");
  if (outputs.length !== memory.length + 1) {
    throw new TypeError(
      `it has ${memory.length} memories and ${outputs.length - 1} of them come out`,
    );
  }
  if (memory.some((info) => size(info) <= 0)) throw new TypeError("its memory has no fixed size");
  return { face, memory, interval };
}
