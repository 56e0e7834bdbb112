import { nutCrc } from "../../src/capture/ffmpeg/nut_reader.ts";

/** The file id with which a NUT stream begins. */
export const NUT_MAGIC = [...new TextEncoder().encode("nut/multimedia container\0")];

/** NUT's `v`: seven bits per byte, the most significant first. */
export function v(value: number): number[] {
  const bytes = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.unshift(128 + (rest % 128));
  }
  return bytes;
}

/** NUT's `s`: 0, 1, -1, 2, -2 … */
export function s(value: number): number[] {
  return v(value > 0 ? 2 * value - 1 : -2 * value);
}

/** Four bytes of a checksum over `bytes`. */
export function checksum(bytes: readonly number[]): number[] {
  const crc = nutCrc(Uint8Array.from(bytes));
  return [24, 16, 8, 0].map((shift) => (crc >>> shift) & 255);
}

/** The startcodes of the NUT specification. */
const STARTCODES = {
  main: "4e4d7a561f5f04ad",
  stream: "4e5311405bf2f9db",
  syncpoint: "4e4be4adeeca4569",
  index: "4e58dd672f23e64e",
  info: "4e49ab68b596ba78",
} as const;

/** A packet with its startcode, length and checksums. */
export function packet(kind: keyof typeof STARTCODES, body: readonly number[]): number[] {
  const head = [...Uint8Array.fromHex(STARTCODES[kind]), ...v(body.length + 4)];
  const headChecksum = body.length + 4 > 4096 ? checksum(head) : [];
  return head.concat(headChecksum, body, checksum(body));
}

/** Defaults of the frames with one code. */
export interface CodeRow {
  readonly flags?: number;
  readonly ptsDelta?: number;
  readonly sizeMul?: number;
  readonly stream?: number;
  readonly sizeLsb?: number;
  readonly reserved?: number;
  readonly elision?: number;
}

/** The main header; `rows` describes the codes from 0 on, and the others are invalid. */
export function mainHeader({ rows, streams = 1, timeBases = [[1, 25]], elisions = [] }: {
  rows: readonly CodeRow[];
  streams?: number;
  timeBases?: readonly (readonly [number, number])[];
  elisions?: readonly (readonly number[])[];
}): number[] {
  const table = rows.flatMap((row) => [
    ...[v(row.flags ?? 0), v(8), s(row.ptsDelta ?? 0), v(row.sizeMul ?? 1)].flat(),
    ...[row.stream ?? 0, row.sizeLsb ?? 0, row.reserved ?? 0, 1, 0, row.elision ?? 0].flatMap(v),
  ]);
  const invalid = [8192, 6, 0, 1, 0, 0, 0, 255 - rows.length].flatMap(v);
  return packet("main", [
    ...[3, streams, 65536, timeBases.length, ...timeBases.flat()].flatMap(v),
    ...[...table, ...invalid],
    ...[v(elisions.length), ...elisions.map((bytes) => [...v(bytes.length), ...bytes])].flat(),
  ]);
}

/** The header of a stream of raw video. */
export function streamHeader(
  { id = 0, timeBase = 0, shift = 4, width = 16, height = 8 }: {
    id?: number;
    timeBase?: number;
    /** `msb_pts_shift`: low bits of a timestamp that is not coded in full. */
    shift?: number;
    width?: number;
    height?: number;
  } = {},
): number[] {
  return packet("stream", [
    ...[id, 0].flatMap(v),
    ...[4, ...new TextEncoder().encode("I420")],
    ...[timeBase, shift, 100, 0, 0, 0, width, height, 1, 1, 0].flatMap(v),
  ]);
}
