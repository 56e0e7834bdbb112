import { type ByteReader, NutError } from "./nut_reader.ts";

/** How the frames that begin with one frame code are coded; a row of the main header's table. */
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
  /** Bytes that begin many frames and are left out of them. */
  readonly elisions: readonly Uint8Array[];
  readonly broadcast: boolean;
}

export interface NutStream {
  readonly id: number;
  readonly video: boolean;
  /** Four characters as ffmpeg chose them: `I420`, `MJPG`. */
  readonly fourcc: string;
  readonly timeBase: TimeBase;
  readonly msbPtsShift: number;
  /** In pixels; 0 where the stream is no video. */
  readonly width: number;
  readonly height: number;
}

/** What begins each kind of packet. */
export const STARTCODES = {
  main: "4e4d7a561f5f04ad",
  stream: "4e5311405bf2f9db",
  syncpoint: "4e4be4adeeca4569",
  index: "4e58dd672f23e64e",
  info: "4e49ab68b596ba78",
} as const;

export type PacketKind = keyof typeof STARTCODES;

/** Bits of a frame's flags; the names are those of the NUT specification. */
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
/** The letter that begins every startcode, so that it can be no frame code. */
export const STARTCODE_LETTER = 0x4e;

/** Reads the body of a main header packet. NUT versions 3 and 4. */
export function readMainHeader(reader: ByteReader): MainHeader {
  const version = reader.unsigned();
  if (version < 2 || version > 4) throw new NutError(`version ${version} is unknown`);
  if (version > 3) reader.unsigned(); // the minor version changes nothing that is read here
  const streamCount = within(reader.unsigned(), MAX_STREAMS, "streams");
  reader.unsigned(); // the greatest distance of syncpoints matters to who seeks
  const timeBaseCount = within(reader.unsigned(), MAX_TIME_BASES, "time bases");
  const timeBases = Array.from({ length: timeBaseCount }, () => {
    const timeBase = { num: reader.unsigned(), den: reader.unsigned() };
    if (!timeBase.num || !timeBase.den) throw new NutError("a time base is zero");
    return timeBase;
  });
  const codes = readFrameCodes(reader);
  const elisions: Uint8Array[] = [new Uint8Array(0)];
  const elisionCount = reader.unsigned();
  if (elisionCount >= MAX_ELISIONS) throw new NutError(`${elisionCount} elision headers`);
  for (let i = 0; i < elisionCount; i++) elisions.push(reader.blob(256).slice());
  const broadcast = reader.offset < reader.end && (reader.unsigned() & 1) === 1;
  return { streamCount, timeBases, codes, elisions, broadcast };
}

function readFrameCodes(reader: ByteReader): FrameCode[] {
  const codes: FrameCode[] = [];
  const invalid: FrameCode = {
    flags: FLAG.INVALID,
    stream: 0,
    sizeMul: 0,
    sizeLsb: 0,
    ptsDelta: 0,
    reserved: 0,
    elision: 0,
  };
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
    if (count <= 0 || count > 256) throw new NutError(`a frame code row of ${count} codes`);
    for (let j = 0; j < count && codes.length < 256; j++) {
      if (codes.length === STARTCODE_LETTER) codes.push(invalid);
      codes.push({ flags, stream, sizeMul, sizeLsb: sizeLsb + j, ptsDelta, reserved, elision });
    }
  }
  return codes;
}

/** Reads the body of a stream header packet. */
export function readStreamHeader(reader: ByteReader, main: MainHeader): NutStream {
  const id = reader.unsigned();
  if (id >= main.streamCount) throw new NutError(`stream ${id} of ${main.streamCount}`);
  const video = reader.unsigned() === 0;
  const fourcc = String.fromCharCode(...reader.blob(8));
  const timeBase = main.timeBases[reader.unsigned()];
  if (!timeBase) throw new NutError("a stream without a time base");
  const msbPtsShift = within(reader.unsigned(), 31, "bits of a time");
  reader.unsigned(); // the greatest distance of times
  reader.unsigned(); // the delay of the decoder
  reader.unsigned(); // flags
  reader.blob(1 << 20); // what the codec wants to know
  const width = video ? within(reader.unsigned(), 65535, "pixels of width") : 0;
  const height = video ? within(reader.unsigned(), 65535, "pixels of height") : 0;
  return { id, video, fourcc, timeBase, msbPtsShift, width, height };
}

function within(value: number, most: number, what: string): number {
  if (value < 1 || value > most) throw new NutError(`${value} ${what}`);
  return value;
}
