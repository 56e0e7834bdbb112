import type { SpoolRecord } from "../../src/delivery/spool/record.ts";

const encoder = new TextEncoder();

/** Returns a record with `number` as its timestamp, padded to `length` bytes. */
export function spoolRecord(number: number, length = 20): SpoolRecord {
  return { timestamp: number, bytes: encoder.encode(`${number} `.padEnd(length, "x")) };
}

/** Returns the numbers of records made by `spoolRecord`. */
export function numbersOf(records: readonly SpoolRecord[]): number[] {
  return records.map(({ timestamp }) => timestamp);
}
