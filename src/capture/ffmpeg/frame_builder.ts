import { type DecodedImage, JpegDecoder } from "../../../ffi/jpeg.ts";
import { NativeError } from "../../../ffi/library.ts";
import { BufferPool } from "../buffer_pool.ts";
import type { Frame, FrameStamp } from "../frame.ts";
import type { OutputFormat } from "./arguments.ts";
import type { NutFrame } from "./nut_demuxer.ts";

/** Builds frames from the images that ffmpeg writes, with memory from a pool. */
export class FrameBuilder implements Disposable {
  readonly #format: OutputFormat;
  readonly #analysisWidth: number;
  readonly #pool = new BufferPool();
  readonly #decoder: JpegDecoder | undefined;

  /** @param options.analysisWidth a JPEG is halved while decoding, but stays at least this wide. */
  constructor(format: OutputFormat, { analysisWidth }: { readonly analysisWidth: number }) {
    this.#format = format;
    this.#analysisWidth = analysisWidth;
    if (format.kind === "jpeg") this.#decoder = new JpegDecoder();
  }

  /** Returns memory for an image of `bytes` bytes. */
  allocate(bytes: number): Uint8Array<ArrayBuffer> {
    // JPEGs are small and differ in size, so the pool would not help.
    return this.#decoder ? new Uint8Array(bytes) : this.#pool.acquire(bytes);
  }

  /** Releases an image that does not become a frame. */
  discard(image: NutFrame): void {
    if (!this.#decoder) this.#pool.release(image.data);
  }

  /** @returns the frame, or undefined if the image is damaged. */
  async build(image: NutFrame, stamp: FrameStamp): Promise<Frame | undefined> {
    if (!this.#decoder) return this.#rawFrame(image, stamp);
    try {
      const decoded = await this.#decoder.decode(image.data, { minWidth: this.#analysisWidth });
      return this.#jpegFrame(decoded, image.data, stamp);
    } catch (error) {
      if (error instanceof NativeError && error.status === "format") return undefined;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#decoder?.[Symbol.dispose]();
  }

  #jpegFrame(
    image: DecodedImage,
    jpeg: Uint8Array<ArrayBuffer>,
    { timeUs, sequence }: FrameStamp,
  ): Frame {
    return {
      timeUs,
      sequence,
      width: image.fullWidth,
      height: image.fullHeight,
      image,
      jpeg,
      [Symbol.dispose]: () => image[Symbol.dispose](),
    };
  }

  #rawFrame(
    { stream: { width, height }, data }: NutFrame,
    { timeUs, sequence }: FrameStamp,
  ): Frame | undefined {
    const ySize = width * height;
    const uvStride = (width + 1) >> 1;
    const uvSize = this.#format.kind === "gray" ? 0 : uvStride * ((height + 1) >> 1);
    if (data.length !== ySize + 2 * uvSize) return undefined;
    let released = false;
    return {
      timeUs,
      sequence,
      width,
      height,
      image: {
        width,
        height,
        y: data.subarray(0, ySize),
        ...(this.#format.kind === "yuv420" && {
          u: data.subarray(ySize, ySize + uvSize),
          v: data.subarray(ySize + uvSize, ySize + 2 * uvSize),
        }),
        yStride: width,
        uvStride,
        chromaShiftX: 1,
        chromaShiftY: 1,
        color: this.#format.color,
      },
      [Symbol.dispose]: () => {
        if (!released) this.#pool.release(data);
        released = true;
      },
    };
  }
}
