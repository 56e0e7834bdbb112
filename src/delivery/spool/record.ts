import { crc32 } from "node:zlib";

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

/**
 * Layout of a record, little endian: length of the body (uint32), CRC-32 of the body (uint32), and
 * the body: timestamp (float64), then the envelope.
 */
const LENGTH_BYTES = 4;
const HEAD_BYTES = 8;
const TIME_BYTES = 8;

/** Returns the size of a record in a segment, in bytes. */
export function recordBytes({ bytes }: SpoolRecord): number {
  return HEAD_BYTES + TIME_BYTES + bytes.length;
}

/** Encodes records one after the other, as they are stored in a segment. */
export function encodeRecords(records: readonly SpoolRecord[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(records.reduce((sum, record) => sum + recordBytes(record), 0));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const { timestamp, bytes } of records) {
    const body = out.subarray(at + HEAD_BYTES, at + HEAD_BYTES + TIME_BYTES + bytes.length);
    view.setFloat64(at + HEAD_BYTES, timestamp, true);
    body.set(bytes, TIME_BYTES);
    view.setUint32(at, body.length, true);
    view.setUint32(at + LENGTH_BYTES, crc32(body), true);
    at += HEAD_BYTES + body.length;
  }
  return out;
}

/**
 * Decodes the intact records at the start of a segment. A crash may truncate a segment at any
 * byte: the first record that is incomplete or corrupt, and all after it, are left out.
 */
export function decodeRecords(segment: Uint8Array<ArrayBuffer>): StoredRecord[] {
  const view = new DataView(segment.buffer, segment.byteOffset, segment.byteLength);
  const records: StoredRecord[] = [];
  let at = 0;
  while (at + HEAD_BYTES + TIME_BYTES <= segment.length) {
    const length = view.getUint32(at, true);
    const start = at + HEAD_BYTES;
    const end = start + length;
    if (length < TIME_BYTES || end > segment.length) break;
    if (crc32(segment.subarray(start, end)) !== view.getUint32(at + LENGTH_BYTES, true)) break;
    const bytes = segment.slice(start + TIME_BYTES, end);
    records.push({ timestamp: view.getFloat64(start, true), bytes, end });
    at = end;
  }
  return records;
}
