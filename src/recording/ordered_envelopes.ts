import { parseEnvelope, type ReceivedEnvelope } from "../envelopes/received.ts";
import type { WorkFile } from "./work_file.ts";

/** Bytes that are read at once; a longer line enlarges the buffer. */
const BLOCK_BYTES = 1 << 18;
/** Bytes from the start of a line that contain its type and timestamp. */
const HEAD_BYTES = 120;
const HEAD = /^\{"type":"([^"\\]*)","timestamp":(-?\d+(?:\.\d+)?),/;
const NEW_LINE = 10;

const decoder = new TextDecoder();

interface Line {
  readonly offset: number;
  /** Valid until the next line. */
  readonly bytes: Uint8Array;
}

/** What decides about the order of a line. */
type Head = Pick<ReceivedEnvelope, "type" | "timestamp">;

/** Late lines of one type, in the order of their timestamps. */
interface LateLines {
  /** Timestamp, offset and length of each, as three values. */
  readonly values: number[];
  order: Uint32Array;
  next: number;
}

/**
 * Yields the envelopes of a JSON Lines file, those of each type in the order of their timestamps and
 * each timestamp once. Messages that were replayed after an outage are later in the file; only their
 * positions are kept in memory. Yields undefined now and then, so that the caller can pause.
 */
export function* orderedEnvelopes(
  file: Pick<WorkFile, "read">,
): Generator<ReceivedEnvelope | undefined, void, void> {
  const late = new Map<string, LateLines>();
  const newest = new Map<string, number>();
  for (const line of linesOf(file)) {
    if (!line) {
      yield undefined;
      continue;
    }
    const head = headOf(line);
    if (!head || isNewest(newest, head)) continue;
    let lines = late.get(head.type);
    if (!lines) late.set(head.type, lines = { values: [], order: new Uint32Array(0), next: 0 });
    lines.values.push(head.timestamp, line.offset, line.bytes.length);
  }
  for (const lines of late.values()) sortByTime(lines);
  newest.clear();
  for (const line of linesOf(file)) {
    const head = line && headOf(line);
    if (!head) yield undefined;
    else if (isNewest(newest, head)) {
      const lines = late.get(head.type);
      if (lines) yield* lateBefore(file, lines, head);
      yield envelopeOf(line.bytes, head);
    }
  }
}

/** True for the first of a type whose timestamp is larger than all before it. */
function isNewest(
  newest: Map<string, number>,
  { type, timestamp }: Head,
): boolean {
  if (timestamp <= (newest.get(type) ?? -Infinity)) return false;
  newest.set(type, timestamp);
  return true;
}

function sortByTime(lines: LateLines): void {
  const { values } = lines;
  lines.order = Uint32Array.from({ length: values.length / 3 }, (_, k) => k);
  lines.order.sort((a, b) => values[3 * a]! - values[3 * b]! || a - b);
}

/** Yields the late envelopes up to a timestamp that is not among them. */
function* lateBefore(
  file: Pick<WorkFile, "read">,
  lines: LateLines,
  { type, timestamp: beforeUs }: Head,
): Generator<ReceivedEnvelope | undefined, void, void> {
  let previousUs = NaN;
  for (; lines.next < lines.order.length; lines.next++) {
    const at = 3 * lines.order[lines.next]!;
    const [timestamp, offset, length] = lines.values.slice(at, at + 3) as [number, number, number];
    if (timestamp > beforeUs) return;
    if (timestamp === beforeUs || timestamp === previousUs) continue;
    previousUs = timestamp;
    const bytes = new Uint8Array(length);
    file.read(offset, bytes);
    yield envelopeOf(bytes, { type, timestamp });
  }
}

/** Yields the complete lines from the start of the file, and undefined after each block. */
function* linesOf(file: Pick<WorkFile, "read">): Generator<Line | undefined, void, void> {
  let buffer = new Uint8Array(BLOCK_BYTES);
  let offset = 0;
  /** Bytes of an incomplete line at the start of the buffer. */
  let rest = 0;
  while (true) {
    if (rest === buffer.length) buffer = enlarged(buffer);
    const count = file.read(offset + rest, buffer.subarray(rest));
    if (count === 0) return;
    const bytes = buffer.subarray(0, rest + count);
    let start = 0;
    for (let end = bytes.indexOf(NEW_LINE); end >= 0; end = bytes.indexOf(NEW_LINE, start)) {
      yield { offset: offset + start, bytes: bytes.subarray(start, end) };
      start = end + 1;
    }
    bytes.copyWithin(0, start);
    rest = bytes.length - start;
    offset += start;
    yield undefined;
  }
}

function enlarged(buffer: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(2 * buffer.length);
  larger.set(buffer);
  return larger;
}

function headOf({ bytes }: Line): Head | undefined {
  const match = HEAD.exec(decoder.decode(bytes.subarray(0, HEAD_BYTES)));
  return match ? { type: match[1]!, timestamp: Number(match[2]) } : parseLine(bytes);
}

/** The envelope of a line; undefined if a repeated key makes it another one than its beginning. */
function envelopeOf(bytes: Uint8Array, { type, timestamp }: Head): ReceivedEnvelope | undefined {
  const envelope = parseLine(bytes);
  return envelope?.type === type && envelope.timestamp === timestamp ? envelope : undefined;
}

function parseLine(bytes: Uint8Array): ReceivedEnvelope | undefined {
  return parseEnvelope(decoder.decode(bytes));
}
