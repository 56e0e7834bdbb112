import { crc32 } from "node:zlib";

/** Position of the first unread record in a spool. */
export interface Cursor {
  /** Number of the oldest segment. */
  readonly number: number;
  /** Offset of the first unread record in that segment, in bytes. */
  readonly offset: number;
}

const START: Cursor = { number: 0, offset: 0 };

/**
 * Reads a cursor. A missing, torn or damaged one does no harm: reading then starts at the first
 * record of the oldest segment.
 */
export async function readCursor(path: string): Promise<Cursor> {
  const text = await Deno.readTextFile(path).catch(() => "");
  const [, position = "", number, offset, checksum] =
    /^((\d{12}) (\d{12})) ([0-9a-f]{8})\n$/.exec(text) ?? [];
  return checksum === checksumOf(position)
    ? { number: Number(number), offset: Number(offset) }
    : START;
}

/** Writes a cursor in place and always at the same length, which needs no space on a full disk. */
export async function writeCursor(path: string, { number, offset }: Cursor): Promise<void> {
  const position = `${digits(number)} ${digits(offset)}`;
  const bytes = new TextEncoder().encode(`${position} ${checksumOf(position)}\n`);
  using file = await Deno.open(path, { write: true, create: true, mode: 0o600 });
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

function checksumOf(position: string): string {
  return crc32(position).toString(16).padStart(8, "0");
}

function digits(value: number): string {
  return String(value).padStart(12, "0");
}
