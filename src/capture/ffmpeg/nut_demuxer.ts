import {
  FLAG,
  type MainHeader,
  type NutStream,
  type PacketKind,
  readMainHeader,
  readStreamHeader,
  STARTCODE_FIRST_BYTE,
  STARTCODES,
} from "./nut_headers.ts";
import { ByteReader, NEED_MORE, nutCrc, NutError } from "./nut_reader.ts";

export { NutError, type NutStream };

/** One frame of one stream. */
export interface NutFrame {
  readonly stream: NutStream;
  /** Presentation time in microseconds on the time axis of the container. */
  readonly ptsUs: number;
  readonly data: Uint8Array<ArrayBuffer>;
}

export interface NutOptions {
  /** Largest frame that is accepted, in bytes. @default 128 MiB */
  readonly maxFrameBytes?: number;
  /** Returns memory of exactly `bytes` bytes for a frame. @default a new array */
  readonly allocate?: (bytes: number) => Uint8Array<ArrayBuffer>;
}

const MAGIC = new TextEncoder().encode("nut/multimedia container\0");
const KINDS: ReadonlyMap<string, PacketKind> = new Map(
  Object.entries(STARTCODES).map(([kind, startcode]) => [startcode, kind as PacketKind]),
);

/** Largest header or packet, except for the index, which grows with the file and is skipped. */
const MAX_PACKET_BYTES = 1 << 20;

/**
 * Demultiplexer for a NUT stream that ffmpeg writes to a pipe, from chunks of any size. Any
 * violation of the format is an error, because a pipe loses no bytes.
 *
 * Source: the NUT open container format specification, versions 3 and 4.
 *
 * @example
 * ```ts
 * const demuxer = new NutDemuxer();
 * for await (const chunk of stdout) {
 *   for (const frame of demuxer.push(chunk)) console.log(frame.ptsUs);
 * }
 * ```
 */
export class NutDemuxer {
  readonly #maxFrameBytes: number;
  readonly #allocate: (bytes: number) => Uint8Array<ArrayBuffer>;
  /** Start of a header that is not complete yet. */
  #rest: Uint8Array = new Uint8Array(0);
  #sawMagic = false;
  #main: MainHeader | undefined;
  readonly #streams: (NutStream | undefined)[] = [];
  readonly #lastPts: number[] = [];
  /** The frame whose bytes are being read. */
  #partial:
    | { stream: NutStream; pts: number; data: Uint8Array<ArrayBuffer>; filled: number }
    | null = null;
  /** Bytes of an index that are still to be skipped. */
  #skip = 0;

  constructor({ maxFrameBytes = 128 << 20, allocate = allocateNew }: NutOptions = {}) {
    this.#maxFrameBytes = maxFrameBytes;
    this.#allocate = allocate;
  }

  /** Streams whose headers have been read. */
  get streams(): readonly NutStream[] {
    return this.#streams.filter((stream) => stream !== undefined);
  }

  /** True between frames, so that the stream may end here. */
  get atBoundary(): boolean {
    return this.#sawMagic && this.#partial === null && this.#skip === 0 &&
      this.#rest.length === 0;
  }

  /**
   * Reads the next bytes and yields the frames that they complete.
   *
   * @throws {NutError} if the bytes are not valid NUT.
   */
  *push(chunk: Uint8Array): Generator<NutFrame, void, void> {
    let bytes = chunk;
    while (true) {
      if (this.#partial) {
        const { frame, used } = this.#fill(bytes);
        bytes = bytes.subarray(used);
        if (!frame) return;
        yield frame;
        continue;
      }
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, bytes.length);
        this.#skip -= skipped;
        bytes = bytes.subarray(skipped);
      }
      if (this.#rest.length) {
        bytes = concat(this.#rest, bytes);
        this.#rest = new Uint8Array(0);
      }
      if (bytes.length === 0) return;
      const reader = new ByteReader(bytes);
      try {
        this.#readHeader(reader);
      } catch (reason) {
        if (reason !== NEED_MORE) throw reason;
        if (bytes.length > MAX_PACKET_BYTES) throw new NutError("a header is too long");
        this.#rest = bytes.slice(); // the chunk belongs to the caller
        return;
      }
      bytes = bytes.subarray(reader.offset);
    }
  }

  #fill(bytes: Uint8Array): { frame: NutFrame | null; used: number } {
    const { stream, pts, data, filled } = this.#partial!;
    const used = Math.min(bytes.length, data.length - filled);
    data.set(used === bytes.length ? bytes : bytes.subarray(0, used), filled);
    if (filled + used < data.length) {
      this.#partial!.filled = filled + used;
      return { frame: null, used };
    }
    this.#partial = null;
    const ptsUs = Math.round((pts * stream.timeBase.num * 1e6) / stream.timeBase.den);
    return { frame: { stream, ptsUs, data }, used };
  }

  /** Reads the magic, a packet or a frame header; changes the state only once it is complete. */
  #readHeader(reader: ByteReader): void {
    if (!this.#sawMagic) {
      for (const byte of MAGIC) {
        if (reader.u8() !== byte) {
          throw new NutError("the stream does not start with the NUT file id");
        }
      }
      this.#sawMagic = true;
    } else if (reader.bytes[reader.offset] === STARTCODE_FIRST_BYTE) {
      this.#readPacket(reader);
    } else {
      this.#readFrameHeader(reader);
    }
  }

  #readPacket(reader: ByteReader): void {
    const start = reader.offset;
    let startcode = "";
    for (let i = 0; i < 8; i++) startcode += reader.u8().toString(16).padStart(2, "0");
    const kind = KINDS.get(startcode);
    if (!kind) throw new NutError(`the startcode ${startcode} is unknown`);
    const length = reader.unsigned();
    if (length < 4 || (length > MAX_PACKET_BYTES && kind !== "index")) {
      throw new NutError(`a packet has an invalid length of ${length} bytes`);
    }
    if (length > 4096) {
      const crc = nutCrc(reader.bytes.subarray(start, reader.offset));
      if (crc !== reader.u32()) throw new NutError("the checksum of a packet header is wrong");
    }
    if (kind === "index") {
      this.#skip = length;
      return;
    }
    const end = reader.offset + length;
    if (end > reader.end) throw NEED_MORE;
    // The CRC over data followed by its own CRC is 0.
    if (nutCrc(reader.bytes.subarray(reader.offset, end)) !== 0) {
      throw new NutError("the checksum of a packet is wrong");
    }
    const body = new ByteReader(reader.bytes.subarray(reader.offset, end - 4));
    try {
      this.#applyPacket(kind, body);
    } catch (reason) {
      throw reason === NEED_MORE ? new NutError("a packet is too short") : reason;
    }
    reader.offset = end;
  }

  #applyPacket(kind: PacketKind, body: ByteReader): void {
    if (kind === "main") {
      this.#main = readMainHeader(body);
      return;
    }
    const main = this.#main;
    if (!main) throw new NutError("a packet precedes the main header");
    if (kind === "stream") {
      const stream = readStreamHeader(body, main);
      this.#streams[stream.id] = stream;
      this.#lastPts[stream.id] ??= 0;
    } else if (kind === "syncpoint") {
      const coded = body.unsigned();
      const base = main.timeBases[coded % main.timeBases.length]!;
      const pts = Math.floor(coded / main.timeBases.length);
      for (const stream of this.streams) {
        const { num, den } = stream.timeBase;
        this.#lastPts[stream.id] = Math.floor((pts * base.num * den) / (base.den * num));
      }
    }
  }

  #readFrameHeader(reader: ByteReader): void {
    const main = this.#main;
    if (!main) throw new NutError("a frame precedes the main header");
    const start = reader.offset;
    const code = main.codes[reader.u8()]!;
    let { flags } = code;
    if (flags & FLAG.CODED_FLAGS) flags ^= reader.unsigned();
    if (flags & FLAG.INVALID) throw new NutError("a frame has an invalid frame code");
    const stream = this.#streams[flags & FLAG.STREAM_ID ? reader.unsigned() : code.stream];
    if (!stream) throw new NutError("a frame belongs to an unknown stream");
    const lastPts = this.#lastPts[stream.id]!;
    const pts = flags & FLAG.CODED_PTS
      ? fullPts(reader.unsigned(), { lastPts, shift: stream.msbPtsShift })
      : lastPts + code.ptsDelta;
    const msb = flags & FLAG.SIZE_MSB ? reader.unsigned() : 0;
    if (flags & FLAG.MATCH_TIME) reader.signed();
    const elisionIndex = flags & FLAG.HEADER_INDEX ? reader.unsigned() : code.elision;
    let reserved = flags & FLAG.RESERVED ? reader.unsigned() : code.reserved;
    if (reserved > 64) throw new NutError("a frame header is too long");
    while (reserved-- > 0) reader.unsigned();
    if (flags & FLAG.CHECKSUM) {
      const crc = nutCrc(reader.bytes.subarray(start, reader.offset));
      if (crc !== reader.u32()) throw new NutError("the checksum of a frame header is wrong");
    }
    if (flags & FLAG.SIDE_DATA) throw new NutError("a frame has side data");
    const size = code.sizeLsb + msb * code.sizeMul;
    if (size > this.#maxFrameBytes) throw new NutError(`a frame of ${size} bytes is too large`);
    // ffmpeg elides headers only from frames of up to 4096 bytes.
    const elision = main.elisions[size > 4096 ? 0 : elisionIndex];
    if (!elision || elision.length > size) {
      throw new NutError("a frame is shorter than its elided header");
    }
    const data = this.#allocate(size);
    data.set(elision);
    this.#lastPts[stream.id] = pts;
    this.#partial = { stream, pts, data, filled: elision.length };
  }
}

/** Returns the timestamp nearest to the last one that has the coded low bits. */
function fullPts(coded: number, { lastPts, shift }: { lastPts: number; shift: number }): number {
  const span = 2 ** shift;
  if (coded >= span) return coded - span;
  const min = lastPts + 1 - span / 2;
  return min + ((((coded - min) % span) + span) % span);
}

function allocateNew(bytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
