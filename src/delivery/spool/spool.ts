import { reasonOf } from "../../base/errors.ts";
import { type Cursor, readCursor, writeCursor } from "./cursor.ts";
import {
  decodeSegment,
  encodeHeader,
  encodeRecords,
  type KeyMismatch,
  type SpoolRecord,
  type StoredRecord,
} from "./record.ts";
import type { Seal, SpoolKey } from "./seal.ts";

export interface SpoolOptions {
  /** Folder of the segments; it is created if it is missing. */
  readonly folder: string;
  /** Who may publish the records. Segments of another identity are left alone. */
  readonly identity: string;
  /** Encrypts the segments. @default none: they are not encrypted */
  readonly key?: SpoolKey | undefined;
  /** Maximum size on disk in bytes. The oldest segments are dropped first. */
  readonly maxBytes: number;
  /** A segment whose newest record is older is dropped, in milliseconds. */
  readonly maxAgeMs: number;
  /** Size in bytes at which a new segment is started. @default 256 KiB or `maxBytes` / 8 */
  readonly segmentBytes?: number;
  /** Called with the number of records that were dropped. */
  readonly onDrop: (reason: SpoolDropReason, count: number) => void;
  /** Called with the path of a segment that stays on the disk unread, and why. */
  readonly onSkip: (path: string, reason: string) => void;
  /** Called with the number of segments that stay on the disk unread, as the key does not fit. */
  readonly onMismatch: (mismatch: KeyMismatch, segments: number) => void;
}

/** Why records are not returned: over a limit, damaged, or in a file that cannot be read. */
export type SpoolDropReason = "spool_full" | "too_old" | "damaged" | "unreadable";

interface Segment {
  readonly number: number;
  bytes: number;
  /** Number of unread records. */
  records: number;
  /** Latest timestamp of its records, in microseconds since the Unix epoch. */
  newestUs: number;
  /** Seals further records; undefined for one that an earlier process has begun. */
  readonly seal?: Seal | undefined;
}

/** Attempts to read a segment before it is skipped: a lack of file descriptors may pass. Chosen. */
const READ_ATTEMPTS = 20;

/**
 * A durable queue of records on disk: append-only segment files with a checksum for each record.
 * Records are safe from a power cut once `append` resolves. After a power cut, records that were
 * removed may be returned again, but never out of order. A damaged record costs no other one.
 */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #segmentBytes: number;
  #segments: Segment[] = [];
  #nextNumber = 1;
  /** Unread records of the oldest segment, once it was read. */
  #head: StoredRecord[] | undefined;
  /** Offset of the first unread record in the oldest segment, in bytes. */
  #offset = 0;
  /** Failed attempts to read the oldest segment. */
  #readFailures = 0;

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#segmentBytes = options.segmentBytes ??
      Math.min(2 ** 18, Math.max(1, Math.floor(options.maxBytes / 8)));
  }

  /** Who may publish the records. */
  get identity(): string {
    return this.#options.identity;
  }

  /** Number of records in the queue. */
  get length(): number {
    return this.#segments.reduce((sum, { records }) => sum + records, 0);
  }

  /** Size of the segments on disk, in bytes. */
  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /**
   * Loads what an earlier process left. An incomplete record at the end of a segment is cut off.
   *
   * @throws {Error} if the folder cannot be used. A single segment that cannot be read is skipped.
   */
  async open(): Promise<void> {
    const { folder } = this.#options;
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    const numbers: number[] = [];
    for await (const { name } of Deno.readDir(folder)) {
      const [, digits] = /^(\d{12})\.spool$/.exec(name) ?? [];
      if (digits) numbers.push(Number(digits));
    }
    this.#segments = [];
    this.#head = undefined;
    this.#offset = 0;
    const cursor = await readCursor(this.#cursorPath);
    // Numbers are never reused, so that an old cursor cannot apply to a new segment.
    this.#nextNumber = Math.max(0, cursor.number, ...numbers) + 1;
    const mismatches: KeyMismatch[] = [];
    for (const number of numbers.sort((a, b) => a - b)) {
      const mismatch = await this.#recover(number, cursor);
      if (mismatch) mismatches.push(mismatch);
    }
    for (const mismatch of new Set(mismatches)) {
      this.#options.onMismatch(mismatch, mismatches.filter((each) => each === mismatch).length);
    }
    if (this.#segments[0]?.number === cursor.number) this.#offset = cursor.offset;
  }

  /**
   * Appends records, all or none, and resolves when they are on the disk.
   *
   * @throws {Error} if the disk is full or missing.
   */
  async append(records: readonly SpoolRecord[]): Promise<void> {
    if (records.length === 0) return;
    const { identity, key } = this.#options;
    const last = this.#segments.at(-1);
    // An encrypted segment that an earlier process has begun would use a nonce twice.
    const isFull = !last || last.bytes >= this.#segmentBytes || (key && !last.seal);
    const segment: Segment = isFull
      ? {
        number: this.#nextNumber,
        bytes: 0,
        records: 0,
        newestUs: -Infinity,
        seal: key?.newSeal(identity),
      }
      : last;
    const bytes = encodeRecords(records, segment.seal);
    await this.#write(segment, isFull ? [encodeHeader(identity, segment.seal), bytes] : [bytes]);
    if (isFull) {
      this.#segments.push(segment);
      this.#nextNumber++;
    }
    segment.records += records.length;
    for (const { timestamp } of records) segment.newestUs = Math.max(segment.newestUs, timestamp);
    if (segment === this.#segments[0]) this.#head = undefined;
    await this.#enforceMaxBytes();
  }

  /**
   * Returns the oldest records, at most `count`, without removing them.
   *
   * @throws {Error} if the oldest segment cannot be read. After several attempts it is skipped.
   */
  async peek(count: number): Promise<readonly SpoolRecord[]> {
    for (let [segment] = this.#segments; segment; [segment] = this.#segments) {
      const head = this.#head ?? await this.#readHead(segment);
      if (head && head.length > 0) return head.slice(0, count);
      if (head) await this.#removeOldest();
    }
    return [];
  }

  /** Removes the oldest `count` records, which `peek` has returned. */
  async remove(count: number): Promise<void> {
    const [segment] = this.#segments;
    const removed = this.#head?.splice(0, count) ?? [];
    const last = removed.at(-1);
    if (!segment || !last) return;
    segment.records -= removed.length;
    this.#offset = last.end;
    if (this.#head?.length === 0) await this.#removeOldest();
    // Without a current cursor, records may be returned again after a restart: no harm.
    await writeCursor(this.#cursorPath, {
      number: this.#segments[0]?.number ?? this.#nextNumber - 1,
      offset: this.#offset,
    }).catch(() => {});
  }

  /** Drops segments that are entirely over the age limit at `nowUs`, epoch microseconds. */
  async expire(nowUs: number): Promise<void> {
    const oldestUs = nowUs - this.#options.maxAgeMs * 1000;
    while (this.#segments[0] && this.#segments[0].newestUs < oldestUs) {
      this.#options.onDrop("too_old", await this.#removeOldest());
    }
  }

  /** Takes a segment of an earlier process over; returns why the key does not fit. */
  async #recover(number: number, cursor: Cursor): Promise<KeyMismatch | undefined> {
    const path = this.#path(number);
    const { onDrop, onSkip, identity, key } = this.#options;
    let content: Uint8Array<ArrayBuffer>;
    try {
      content = await Deno.readFile(path);
    } catch (error) {
      onSkip(path, reasonOf(error));
      return undefined;
    }
    const decoded = decodeSegment(content, number === cursor.number ? cursor.offset : 0, key);
    // The process may have ended while it wrote the header.
    const isTorn = content.length < encodeHeader(identity, key?.newSeal(identity)).length;
    if (decoded.identity !== identity && !isTorn) {
      onSkip(path, originOf(decoded.identity));
      return undefined;
    }
    if (decoded.mismatch) return decoded.mismatch;
    if (decoded.damaged > 0) onDrop("damaged", decoded.damaged);
    const bytes = decoded.records.at(-1)?.end;
    if (bytes === undefined) {
      await Deno.remove(path);
      return undefined;
    }
    if (bytes < content.length) await Deno.truncate(path, bytes);
    const newestUs = Math.max(...decoded.records.map(({ timestamp }) => timestamp));
    this.#segments.push({ number, bytes, records: decoded.records.length, newestUs });
    return undefined;
  }

  /** Reads the unread records of the oldest segment; undefined if it was skipped. */
  async #readHead(segment: Segment): Promise<StoredRecord[] | undefined> {
    const path = this.#path(segment.number);
    const { onDrop, onSkip } = this.#options;
    let content: Uint8Array<ArrayBuffer>;
    try {
      content = await Deno.readFile(path);
    } catch (error) {
      const isGone = error instanceof Deno.errors.NotFound;
      if (!isGone && ++this.#readFailures < READ_ATTEMPTS) throw error;
      onSkip(path, reasonOf(error));
      onDrop("unreadable", segment.records);
      this.#forgetOldest();
      return undefined;
    }
    this.#readFailures = 0;
    this.#head = [...decodeSegment(content, this.#offset, this.#options.key).records];
    const lost = segment.records - this.#head.length;
    if (lost > 0) onDrop("damaged", lost);
    segment.records = this.#head.length;
    return this.#head;
  }

  async #write(segment: Segment, parts: readonly Uint8Array<ArrayBuffer>[]): Promise<void> {
    const path = this.#path(segment.number);
    using file = await Deno.open(path, { append: true, create: true, mode: 0o600 });
    try {
      for (const bytes of parts) {
        for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
      }
      await file.syncData();
    } catch (error) {
      await file.truncate(segment.bytes);
      if (segment.bytes === 0) await Deno.remove(path);
      throw error;
    }
    segment.bytes += parts.reduce((sum, { length }) => sum + length, 0);
  }

  async #enforceMaxBytes(): Promise<void> {
    while (this.bytes > this.#options.maxBytes && this.#segments.length > 1) {
      this.#options.onDrop("spool_full", await this.#removeOldest());
    }
  }

  /** Removes the oldest segment and returns the number of its unread records. */
  async #removeOldest(): Promise<number> {
    const segment = this.#forgetOldest();
    if (!segment) return 0;
    await Deno.remove(this.#path(segment.number));
    return segment.records;
  }

  /** Takes the oldest segment out of the queue and leaves its file. */
  #forgetOldest(): Segment | undefined {
    this.#head = undefined;
    this.#offset = 0;
    this.#readFailures = 0;
    return this.#segments.shift();
  }

  get #cursorPath(): string {
    return `${this.#options.folder}/cursor`;
  }

  #path(number: number): string {
    return `${this.#options.folder}/${String(number).padStart(12, "0")}.spool`;
  }
}

function originOf(identity: string | undefined): string {
  return identity === undefined ? "its header is damaged" : `it belongs to ${identity}`;
}
