import type { BufferPool } from "../buffer_pool.ts";
import type { FrameMetadata } from "./frame_metadata.ts";
import { JpegEnd, JpegError } from "../jpeg_end.ts";
import { MetadataParser, VidStreamError } from "./metadata_parser.ts";
import {
  layoutOf,
  maxFrameBytes,
  minFrameBytes,
  type PixelSize,
  type RawLayout,
} from "./raw_layout.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A frame with what the camera reports of it. */
export interface VidFrame {
  readonly data: Bytes;
  /** Layout of `data`; absent if it is a JPEG. */
  readonly layout?: RawLayout;
  readonly metadata: FrameMetadata;
}

/** Collects the bytes of one frame after the other. */
interface FrameCollector {
  /** Returns the frame and the bytes behind it; no frame if it continues. */
  push(chunk: Bytes): { readonly frame?: Omit<VidFrame, "metadata">; readonly rest: Bytes };
  /** Releases a frame that is not used. */
  discard(data: Bytes): void;
}

/** Frames without metadata in a row after which the stream cannot be trusted. Chosen. */
const MAX_UNMATCHED = 3;
const CLOSING = "}".charCodeAt(0);
const EMPTY = new Uint8Array(0);

/**
 * Splits the output of `rpicam-vid --output=- --metadata=-`: each frame is followed by its own
 * metadata in the same pipe, so none can get those of another. A frame that none follow is discarded
 * and counted in `unmatched`.
 */
export class VidDemuxer {
  readonly #collector: FrameCollector;
  readonly #parser = new MetadataParser();
  #frame: Omit<VidFrame, "metadata"> | undefined;
  #closed = true;
  #unmatchedInARow = 0;
  /** Frames that had no metadata. */
  unmatched = 0;

  constructor(collector: FrameCollector) {
    this.#collector = collector;
  }

  /**
   * Yields the frames that are complete with these bytes.
   *
   * @throws {VidStreamError} if the stream is damaged
   */
  *push(chunk: Bytes): Generator<VidFrame, void, void> {
    let rest = chunk;
    while (rest.length > 0) {
      if (!this.#closed) {
        if (rest[0] !== CLOSING) throw new VidStreamError("an object does not end as expected");
        rest = rest.subarray(1);
        this.#closed = true;
      } else if (!this.#frame) {
        ({ frame: this.#frame, rest = EMPTY } = this.#collector.push(rest));
      } else {
        const parsed = this.#parser.push(rest);
        if (parsed.state === "more") return;
        const frame = this.#frame;
        this.#frame = undefined;
        rest = parsed.rest;
        if (parsed.state === "object") {
          this.#closed = parsed.closed;
          this.#unmatchedInARow = 0;
          yield { ...frame, metadata: parsed.metadata };
        } else {
          this.#discard(frame.data);
        }
      }
    }
  }

  #discard(data: Bytes): void {
    this.#collector.discard(data);
    this.unmatched++;
    if (++this.#unmatchedInARow > MAX_UNMATCHED) {
      throw new VidStreamError("frames are not followed by their metadata");
    }
  }
}

/** Start of the object behind the first frame, with the start of its first field. */
const FIRST_OBJECT = new TextEncoder().encode('{\n    "');

/**
 * Collects frames in planar 4:2:0. Their size in bytes depends on the padding of the image processor
 * and is not announced: the object behind the first frame shows where that frame ends.
 */
export class RawCollector implements FrameCollector {
  readonly #sizeOf: () => PixelSize;
  readonly #pool: BufferPool;
  #layout: RawLayout | undefined;
  #buffer: Bytes | undefined;
  #filled = 0;

  /**
   * @param sizeOf returns the size of the images, at the latest with the first bytes
   * @param pool where the frames come from; the consumer returns them
   */
  constructor(sizeOf: () => PixelSize, pool: BufferPool) {
    this.#sizeOf = sizeOf;
    this.#pool = pool;
  }

  push(chunk: Bytes) {
    const layout = this.#layout;
    if (!layout) return this.#findFirst(chunk);
    const buffer = this.#buffer ??= this.#pool.acquire(layout.frameBytes);
    const part = chunk.subarray(0, buffer.length - this.#filled);
    buffer.set(part, this.#filled);
    this.#filled += part.length;
    if (this.#filled < buffer.length) return { rest: EMPTY };
    this.#buffer = undefined;
    this.#filled = 0;
    return { frame: { data: buffer, layout }, rest: chunk.subarray(part.length) };
  }

  discard(data: Bytes): void {
    this.#pool.release(data);
  }

  #findFirst(chunk: Bytes) {
    const size = this.#sizeOf();
    const buffer = this.#buffer ??= new Uint8Array(maxFrameBytes(size) + FIRST_OBJECT.length);
    const part = chunk.subarray(0, buffer.length - this.#filled);
    buffer.set(part, this.#filled);
    const from = Math.max(minFrameBytes(size), this.#filled - FIRST_OBJECT.length);
    this.#filled += part.length;
    const end = indexOfBytes(buffer.subarray(0, this.#filled), FIRST_OBJECT, from);
    if (end === undefined) {
      if (this.#filled < buffer.length) return { rest: EMPTY };
      throw new VidStreamError(`the frames are not ${size.width}x${size.height}`);
    }
    const layout = layoutOf(end, size);
    if (!layout) {
      throw new VidStreamError(`a frame of ${size.width}x${size.height} has ${end} bytes`);
    }
    const text = buffer.slice(end, this.#filled);
    const rest = new Uint8Array(text.length + chunk.length - part.length);
    rest.set(text);
    rest.set(chunk.subarray(part.length), text.length);
    this.#layout = layout;
    this.#buffer = undefined;
    this.#filled = 0;
    return { frame: { data: buffer.slice(0, end), layout }, rest };
  }
}

/** Largest JPEG in bytes: of 12 megapixels at the best quality. Chosen. */
const MAX_JPEG_BYTES = 32 * 1024 * 1024;

/** Collects JPEGs. */
export class JpegCollector implements FrameCollector {
  readonly #end = new JpegEnd();
  #parts: Bytes[] = [];
  #bytes = 0;

  push(chunk: Bytes) {
    const end = this.#endIn(chunk);
    const part = chunk.subarray(0, end);
    this.#parts.push(part);
    this.#bytes += part.length;
    if (this.#bytes > MAX_JPEG_BYTES) throw new VidStreamError("a JPEG does not end");
    if (end === undefined) return { rest: EMPTY };
    const data = new Uint8Array(this.#bytes);
    let at = 0;
    for (const piece of this.#parts) {
      data.set(piece, at);
      at += piece.length;
    }
    this.#parts = [];
    this.#bytes = 0;
    return { frame: { data }, rest: chunk.subarray(end) };
  }

  discard(): void {}

  #endIn(chunk: Bytes): number | undefined {
    try {
      return this.#end.push(chunk);
    } catch (error) {
      throw error instanceof JpegError ? new VidStreamError(error.message) : error;
    }
  }
}

function indexOfBytes(bytes: Bytes, pattern: Bytes, from: number): number | undefined {
  for (
    let at = bytes.indexOf(pattern[0]!, from);
    at >= 0;
    at = bytes.indexOf(pattern[0]!, at + 1)
  ) {
    if (at + pattern.length > bytes.length) return undefined;
    if (pattern.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return undefined;
}
