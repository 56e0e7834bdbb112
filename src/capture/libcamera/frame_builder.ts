import { JpegDecoder } from "../../../ffi/jpeg.ts";
import { NativeError } from "../../../ffi/library.ts";
import type { BufferPool } from "../buffer_pool.ts";
import type { Frame, FrameStamp } from "../frame.ts";
import type { RawLayout } from "./raw_layout.ts";
import type { VidFrame } from "./vid_demuxer.ts";

/** rpicam-vid requests the colour space sYCC for raw frames and JPEGs: full range, BT.601. */
const COLOR = { range: "full", matrix: "bt601" } as const;

/** Builds frames from what rpicam-vid writes. */
export class VidFrameBuilder implements Disposable {
  readonly #pool: BufferPool;
  readonly #analysisWidth: number;
  #decoder: JpegDecoder | undefined;

  constructor(pool: BufferPool, { analysisWidth }: { readonly analysisWidth: number }) {
    this.#pool = pool;
    this.#analysisWidth = analysisWidth;
  }

  /** Returns the frame, or undefined if its JPEG is damaged. */
  async build({ data, layout }: VidFrame, stamp: FrameStamp): Promise<Frame | undefined> {
    if (layout) return this.#rawFrame(data, layout, stamp);
    this.#decoder ??= new JpegDecoder();
    try {
      const image = await this.#decoder.decode(data, { minWidth: this.#analysisWidth });
      return {
        ...stamp,
        width: image.fullWidth,
        height: image.fullHeight,
        image,
        jpeg: data,
        [Symbol.dispose]: () => image[Symbol.dispose](),
      };
    } catch (error) {
      if (error instanceof NativeError && error.status === "format") return undefined;
      throw error;
    }
  }

  /** Releases a frame that is not built. */
  discard({ data, layout }: VidFrame): void {
    if (layout) this.#pool.release(data);
  }

  [Symbol.dispose](): void {
    this.#decoder?.[Symbol.dispose]();
  }

  #rawFrame(
    data: Uint8Array<ArrayBuffer>,
    { width, height, stride }: RawLayout,
    stamp: FrameStamp,
  ): Frame {
    const uvStride = stride / 2;
    const uAt = stride * height, vAt = uAt + uvStride * height / 2;
    let owned = true;
    return {
      ...stamp,
      width,
      height,
      image: {
        width,
        height,
        y: data.subarray(0, uAt),
        u: data.subarray(uAt, vAt),
        v: data.subarray(vAt, vAt + uvStride * height / 2),
        yStride: stride,
        uvStride,
        chromaShiftX: 1,
        chromaShiftY: 1,
        color: COLOR,
      },
      [Symbol.dispose]: () => {
        if (owned) this.#pool.release(data);
        owned = false;
      },
    };
  }
}
