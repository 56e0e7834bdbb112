import { STARTCODES } from "./nut_headers.ts";
import { nutCrc } from "./nut_reader.ts";

export interface RawVideo {
  /** FourCC of the pixel format, such as `I420`. */
  readonly fourcc: string;
  readonly width: number;
  readonly height: number;
}

/** Timestamps are in microseconds. */
const TIME_BASE_HZ = 1_000_000;
/** KEY, CODED_PTS, SIZE_MSB and CHECKSUM: a key frame with explicit time, size and checksum. */
const FRAME_FLAGS = 1 | 8 | 32 | 64;
/** msb_pts_shift. Each timestamp is coded in full, which NUT marks by adding 2^msb_pts_shift. */
const PTS_SHIFT = 7;
const MAX_DISTANCE = 65536;

/**
 * Writer of one stream of raw images as NUT, so that ffmpeg reads each image with its timestamp.
 *
 * @example
 * ```ts
 * const writer = new NutWriter({ fourcc: "I420", width: 640, height: 480 });
 * await stdin.write(writer.header());
 * await stdin.write(writer.frameHeader(pixels.length, { ptsUs: 0 }));
 * await stdin.write(pixels);
 * ```
 */
export class NutWriter {
  constructor(private readonly video: RawVideo) {}

  /** Returns the file id and the headers, which come first. */
  header(): Uint8Array<ArrayBuffer> {
    const { fourcc, width, height } = this.video;
    const magic = new TextEncoder().encode("nut/multimedia container\0");
    const main = packet("main", [
      ...[3, 1, MAX_DISTANCE, 1, 1, TIME_BASE_HZ].flatMap(unsigned),
      // One row for all frame codes: flags, then six fields, the last of which is the count.
      ...[FRAME_FLAGS, 6, 0, 1, 0, 0, 0, 255].flatMap(unsigned),
      ...unsigned(0), // no elision headers
    ]);
    const stream = packet("stream", [
      ...[0, 0].flatMap(unsigned),
      ...[fourcc.length, ...new TextEncoder().encode(fourcc)],
      ...[0, PTS_SHIFT, TIME_BASE_HZ, 0, 0, 0].flatMap(unsigned),
      ...[width, height, 1, 1, 0].flatMap(unsigned),
    ]);
    return Uint8Array.from([...magic, ...main, ...stream]);
  }

  /** Returns the syncpoint and header that precede an image of `bytes` bytes. */
  frameHeader(bytes: number, { ptsUs }: { ptsUs: number }): Uint8Array<ArrayBuffer> {
    const syncpoint = packet("syncpoint", [...unsigned(ptsUs), ...unsigned(0)]);
    const head = [0, ...unsigned(ptsUs + 2 ** PTS_SHIFT), ...unsigned(bytes)];
    return Uint8Array.from([...syncpoint, ...head, ...checksum(head)]);
  }
}

function packet(kind: keyof typeof STARTCODES, body: readonly number[]): number[] {
  const startcode = [...Uint8Array.fromHex(STARTCODES[kind])];
  return [...startcode, ...unsigned(body.length + 4), ...body, ...checksum(body)];
}

/** NUT's `v`: seven bits per byte, the most significant first. */
function unsigned(value: number): number[] {
  const bytes = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.unshift(128 + (rest % 128));
  }
  return bytes;
}

function checksum(bytes: readonly number[]): number[] {
  const crc = nutCrc(Uint8Array.from(bytes));
  return [crc >>> 24, (crc >>> 16) & 255, (crc >>> 8) & 255, crc & 255];
}
