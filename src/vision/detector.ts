import { type Binding, OrtSession } from "../../ffi/onnxruntime/session.ts";
import { Tensor } from "../../ffi/onnxruntime/tensor.ts";
import { resampleRgb } from "../../ffi/regions.ts";
import type { Picture } from "../capture/frame.ts";
import { assetPath } from "../base/assets.ts";
import { decodeFaces, type Detection, INPUT_SIZE, type RawAnswer } from "./blazeface.ts";
import type { Size } from "./layout.ts";
import type { Box, FaceLandmarks, Point } from "./region_sample.ts";

/** How the picture is held before the detector, in quarter turns anticlockwise. */
export type Turns = 0 | 1 | 2 | 3;

export interface DetectOptions {
  /** @default 0 */
  readonly turns?: Turns;
  /** Least score that counts, 0..1. @default 0.5 */
  readonly threshold?: number;
  /** The square that is looked at, in pixels of the picture. @default one around all of it */
  readonly view?: Square;
}

/**
 * Finds faces in a picture by BlazeFace's front model, on a thread of its own. One picture at a
 * time; about 2 ms on a PC.
 */
export class FaceDetector implements Disposable {
  readonly #session: OrtSession;
  readonly #input: Tensor;
  readonly #outputs: readonly Tensor[];
  readonly #binding: Binding;
  readonly #answers: readonly RawAnswer[];
  #running: Promise<void> | undefined;

  private constructor(session: OrtSession) {
    this.#session = session;
    this.#input = new Tensor([1, INPUT_SIZE, INPUT_SIZE, 3]);
    const tensors = new Map(session.outputs.map(({ name, shape }) => [name, new Tensor(shape)]));
    this.#outputs = [...tensors.values()];
    const input = session.inputs[0]?.name ?? "";
    this.#binding = session.bind({ [input]: this.#input }, Object.fromEntries(tensors));
    const answer = (anchors: number): RawAnswer => ({
      scores: this.#outputOf(anchors, 1),
      values: this.#outputOf(anchors, 16),
    });
    this.#answers = [answer(16 * 16 * 2), answer(8 * 8 * 6)];
  }

  /**
   * @param path an ONNX file of BlazeFace's front model.
   * @throws {Error} where it cannot be loaded or is another model.
   */
  static async open(path: string = assetPath("faceDetector")): Promise<FaceDetector> {
    return new FaceDetector(await OrtSession.fromFile(path));
  }

  /**
   * The faces in a picture, best first, in shares of its width and height. The picture is read
   * before this returns: it may be released while the promise is pending.
   */
  detect(picture: Picture, options: DetectOptions = {}): Promise<Detection[]> {
    if (this.#running) throw new Error("Cannot detect faces in two pictures at once");
    const { turns = 0, threshold = 0.5, view: square = squareAround(picture) } = options;
    resampleRgb(picture, this.#input.data, {
      from: { ...square, width: square.size, height: square.size },
      width: INPUT_SIZE,
      height: INPUT_SIZE,
      quarterTurns: turns,
      scale: 2 / 255,
      offset: -1,
    });
    const run = this.#binding.run();
    this.#running = run;
    return run.then(
      () => {
        const faces = decodeFaces(this.#answers, threshold);
        return faces.map((face) => inPicture(face, { picture, square, turns }));
      },
    ).finally(() => this.#running = undefined);
  }

  /** Not while a detection is pending: await it first. */
  [Symbol.dispose](): void {
    this.#session[Symbol.dispose]();
    this.#input[Symbol.dispose]();
    for (const tensor of this.#outputs) tensor[Symbol.dispose]();
  }

  #outputOf(anchors: number, values: number): Float32Array<ArrayBuffer> {
    const found = this.#outputs.find(({ shape }) => shape[1] === anchors && shape[2] === values);
    if (!found) {
      throw new Error(`Cannot find faces: the model has no output of 1x${anchors}x${values}`);
    }
    return found.data;
  }
}

/** A square in pixels of a picture, which may reach beyond it. */
export interface Square {
  readonly x: number;
  readonly y: number;
  readonly size: number;
}

/** The square that holds the picture in its middle. */
export function squareAround({ width, height }: Size): Square {
  const size = Math.max(width, height);
  return { x: (width - size) / 2, y: (height - size) / 2, size };
}

interface Placement {
  readonly picture: Picture;
  readonly square: Square;
  readonly turns: Turns;
}

/** From shares of the turned square to shares of the picture. */
function inPicture(face: Detection, { picture, square, turns }: Placement): Detection {
  const place = (point: Point): Point => {
    const { x, y } = undoRotation(point, turns);
    return {
      x: (square.x + x * square.size) / picture.width,
      y: (square.y + y * square.size) / picture.height,
    };
  };
  const { landmarks } = face;
  const placed: FaceLandmarks = {
    rightEye: place(landmarks.rightEye),
    leftEye: place(landmarks.leftEye),
    nose: place(landmarks.nose),
    mouth: place(landmarks.mouth),
    rightEar: place(landmarks.rightEar),
    leftEar: place(landmarks.leftEar),
  };
  const { box } = face;
  const corners = [
    place({ x: box.x, y: box.y }),
    place({ x: box.x + box.width, y: box.y + box.height }),
  ] as const;
  return { score: face.score, box: boxOf(corners), landmarks: placed };
}

/** Where a point of the turned picture lies in the picture itself, both in shares of a square. */
export function undoRotation({ x, y }: Point, turns: Turns): Point {
  if (turns === 1) return { x: 1 - y, y: x };
  if (turns === 2) return { x: 1 - x, y: 1 - y };
  if (turns === 3) return { x: y, y: 1 - x };
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
