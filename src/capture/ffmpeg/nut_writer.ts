import { STARTCODES } from "./nut_headers.ts";
import { nutCrc } from "./nut_reader.ts";

export interface RawVideo {
  /** Four characters of the pixel format: `I420`. */
  readonly fourcc: string;
  readonly width: number;
  readonly height: number;
}

/** Times are in microseconds. */
const TIME_BASE_HZ = 1_000_000;
/** A key frame whose time and size are written out, its head protected: KEY, CODED_PTS, … */
const FRAME_FLAGS = 1 | 8 | 32 | 64;
/** Low bits of a time; each time is written whole, which is said by adding this span. */
const PTS_SHIFT = 7;
const MAX_DISTANCE = 65536;

/**
 * Writes one stream of raw pictures as NUT, so that ffmpeg reads each with its own time.
 *
 * @example
 * ```ts
 * const writer = new NutWriter({ fourcc: "I420", width: 640, height: 480 });
 * await stdin.write(writer.header());
 * await stdin.write(writer.frameHead(pixels.length, { ptsUs: 0 }));
 * await stdin.write(pixels);
 * ```
 */
export class NutWriter {
  constructor(private readonly video: RawVideo) {}

  /** What comes first. */
  header(): Uint8Array<ArrayBuffer> {
    const { fourcc, width, height } = this.video;
    const magic = new TextEncoder().encode("nut/multimedia container\0");
    const main = packet("main", [
      ...[3, 1, MAX_DISTANCE, 1, 1, TIME_BASE_HZ].flatMap(unsigned),
      // One row for all frame codes: flags, six fields, of which the last is the count.
      ...[FRAME_FLAGS, 6, 0, 1, 0, 0, 0, 255].flatMap(unsigned),
      ...unsigned(0), // no header is left out of a frame
    ]);
    const stream = packet("stream", [
      ...[0, 0].flatMap(unsigned),
      ...[fourcc.length, ...new TextEncoder().encode(fourcc)],
      ...[0, PTS_SHIFT, TIME_BASE_HZ, 0, 0, 0].flatMap(unsigned),
      ...[width, height, 1, 1, 0].flatMap(unsigned),
    ]);
    return Uint8Array.from([...magic, ...main, ...stream]);
  }

  /** What precedes the `bytes` bytes of a picture. */
  frameHead(bytes: number, { ptsUs }: { ptsUs: number }): Uint8Array<ArrayBuffer> {
    const syncpoint = packet("syncpoint", [...unsigned(ptsUs), ...unsigned(0)]);
    const head = [0, ...unsigned(ptsUs + 2 ** PTS_SHIFT), ...unsigned(bytes)];
    return Uint8Array.from([...syncpoint, ...head, ...checksum(head)]);
  }
}

function packet(kind: keyof typeof STARTCODES, body: readonly number[]): number[] {
  const startcode = [...Uint8Array.fromHex(STARTCODES[kind])];
  return [...startcode, ...unsigned(body.length + 4), ...body, ...checksum(body)];
}

/** Seven bits a byte, the most significant first. */
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
