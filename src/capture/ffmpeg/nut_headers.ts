import { type ByteReader, NutError } from "./nut_reader.ts";

/** Entry of the frame code table in the main header: defaults for the frames with that code. */
export interface FrameCode {
  readonly flags: number;
  readonly stream: number;
  readonly sizeMul: number;
  readonly sizeLsb: number;
  readonly ptsDelta: number;
  readonly reserved: number;
  readonly elision: number;
}

export interface TimeBase {
  readonly num: number;
  readonly den: number;
}

export interface MainHeader {
  readonly streamCount: number;
  readonly timeBases: readonly TimeBase[];
  readonly codes: readonly FrameCode[];
  /** Elision headers: common first bytes of frames, which are omitted from the stream. */
  readonly elisions: readonly Uint8Array[];
  readonly broadcast: boolean;
}

export interface NutStream {
  readonly id: number;
  readonly video: boolean;
  /** FourCC that ffmpeg chose, such as `I420` or `MJPG`. */
  readonly fourcc: string;
  readonly timeBase: TimeBase;
  readonly msbPtsShift: number;
  /** In pixels; 0 if the stream is not video. */
  readonly width: number;
  readonly height: number;
}

/** Startcode of each kind of packet, in hexadecimal. */
export const STARTCODES = {
  main: "4e4d7a561f5f04ad",
  stream: "4e5311405bf2f9db",
  syncpoint: "4e4be4adeeca4569",
  index: "4e58dd672f23e64e",
  info: "4e49ab68b596ba78",
} as const;

export type PacketKind = keyof typeof STARTCODES;

/** Frame flags, with the names of the NUT specification. */
export const FLAG = {
  CODED_PTS: 8,
  STREAM_ID: 16,
  SIZE_MSB: 32,
  CHECKSUM: 64,
  RESERVED: 128,
  SIDE_DATA: 256,
  HEADER_INDEX: 1024,
  MATCH_TIME: 2048,
  CODED_FLAGS: 4096,
  INVALID: 8192,
} as const;

const MAX_STREAMS = 8;
const MAX_TIME_BASES = 16;
const MAX_ELISIONS = 128;
/** First byte of every startcode, which therefore is not a frame code. */
export const STARTCODE_FIRST_BYTE = 0x4e;

/** Reads the body of a main header packet. NUT versions 3 and 4. */
export function readMainHeader(reader: ByteReader): MainHeader {
  const version = reader.unsigned();
  if (version < 2 || version > 4) throw new NutError(`version ${version} is not supported`);
  if (version > 3) reader.unsigned(); // minor_version; it changes nothing that is read here
  const streamCount = within(reader.unsigned(), MAX_STREAMS, "streams");
  reader.unsigned(); // max_distance of syncpoints, for seeking
  const timeBaseCount = within(reader.unsigned(), MAX_TIME_BASES, "time bases");
  const timeBases = Array.from({ length: timeBaseCount }, () => {
    const timeBase = { num: reader.unsigned(), den: reader.unsigned() };
    if (!timeBase.num || !timeBase.den) throw new NutError("a time base is zero");
    return timeBase;
  });
  const codes = readFrameCodes(reader);
  const elisions: Uint8Array[] = [new Uint8Array(0)];
  const elisionCount = reader.unsigned();
  if (elisionCount >= MAX_ELISIONS) {
    throw new NutError(`${elisionCount} elision headers are too many`);
  }
  for (let i = 0; i < elisionCount; i++) elisions.push(reader.blob(256).slice());
  const broadcast = reader.offset < reader.end && (reader.unsigned() & 1) === 1;
  return { streamCount, timeBases, codes, elisions, broadcast };
}

function readFrameCodes(reader: ByteReader): FrameCode[] {
  const codes: FrameCode[] = [];
  let ptsDelta = 0, sizeMul = 1, stream = 0, elision = 0;
  while (codes.length < 256) {
    const flags = reader.unsigned();
    const fields = reader.unsigned();
    if (fields > 0) ptsDelta = reader.signed();
    if (fields > 1) sizeMul = reader.unsigned();
    if (fields > 2) stream = reader.unsigned();
    const sizeLsb = fields > 3 ? reader.unsigned() : 0;
    const reserved = fields > 4 ? reader.unsigned() : 0;
    const count = fields > 5 ? reader.unsigned() : sizeMul - sizeLsb;
    if (fields > 6) reader.signed();
    if (fields > 7) elision = reader.unsigned();
    for (let field = 8; field < fields; field++) reader.unsigned();
    if (count <= 0 || count > 256) {
      throw new NutError(`a row of the frame code table has an invalid count of ${count}`);
    }
    for (let j = 0; j < count && codes.length < 256; j++) {
      const code = { flags, stream, sizeMul, sizeLsb: sizeLsb + j, ptsDelta, reserved, elision };
      if (codes.length === STARTCODE_FIRST_BYTE) codes.push({ ...code, flags: FLAG.INVALID });
      codes.push(code);
    }
  }
  return codes;
}

/** Reads the body of a stream header packet. */
export function readStreamHeader(reader: ByteReader, main: MainHeader): NutStream {
  const id = reader.unsigned();
  if (id >= main.streamCount) {
    throw new NutError(`stream id ${id} is not below the stream count of ${main.streamCount}`);
  }
  const video = reader.unsigned() === 0;
  const fourcc = String.fromCharCode(...reader.blob(8));
  const timeBase = main.timeBases[reader.unsigned()];
  if (!timeBase) throw new NutError("a stream has no time base");
  const msbPtsShift = within(reader.unsigned(), 31, "bits in msb_pts_shift");
  reader.unsigned(); // max_pts_distance
  reader.unsigned(); // decode_delay
  reader.unsigned(); // stream_flags
  reader.blob(1 << 20); // codec_specific_data
  const width = video ? within(reader.unsigned(), 65535, "pixels of width") : 0;
  const height = video ? within(reader.unsigned(), 65535, "pixels of height") : 0;
  return { id, video, fourcc, timeBase, msbPtsShift, width, height };
}

function within(value: number, max: number, what: string): number {
  if (value < 1 || value > max) throw new NutError(`${value} ${what} is out of range`);
  return value;
}
