import { type Binding, OrtSession } from "../../ffi/onnxruntime/session.ts";
import { Tensor } from "../../ffi/onnxruntime/tensor.ts";
import { resampleRgb } from "../../ffi/regions.ts";
import type { Image } from "../capture/frame.ts";
import { assetPath } from "../base/assets.ts";
import { reasonOf, UnavailableError } from "../base/errors.ts";
import { decodeFaces, type Detection, INPUT_SIZE, type RawOutput } from "./blazeface.ts";
import type { Size } from "./layout.ts";
import type { Box, FaceLandmarks, Point } from "./region_sample.ts";

/** Anticlockwise rotation of the image before the detector, in quarter turns. */
export type QuarterTurns = 0 | 1 | 2 | 3;

export interface DetectOptions {
  /** @default 0 */
  readonly rotation?: QuarterTurns;
  /** Smallest score of a detection, 0..1. @default 0.5 */
  readonly threshold?: number;
  /** The square to search, in image pixels. @default the square around the whole image */
  readonly view?: Square;
}

/**
 * Face detector that runs BlazeFace's front model on its own thread, for one image at a time. A
 * detection takes about 2 ms on a PC.
 */
export class FaceDetector implements Disposable {
  readonly #session: OrtSession;
  readonly #input: Tensor;
  readonly #outputs: readonly Tensor[];
  readonly #binding: Binding;
  readonly #rawOutputs: readonly RawOutput[];
  #running: Promise<void> | undefined;

  private constructor(session: OrtSession) {
    this.#session = session;
    this.#input = new Tensor([1, INPUT_SIZE, INPUT_SIZE, 3]);
    const tensors = new Map(session.outputs.map(({ name, shape }) => [name, new Tensor(shape)]));
    this.#outputs = [...tensors.values()];
    const input = session.inputs[0]?.name ?? "";
    this.#binding = session.bind({ [input]: this.#input }, Object.fromEntries(tensors));
    const rawOutput = (anchors: number): RawOutput => ({
      scores: this.#outputOf(anchors, 1),
      values: this.#outputOf(anchors, 16),
    });
    try {
      this.#rawOutputs = [rawOutput(16 * 16 * 2), rawOutput(8 * 8 * 6)];
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Loads the model.
   *
   * @param path an ONNX file of BlazeFace's front model.
   * @throws {UnavailableError} if it cannot be loaded.
   * @throws {Error} if it has other outputs.
   */
  static async open(path: string = assetPath("faceDetector")): Promise<FaceDetector> {
    let session: OrtSession;
    try {
      session = await OrtSession.fromFile(path);
    } catch (error) {
      throw new UnavailableError(reasonOf(error), {
        cause: error,
        hint: "Install the program again, or run scripts/setup in a clone",
      });
    }
    return new FaceDetector(session);
  }

  /**
   * Detects the faces in an image. The image is read before this returns, so it may be released
   * while the promise is pending.
   *
   * @returns the faces in descending order of score, as fractions of the image width and height.
   */
  detect(image: Image, options: DetectOptions = {}): Promise<Detection[]> {
    if (this.#running) {
      throw new Error("Cannot detect faces: the previous detection has not finished");
    }
    const { rotation = 0, threshold = 0.5, view: square = squareAround(image) } = options;
    resampleRgb(image, this.#input.data, {
      from: { ...square, width: square.size, height: square.size },
      width: INPUT_SIZE,
      height: INPUT_SIZE,
      quarterTurns: rotation,
      scale: 2 / 255,
      offset: -1,
    });
    const run = this.#binding.run();
    this.#running = run;
    return run.then(
      () => {
        const faces = decodeFaces(this.#rawOutputs, threshold);
        return faces.map((face) => toImage(face, { image, square, rotation }));
      },
    ).finally(() => this.#running = undefined);
  }

  /** Frees the model. A pending detection must be awaited first. */
  [Symbol.dispose](): void {
    this.#session[Symbol.dispose]();
    this.#input[Symbol.dispose]();
    for (const tensor of this.#outputs) tensor[Symbol.dispose]();
  }

  #outputOf(anchors: number, values: number): Float32Array<ArrayBuffer> {
    const output = this.#outputs.find(({ shape }) => shape[1] === anchors && shape[2] === values);
    if (!output) {
      throw new Error(
        `Cannot find faces: the model has no output of shape 1x${anchors}x${values}`,
      );
    }
    return output.data;
  }
}

/** Square in image pixels, which may extend beyond the image. */
export interface Square {
  readonly x: number;
  readonly y: number;
  readonly size: number;
}

/** Returns the smallest square around the image, with the same centre. */
export function squareAround({ width, height }: Size): Square {
  const size = Math.max(width, height);
  return { x: (width - size) / 2, y: (height - size) / 2, size };
}

interface View {
  readonly image: Image;
  readonly square: Square;
  readonly rotation: QuarterTurns;
}

/** Converts a face from fractions of the rotated square to fractions of the image. */
function toImage(face: Detection, { image, square, rotation }: View): Detection {
  const convert = (point: Point): Point => {
    const { x, y } = undoRotation(point, rotation);
    return {
      x: (square.x + x * square.size) / image.width,
      y: (square.y + y * square.size) / image.height,
    };
  };
  const { landmarks } = face;
  const converted: FaceLandmarks = {
    rightEye: convert(landmarks.rightEye),
    leftEye: convert(landmarks.leftEye),
    nose: convert(landmarks.nose),
    mouth: convert(landmarks.mouth),
    rightEar: convert(landmarks.rightEar),
    leftEar: convert(landmarks.leftEar),
  };
  const { box } = face;
  const corners = [
    convert({ x: box.x, y: box.y }),
    convert({ x: box.x + box.width, y: box.y + box.height }),
  ] as const;
  return { score: face.score, box: boxOf(corners), landmarks: converted };
}

/** Converts a point from the rotated to the original image, both as fractions of a square. */
export function undoRotation({ x, y }: Point, rotation: QuarterTurns): Point {
  if (rotation === 1) return { x: 1 - y, y: x };
  if (rotation === 2) return { x: 1 - x, y: 1 - y };
  if (rotation === 3) return { x: y, y: 1 - x };
  return { x, y };
}

function boxOf([a, b]: readonly [Point, Point]): Box {
  return {
    x: Math.min(a.x, b.x),
    y: Math.min(a.y, b.y),
    width: Math.abs(a.x - b.x),
    height: Math.abs(a.y - b.y),
  };
}
