import { decodeRecords, encodeRecords, type SpoolRecord, type StoredRecord } from "./record.ts";

export interface SpoolOptions {
  /** Folder of the segments; it is created if it is missing. */
  readonly folder: string;
  /** Maximum size on disk in bytes. The oldest segments are dropped first. */
  readonly maxBytes: number;
  /** A segment whose newest record is older is dropped, in milliseconds. */
  readonly maxAgeMs: number;
  /** Size in bytes at which a new segment is started. @default 256 KiB or `maxBytes` / 8 */
  readonly segmentBytes?: number;
  /** Called with the number of records that were dropped. */
  readonly onDrop: (reason: "spool_full" | "too_old", count: number) => void;
}

interface Segment {
  readonly number: number;
  bytes: number;
  records: number;
  /** Latest timestamp of its records, in microseconds since the Unix epoch. */
  newestUs: number;
}

/**
 * A durable queue of records on disk: append-only segment files with a checksum for each record.
 * Records are safe from a power cut once `append` resolves. After a power cut, records that were
 * removed may be returned again, but never out of order.
 */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #segmentBytes: number;
  #segments: Segment[] = [];
  #nextNumber = 1;
  /** Unread records of the oldest segment, once it was read. */
  #head: StoredRecord[] | undefined;
  #headNumber = 0;
  /** Offset of the first unread record in the oldest segment, in bytes. */
  #offset = 0;
  /** Number of records of the oldest segment that were removed. */
  #consumed = 0;

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#segmentBytes = options.segmentBytes ??
      Math.min(2 ** 18, Math.max(1, Math.floor(options.maxBytes / 8)));
  }

  /** Number of records in the queue. */
  get length(): number {
    return this.#segments.reduce((sum, { records }) => sum + records, 0) - this.#consumed;
  }

  /** Size of the segments on disk, in bytes. */
  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Loads what an earlier process left. An incomplete record at the end of a segment is cut off. */
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
    this.#consumed = 0;
    for (const number of numbers.sort((a, b) => a - b)) await this.#recoverSegment(number);
    const cursor = await this.#readCursor();
    // Numbers are never reused, so that an old cursor cannot apply to a new segment.
    this.#nextNumber = Math.max(numbers.at(-1) ?? 0, cursor.number) + 1;
    await this.#applyCursor(cursor);
  }

  /**
   * Appends records, all or none, and resolves when they are on the disk.
   *
   * @throws {Error} if the disk is full or missing.
   */
  async append(records: readonly SpoolRecord[]): Promise<void> {
    if (records.length === 0) return;
    let segment = this.#segments.at(-1);
    if (!segment || segment.bytes >= this.#segmentBytes) {
      segment = { number: this.#nextNumber++, bytes: 0, records: 0, newestUs: -Infinity };
      this.#segments.push(segment);
    }
    const bytes = encodeRecords(records);
    await this.#write(segment, bytes);
    segment.bytes += bytes.length;
    segment.records += records.length;
    for (const { timestamp } of records) segment.newestUs = Math.max(segment.newestUs, timestamp);
    if (this.#head && segment.number === this.#headNumber) this.#head = undefined;
    await this.#enforceMaxBytes();
  }

  /** Returns the oldest records, at most `count`, without removing them. */
  async peek(count: number): Promise<readonly SpoolRecord[]> {
    const segment = this.#segments[0];
    if (!segment) return [];
    if (!this.#head || this.#headNumber !== segment.number) {
      const all = decodeRecords(await Deno.readFile(this.#path(segment.number)));
      this.#head = all.filter(({ end }) => end > this.#offset);
      this.#headNumber = segment.number;
      const lost = segment.records - this.#consumed - this.#head.length;
      if (lost !== 0) segment.records -= lost; // another process changed the file
    }
    if (this.#head.length === 0) {
      await this.#removeOldest();
      return await this.peek(count);
    }
    return this.#head.slice(0, count);
  }

  /** Removes the oldest `count` records, which `peek` has returned. */
  async remove(count: number): Promise<void> {
    const removed = this.#head?.splice(0, count) ?? [];
    const last = removed.at(-1);
    if (!last) return;
    this.#consumed += removed.length;
    this.#offset = last.end;
    if (this.#head?.length === 0) await this.#removeOldest();
    await this.#saveCursor();
  }

  /** Drops segments that are entirely over the age limit at `nowUs`, epoch microseconds. */
  async expire(nowUs: number): Promise<void> {
    const oldestUs = nowUs - this.#options.maxAgeMs * 1000;
    while (this.#segments[0] && this.#segments[0].newestUs < oldestUs) {
      this.#options.onDrop("too_old", await this.#removeOldest());
    }
  }

  async #recoverSegment(number: number): Promise<void> {
    const path = this.#path(number);
    const content = await Deno.readFile(path);
    const records = decodeRecords(content);
    const bytes = records.at(-1)?.end ?? 0;
    if (bytes === 0) return await Deno.remove(path);
    if (bytes < content.length) await Deno.truncate(path, bytes);
    const newestUs = Math.max(...records.map(({ timestamp }) => timestamp));
    this.#segments.push({ number, bytes, records: records.length, newestUs });
  }

  async #write(segment: Segment, bytes: Uint8Array): Promise<void> {
    const path = this.#path(segment.number);
    using file = await Deno.open(path, { append: true, create: true, mode: 0o600 });
    try {
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
      await file.syncData();
    } catch (error) {
      await file.truncate(segment.bytes);
      if (segment.records === 0) await this.#removeSegment(segment);
      throw error;
    }
  }

  async #removeSegment(segment: Segment): Promise<void> {
    this.#segments = this.#segments.filter((other) => other !== segment);
    await Deno.remove(this.#path(segment.number));
  }

  async #enforceMaxBytes(): Promise<void> {
    while (this.bytes > this.#options.maxBytes && this.#segments.length > 1) {
      this.#options.onDrop("spool_full", await this.#removeOldest());
    }
  }

  /** Removes the oldest segment and returns the number of its unread records. */
  async #removeOldest(): Promise<number> {
    const segment = this.#segments.shift();
    if (!segment) return 0;
    const unread = segment.records - this.#consumed;
    this.#head = undefined;
    this.#offset = 0;
    this.#consumed = 0;
    await Deno.remove(this.#path(segment.number));
    return unread;
  }

  /** A torn or stale cursor does no harm: reading then starts at the segment's first record. */
  async #saveCursor(): Promise<void> {
    const number = this.#segments[0]?.number ?? this.#nextNumber - 1;
    await Deno.writeTextFile(this.#cursorPath, `${number} ${this.#offset}\n`);
  }

  async #readCursor(): Promise<{ number: number; offset: number }> {
    const text = await Deno.readTextFile(this.#cursorPath).catch(() => "");
    const [, number = 0, offset = 0] = /^(\d+) (\d+)\n$/.exec(text) ?? [];
    return { number: Number(number), offset: Number(offset) };
  }

  async #applyCursor({ number, offset }: { number: number; offset: number }): Promise<void> {
    this.#offset = 0;
    if (this.#segments[0]?.number !== number) return;
    const records = decodeRecords(await Deno.readFile(this.#path(number)));
    const read = records.findIndex(({ end }) => end === offset) + 1;
    if (read === 0) return;
    this.#offset = offset;
    this.#consumed = read;
    if (read === records.length) await this.#removeOldest();
  }

  get #cursorPath(): string {
    return `${this.#options.folder}/cursor`;
  }

  #path(number: number): string {
    return `${this.#options.folder}/${String(number).padStart(12, "0")}.spool`;
  }
}
