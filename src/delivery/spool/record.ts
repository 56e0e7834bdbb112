import { crc32 } from "node:zlib";

/** A late metric as the spool keeps it. */
export interface SpoolRecord {
  /** The envelope's time, microseconds since the Unix epoch. */
  readonly timestamp: number;
  /** The envelope, UTF-8 JSON. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A record with the offset in its segment at which the next one begins. */
export interface PlacedRecord extends SpoolRecord {
  readonly end: number;
}

/** Length of the body and CRC-32 of the body, both little endian, then the time as a double. */
const LENGTH_BYTES = 4;
const HEAD_BYTES = 8;
const TIME_BYTES = 8;

/** How many bytes of a segment a record takes. */
export function recordBytes({ bytes }: SpoolRecord): number {
  return HEAD_BYTES + TIME_BYTES + bytes.length;
}

/** Records one after the other, as they stand in a segment. */
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
 * The whole records at the start of a segment. A crash may cut a segment at any byte: the first
 * record that is not whole, and all after it, are left out.
 */
export function decodeRecords(segment: Uint8Array<ArrayBuffer>): PlacedRecord[] {
  const view = new DataView(segment.buffer, segment.byteOffset, segment.byteLength);
  const records: PlacedRecord[] = [];
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
