import { decodeRecords, encodeRecords, type PlacedRecord, type SpoolRecord } from "./record.ts";

export interface SpoolOptions {
  /** The folder of the segments; it is made where it is missing. */
  readonly folder: string;
  /** The most bytes kept; the oldest segments go first. */
  readonly maxBytes: number;
  /** A segment whose newest record is older is removed, milliseconds. */
  readonly maxAgeMs: number;
  /** A segment is closed when it is larger. @default 256 KiB, and at most an eighth of `maxBytes` */
  readonly segmentBytes?: number;
  /** Is told of records that were given up. */
  readonly onDrop: (reason: "spool_full" | "too_old", count: number) => void;
}

interface Segment {
  readonly number: number;
  bytes: number;
  records: number;
  newest: number;
}

/**
 * A queue on disk of records in order: segment files that are only appended to, with a checksum
 * for each record. What was acknowledged by `append` outlives a power cut; what `remove` took out
 * may come again after one, never out of order.
 */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #segmentBytes: number;
  #segments: Segment[] = [];
  #nextNumber = 1;
  /** The records of the oldest segment that are still to be read. */
  #head: PlacedRecord[] | undefined;
  #headNumber = 0;
  /** Where in the oldest segment reading goes on. */
  #offset = 0;
  #consumed = 0;

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#segmentBytes = options.segmentBytes ??
      Math.min(2 ** 18, Math.max(1, Math.floor(options.maxBytes / 8)));
  }

  /** How many records are kept. */
  get length(): number {
    return this.#segments.reduce((sum, { records }) => sum + records, 0) - this.#consumed;
  }

  /** How many bytes the segments take on the disk. */
  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Takes up what an earlier run left; half a record at the end of a segment is cut off. */
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
    for (const number of numbers.sort((a, b) => a - b)) await this.#takeUp(number);
    const cursor = await this.#readCursor();
    // A number is never used again, lest an old cursor be taken for one of a new segment.
    this.#nextNumber = Math.max(numbers.at(-1) ?? 0, cursor.number) + 1;
    await this.#restore(cursor);
  }

  /**
   * Adds records at the end, all or none, and returns when they are on the disk.
   *
   * @throws {Error} where the disk is full or gone.
   */
  async append(records: readonly SpoolRecord[]): Promise<void> {
    if (records.length === 0) return;
    let segment = this.#segments.at(-1);
    if (!segment || segment.bytes >= this.#segmentBytes) {
      segment = { number: this.#nextNumber++, bytes: 0, records: 0, newest: -Infinity };
      this.#segments.push(segment);
    }
    const bytes = encodeRecords(records);
    await this.#write(segment, bytes);
    segment.bytes += bytes.length;
    segment.records += records.length;
    for (const { timestamp } of records) segment.newest = Math.max(segment.newest, timestamp);
    if (this.#head && segment.number === this.#headNumber) this.#head = undefined;
    await this.#enforceSize();
  }

  /** The oldest records, at most `count`, left in place. */
  async first(count: number): Promise<readonly SpoolRecord[]> {
    const segment = this.#segments[0];
    if (!segment) return [];
    if (!this.#head || this.#headNumber !== segment.number) {
      const all = decodeRecords(await Deno.readFile(this.#path(segment.number)));
      this.#head = all.filter(({ end }) => end > this.#offset);
      this.#headNumber = segment.number;
      const lost = segment.records - this.#consumed - this.#head.length;
      if (lost !== 0) segment.records -= lost; // the file was changed under us
    }
    if (this.#head.length === 0) {
      await this.#removeOldest();
      return await this.first(count);
    }
    return this.#head.slice(0, count);
  }

  /** Takes out the `count` oldest, which `first` has given. */
  async remove(count: number): Promise<void> {
    const removed = this.#head?.splice(0, count) ?? [];
    const last = removed.at(-1);
    if (!last) return;
    this.#consumed += removed.length;
    this.#offset = last.end;
    if (this.#head?.length === 0) await this.#removeOldest();
    await this.#saveCursor();
  }

  /** Gives up segments that are wholly older than the age limit at `nowUs`, epoch microseconds. */
  async expire(nowUs: number): Promise<void> {
    const oldest = nowUs - this.#options.maxAgeMs * 1000;
    while (this.#segments[0] && this.#segments[0].newest < oldest) {
      this.#options.onDrop("too_old", await this.#removeOldest());
    }
  }

  async #takeUp(number: number): Promise<void> {
    const path = this.#path(number);
    const content = await Deno.readFile(path);
    const records = decodeRecords(content);
    const bytes = records.at(-1)?.end ?? 0;
    if (bytes === 0) return await Deno.remove(path);
    if (bytes < content.length) await Deno.truncate(path, bytes);
    const newest = Math.max(...records.map(({ timestamp }) => timestamp));
    this.#segments.push({ number, bytes, records: records.length, newest });
  }

  async #write(segment: Segment, bytes: Uint8Array): Promise<void> {
    const path = this.#path(segment.number);
    using file = await Deno.open(path, { append: true, create: true, mode: 0o600 });
    try {
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
      await file.syncData();
    } catch (error) {
      await file.truncate(segment.bytes);
      if (segment.records === 0) await this.#forget(segment);
      throw error;
    }
  }

  async #forget(segment: Segment): Promise<void> {
    this.#segments = this.#segments.filter((other) => other !== segment);
    await Deno.remove(this.#path(segment.number));
  }

  async #enforceSize(): Promise<void> {
    while (this.bytes > this.#options.maxBytes && this.#segments.length > 1) {
      this.#options.onDrop("spool_full", await this.#removeOldest());
    }
  }

  /** @returns how many unread records went with the segment. */
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

  /** A cursor that is torn or stale is no harm: reading begins at the segment's start. */
  async #saveCursor(): Promise<void> {
    const number = this.#segments[0]?.number ?? this.#nextNumber - 1;
    await Deno.writeTextFile(this.#cursorPath, `${number} ${this.#offset}\n`);
  }

  async #readCursor(): Promise<{ number: number; offset: number }> {
    const text = await Deno.readTextFile(this.#cursorPath).catch(() => "");
    const [, number = 0, offset = 0] = /^(\d+) (\d+)\n$/.exec(text) ?? [];
    return { number: Number(number), offset: Number(offset) };
  }

  async #restore({ number, offset }: { number: number; offset: number }): Promise<void> {
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
