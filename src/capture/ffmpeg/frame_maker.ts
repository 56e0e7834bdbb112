import { type DecodedImage, JpegDecoder } from "../../../ffi/jpeg.ts";
import { NativeError } from "../../../ffi/library.ts";
import { BufferPool } from "../buffer_pool.ts";
import type { Frame } from "../frame.ts";
import type { OutputPlan } from "./arguments.ts";
import type { NutFrame } from "./nut.ts";

/** Where a frame stands in time and in the count. */
export interface FramePlace {
  readonly timeUs: number;
  readonly sequence: number;
}

/** Makes frames of what ffmpeg wrote; their memory is used again. */
export class FrameMaker implements Disposable {
  readonly #plan: OutputPlan;
  readonly #minWidth: number;
  readonly #pool = new BufferPool();
  readonly #decoder: JpegDecoder | undefined;

  /** @param options.analysisWidth the picture of a JPEG is halved while it stays as wide */
  constructor(plan: OutputPlan, { analysisWidth }: { readonly analysisWidth: number }) {
    this.#plan = plan;
    this.#minWidth = analysisWidth;
    if (plan.kind === "jpeg") this.#decoder = new JpegDecoder();
  }

  /** Memory for an image of so many bytes. */
  allocate(bytes: number): Uint8Array<ArrayBuffer> {
    // JPEGs are small, and each has another size.
    return this.#decoder ? new Uint8Array(bytes) : this.#pool.take(bytes);
  }

  /** Takes back an image that becomes no frame. */
  skip(image: NutFrame): void {
    if (!this.#decoder) this.#pool.give(image.data);
  }

  /** @returns undefined for an image that is damaged. */
  async make(image: NutFrame, place: FramePlace): Promise<Frame | undefined> {
    if (!this.#decoder) return this.#rawFrame(image, place);
    try {
      const picture = await this.#decoder.decode(image.data, { minWidth: this.#minWidth });
      return this.#jpegFrame(picture, image.data, place);
    } catch (error) {
      if (error instanceof NativeError && error.status === "format") return undefined;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#decoder?.[Symbol.dispose]();
  }

  #jpegFrame(
    picture: DecodedImage,
    jpeg: Uint8Array<ArrayBuffer>,
    place: FramePlace,
  ): Frame {
    return {
      ...place,
      width: picture.fullWidth,
      height: picture.fullHeight,
      picture,
      jpeg,
      [Symbol.dispose]: () => picture[Symbol.dispose](),
    };
  }

  #rawFrame(
    { stream: { width, height }, data }: NutFrame,
    place: FramePlace,
  ): Frame | undefined {
    const ySize = width * height;
    const uvStride = (width + 1) >> 1;
    const uvSize = this.#plan.kind === "gray" ? 0 : uvStride * ((height + 1) >> 1);
    if (data.length !== ySize + 2 * uvSize) return undefined;
    let released = false;
    return {
      ...place,
      width,
      height,
      picture: {
        width,
        height,
        y: data.subarray(0, ySize),
        ...(this.#plan.kind === "yuv420" && {
          u: data.subarray(ySize, ySize + uvSize),
          v: data.subarray(ySize + uvSize, ySize + 2 * uvSize),
        }),
        yStride: width,
        uvStride,
        chromaShiftX: 1,
        chromaShiftY: 1,
        color: this.#plan.color,
      },
      [Symbol.dispose]: () => {
        if (!released) this.#pool.give(data);
        released = true;
      },
    };
  }
}
