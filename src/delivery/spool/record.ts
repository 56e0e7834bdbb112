import { crc32 } from "node:zlib";
import { type Seal, SEAL_BYTES, type SealedHeader, splitHeader, type SpoolKey } from "./seal.ts";

/** A metric as the spool stores it. */
export interface SpoolRecord {
  /** The envelope's timestamp, in microseconds since the Unix epoch. */
  readonly timestamp: number;
  /** The envelope, UTF-8 JSON. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A record read from a segment. */
export interface StoredRecord extends SpoolRecord {
  /** Offset in the segment at which the next record begins, in bytes. */
  readonly end: number;
}

/** Why no record of a segment can be read with the key of the spool, or without one. */
export type KeyMismatch = "no_key" | "other_key" | "not_encrypted";

/** What a segment contains. */
export interface DecodedSegment {
  /** Who may publish the records; undefined if neither copy of the header is intact. */
  readonly identity: string | undefined;
  readonly records: readonly StoredRecord[];
  /** Number of records that are damaged or incomplete. */
  readonly damaged: number;
  /** Why there are no records; undefined if the key fits, or if the header is damaged. */
  readonly mismatch?: KeyMismatch;
}

/**
 * Layout of a block, little endian: marker (uint32), length of the body (uint32), CRC-32 of length
 * and body (uint32), and the body. A segment begins with its header, the identity, in two blocks, so
 * that one damaged byte cannot hide it. Each further block is a record: timestamp (float64), then
 * the envelope. After a damaged record, reading continues at the next marker.
 *
 * An encrypted segment has another marker in its header, whose body is that of `Seal.header`, and the
 * body of each record is sealed (`seal.ts`). Its records are in the order of their numbers.
 */
const LENGTH_AT = 4;
const CRC_AT = 8;
const HEAD_BYTES = 12;
const TIME_BYTES = 8;
/** The first byte, and the last one, are never part of UTF-8, so that no envelope has a marker. */
const RECORD_MARKER = 0xf6_43_52_f5;
const IDENTITY_MARKER = 0xf6_44_49_f5;
const SEALED_MARKER = 0xf6_4c_53_f5;

const decoder = new TextDecoder();

interface Block {
  readonly body: Uint8Array<ArrayBuffer>;
  /** Offset at which the next block begins, in bytes. */
  readonly end: number;
}

/** Returns the size of a record in a segment, in bytes. */
export function recordBytes({ bytes }: SpoolRecord): number {
  return HEAD_BYTES + TIME_BYTES + bytes.length;
}

/** Encodes the header of a segment, whose records only `identity` may publish. */
export function encodeHeader(identity: string, seal?: Seal): Uint8Array<ArrayBuffer> {
  const body = seal?.header ?? new TextEncoder().encode(identity);
  const header = new Uint8Array(2 * (HEAD_BYTES + body.length));
  const middle = header.length / 2;
  for (const at of [0, middle]) {
    header.set(body, at + HEAD_BYTES);
    writeHead(header.subarray(at, at + middle), seal ? SEALED_MARKER : IDENTITY_MARKER);
  }
  return header;
}

/** Encodes records one after the other, as they are stored in a segment. */
export function encodeRecords(
  records: readonly SpoolRecord[],
  seal?: Seal,
): Uint8Array<ArrayBuffer> {
  const added = seal ? SEAL_BYTES : 0;
  const out = new Uint8Array(records.reduce((sum, each) => sum + recordBytes(each) + added, 0));
  let at = 0;
  for (const record of records) {
    const block = out.subarray(at, at += recordBytes(record) + added);
    const plain = new Uint8Array(TIME_BYTES + record.bytes.length);
    viewOf(plain).setFloat64(0, record.timestamp, true);
    plain.set(record.bytes, TIME_BYTES);
    block.set(seal ? seal.seal(plain) : plain, HEAD_BYTES);
    writeHead(block, RECORD_MARKER);
  }
  return out;
}

/**
 * Decodes a segment, leaving out what a crash has truncated and what is damaged.
 *
 * @param from offset of the first record to return, in bytes. @default after the header
 * @param key of the spool. @default none: the segment is not encrypted
 */
export function decodeSegment(
  segment: Uint8Array<ArrayBuffer>,
  from = 0,
  key?: SpoolKey,
): DecodedSegment {
  const header = findHeader(segment);
  const seal = header?.sealed && key?.openSeal(header.sealed);
  const mismatch = header && mismatchOf(header, key, seal);
  if (mismatch) return { identity: header.identity, records: [], damaged: 0, mismatch };
  const start = header?.end ?? findMarker(segment, 0, RECORD_MARKER);
  const records: StoredRecord[] = [];
  let damaged = 0;
  let previous = -1;
  for (let at = Math.max(from, start); at < segment.length;) {
    const block = blockAt(segment, at, RECORD_MARKER);
    const body = block && (key ? seal?.unseal(block.body) : { number: 0, plain: block.body });
    if (block && body && body.plain.length >= TIME_BYTES && (!key || body.number > previous)) {
      previous = body.number;
      const timestamp = viewOf(body.plain).getFloat64(0, true);
      records.push({ timestamp, bytes: body.plain.slice(TIME_BYTES), end: block.end });
      at = block.end;
    } else {
      damaged++;
      at = findMarker(segment, at + 1, RECORD_MARKER);
    }
  }
  return { identity: header?.identity, records, damaged };
}

function mismatchOf(
  { sealed }: Header,
  key: SpoolKey | undefined,
  seal: Seal | undefined,
): KeyMismatch | undefined {
  if (key) return seal ? undefined : sealed ? "other_key" : "not_encrypted";
  return sealed ? "no_key" : undefined;
}

interface Header {
  readonly identity: string;
  /** Offset of the first record, in bytes. */
  readonly end: number;
  /** Present if the segment is encrypted. */
  readonly sealed?: SealedHeader;
}

/** Returns the header of a segment, from whichever copy is intact. */
function findHeader(segment: Uint8Array<ArrayBuffer>): Header | undefined {
  for (const marker of [IDENTITY_MARKER, SEALED_MARKER]) {
    for (let at = 0; at < segment.length; at = findMarker(segment, at + 1, marker)) {
      const block = blockAt(segment, at, marker);
      if (!block) continue;
      const end = 2 * (HEAD_BYTES + block.body.length);
      if (marker === IDENTITY_MARKER) return { identity: decoder.decode(block.body), end };
      const sealed = splitHeader(block.body);
      if (sealed) return { identity: sealed.identity, end, sealed };
    }
  }
  return undefined;
}

/** Returns the block at an offset; undefined if there is none that is intact. */
function blockAt(
  segment: Uint8Array<ArrayBuffer>,
  at: number,
  marker: number,
): Block | undefined {
  if (at + HEAD_BYTES > segment.length) return undefined;
  const view = viewOf(segment);
  const end = at + HEAD_BYTES + view.getUint32(at + LENGTH_AT, true);
  if (view.getUint32(at, true) !== marker || end > segment.length) return undefined;
  const block = segment.subarray(at, end);
  if (view.getUint32(at + CRC_AT, true) !== checksumOf(block)) return undefined;
  return { body: block.subarray(HEAD_BYTES), end };
}

/** Writes the head of a block, whose body is in place. */
function writeHead(block: Uint8Array<ArrayBuffer>, marker: number): void {
  const view = viewOf(block);
  view.setUint32(0, marker, true);
  view.setUint32(LENGTH_AT, block.length - HEAD_BYTES, true);
  view.setUint32(CRC_AT, checksumOf(block), true);
}

function checksumOf(block: Uint8Array<ArrayBuffer>): number {
  return crc32(block.subarray(HEAD_BYTES), crc32(block.subarray(LENGTH_AT, CRC_AT)));
}

/** Returns the offset of the first marker at `from` or later; the segment's length without one. */
function findMarker(segment: Uint8Array<ArrayBuffer>, from: number, marker: number): number {
  const view = viewOf(segment);
  for (let at = from;; at++) {
    at = segment.indexOf(marker & 0xff, at);
    if (at < 0 || at + HEAD_BYTES > segment.length) return segment.length;
    if (view.getUint32(at, true) === marker) return at;
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
