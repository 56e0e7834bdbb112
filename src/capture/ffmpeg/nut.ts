import {
  FLAG,
  type MainHeader,
  type NutStream,
  type PacketKind,
  readMainHeader,
  readStreamHeader,
  STARTCODE_LETTER,
  STARTCODES,
} from "./nut_headers.ts";
import { ByteReader, NEED_MORE, nutCrc, NutError } from "./nut_reader.ts";

export { NutError, type NutStream };

/** One frame of one stream. */
export interface NutFrame {
  readonly stream: NutStream;
  /** Presentation time in microseconds on the container's own axis. */
  readonly ptsUs: number;
  readonly data: Uint8Array<ArrayBuffer>;
}

export interface NutOptions {
  /** The largest frame that is confirmed, in bytes. @default 128 MiB */
  readonly maxFrameBytes?: number;
  /** Gives the memory of a frame, exactly `bytes` long. @default a new array */
  readonly allocate?: (bytes: number) => Uint8Array<ArrayBuffer>;
}

const MAGIC = new TextEncoder().encode("nut/multimedia container\0");
const KINDS: ReadonlyMap<string, PacketKind> = new Map(
  Object.entries(STARTCODES).map(([kind, startcode]) => [startcode, kind as PacketKind]),
);

/** Headers of a frame or a packet are short; an index over the whole file is not wanted. */
const MAX_PACKET_BYTES = 1 << 20;

/**
 * Reads a NUT stream as ffmpeg writes it to a pipe, from chunks of any size. Strict: what does not
 * fit ends it, because a pipe loses no bytes.
 *
 * Method: the NUT open container format specification, versions 3 and 4.
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
  /** Bytes of a header that is not whole yet. */
  #rest: Uint8Array = new Uint8Array(0);
  #sawMagic = false;
  #main: MainHeader | undefined;
  readonly #streams: (NutStream | undefined)[] = [];
  readonly #lastPts: number[] = [];
  /** The frame whose bytes are being gathered. */
  #open: { stream: NutStream; pts: number; data: Uint8Array<ArrayBuffer>; filled: number } | null =
    null;

  constructor({ maxFrameBytes = 128 << 20, allocate = allocateNew }: NutOptions = {}) {
    this.#maxFrameBytes = maxFrameBytes;
    this.#allocate = allocate;
  }

  /** The streams that were announced so far. */
  get streams(): readonly NutStream[] {
    return this.#streams.filter((stream) => stream !== undefined);
  }

  /** True where the stream may end here: between frames. */
  get atBoundary(): boolean {
    return this.#sawMagic && this.#open === null && this.#rest.length === 0;
  }

  /**
   * Takes the next bytes and gives the frames that they complete.
   *
   * @throws {NutError} where the bytes are no NUT.
   */
  *push(chunk: Uint8Array): Generator<NutFrame, void, void> {
    let bytes = chunk;
    while (true) {
      if (this.#open) {
        const { open, used } = this.#fill(bytes);
        bytes = bytes.subarray(used);
        if (!open) return;
        yield open;
        continue;
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
        if (bytes.length > MAX_PACKET_BYTES) throw new NutError("a header does not end");
        this.#rest = bytes.slice(); // the chunk belongs to the caller
        return;
      }
      bytes = bytes.subarray(reader.offset);
    }
  }

  #fill(bytes: Uint8Array): { open: NutFrame | null; used: number } {
    const { stream, pts, data, filled } = this.#open!;
    const used = Math.min(bytes.length, data.length - filled);
    data.set(used === bytes.length ? bytes : bytes.subarray(0, used), filled);
    if (filled + used < data.length) {
      this.#open!.filled = filled + used;
      return { open: null, used };
    }
    this.#open = null;
    const ptsUs = Math.round((pts * stream.timeBase.num * 1e6) / stream.timeBase.den);
    return { open: { stream, ptsUs, data }, used };
  }

  /** Reads the magic, a packet, or the head of a frame; state changes only once it is whole. */
  #readHeader(reader: ByteReader): void {
    if (!this.#sawMagic) {
      for (const byte of MAGIC) {
        if (reader.u8() !== byte) throw new NutError("the stream does not begin as NUT");
      }
      this.#sawMagic = true;
    } else if (reader.bytes[reader.offset] === STARTCODE_LETTER) {
      this.#readPacket(reader);
    } else {
      this.#readFrameHead(reader);
    }
  }

  #readPacket(reader: ByteReader): void {
    const start = reader.offset;
    let startcode = "";
    for (let i = 0; i < 8; i++) startcode += reader.u8().toString(16).padStart(2, "0");
    const kind = KINDS.get(startcode);
    if (!kind) throw new NutError(`the startcode ${startcode} is unknown`);
    const length = reader.unsigned();
    if (length < 4 || length > MAX_PACKET_BYTES) throw new NutError(`a packet of ${length} bytes`);
    if (length > 4096) {
      const crc = nutCrc(reader.bytes.subarray(start, reader.offset));
      if (crc !== reader.u32()) throw new NutError("a packet's head is damaged");
    }
    const end = reader.offset + length;
    if (end > reader.end) throw NEED_MORE;
    // A checksum at the end of what it covers leaves 0.
    if (nutCrc(reader.bytes.subarray(reader.offset, end)) !== 0) {
      throw new NutError("a packet is damaged");
    }
    const body = new ByteReader(reader.bytes.subarray(reader.offset, end - 4));
    try {
      this.#takePacket(kind, body);
    } catch (reason) {
      throw reason === NEED_MORE ? new NutError("a packet is too short") : reason;
    }
    reader.offset = end;
  }

  #takePacket(kind: PacketKind, body: ByteReader): void {
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

  #readFrameHead(reader: ByteReader): void {
    const main = this.#main;
    if (!main) throw new NutError("a frame precedes the main header");
    const start = reader.offset;
    const code = main.codes[reader.u8()]!;
    let { flags } = code;
    if (flags & FLAG.CODED_FLAGS) flags ^= reader.unsigned();
    if (flags & FLAG.INVALID) throw new NutError("a frame code is invalid");
    const stream = this.#streams[flags & FLAG.STREAM_ID ? reader.unsigned() : code.stream];
    if (!stream) throw new NutError("a frame of an unknown stream");
    const lastPts = this.#lastPts[stream.id]!;
    const pts = flags & FLAG.CODED_PTS
      ? fullPts(reader.unsigned(), { lastPts, shift: stream.msbPtsShift })
      : lastPts + code.ptsDelta;
    const msb = flags & FLAG.SIZE_MSB ? reader.unsigned() : 0;
    if (flags & FLAG.MATCH_TIME) reader.signed();
    const elisionIndex = flags & FLAG.HEADER_INDEX ? reader.unsigned() : code.elision;
    let reserved = flags & FLAG.RESERVED ? reader.unsigned() : code.reserved;
    if (reserved > 64) throw new NutError("a frame's head is too long");
    while (reserved-- > 0) reader.unsigned();
    if (flags & FLAG.CHECKSUM) {
      const crc = nutCrc(reader.bytes.subarray(start, reader.offset));
      if (crc !== reader.u32()) throw new NutError("a frame's head is damaged");
    }
    if (flags & FLAG.SIDE_DATA) throw new NutError("a frame has side data");
    const size = code.sizeLsb + msb * code.sizeMul;
    if (size > this.#maxFrameBytes) throw new NutError(`a frame of ${size} bytes`);
    // ffmpeg elides only from small frames, whatever the table says.
    const elision = main.elisions[size > 4096 ? 0 : elisionIndex];
    if (!elision || elision.length > size) throw new NutError("a frame is shorter than its head");
    const data = this.#allocate(size);
    data.set(elision);
    this.#lastPts[stream.id] = pts;
    this.#open = { stream, pts, data, filled: elision.length };
  }
}

/** Finds the time nearest to the last one whose low bits were coded. */
function fullPts(coded: number, { lastPts, shift }: { lastPts: number; shift: number }): number {
  const span = 2 ** shift;
  if (coded >= span) return coded - span;
  const least = lastPts - Math.floor((span - 1) / 2);
  return least + ((((coded - least) % span) + span) % span);
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
