import type { SpoolRecord } from "./spool/record.ts";
import type { Spool } from "./spool/spool.ts";

/** A metric that waits to be sent. */
export interface QueuedMetric extends SpoolRecord {
  /** Position in the order in which the outbox received its metrics. */
  readonly position: number;
  /** When the metric was queued, in microseconds of the monotonic clock. */
  readonly queuedUs: number;
  /** True for a metric that was acknowledged before, but may not have reached a subscriber. */
  readonly resent?: boolean;
}

export interface BacklogOptions {
  /** Bytes kept in memory. The rest goes to the spool, or is dropped if there is none. */
  readonly memoryBytes: number;
  /** Metrics that have waited in memory for longer are dropped, in milliseconds. */
  readonly maxAgeMs: number;
  readonly spool?: Spool | undefined;
  /** Called with the number of metrics that were dropped. */
  readonly onDrop: (reason: "queue_full" | "too_old", count: number) => void;
}

/** Approximate memory that an entry takes beside its bytes. */
const ENTRY_OVERHEAD_BYTES = 200;
/** Metrics that have waited for longer are spooled, to survive a power cut. Microseconds. */
const SPOOL_AFTER_US = 10_000_000;
/** Factor by which memory may exceed its limit while the disk is slow or full. */
const SPOOL_SLACK = 2;

/** Queue of the unsent metrics of one topic: the newest in memory, the older ones in a spool. */
export class Backlog {
  readonly #options: BacklogOptions;
  #entries: QueuedMetric[] = [];
  #memoryBytes = 0;
  /** Whether the records of the last `peek` came from the spool. */
  #peekedSpool = false;

  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  /** Number of metrics in memory and in the spool. */
  get length(): number {
    return this.#entries.length + (this.#options.spool?.length ?? 0);
  }

  /** Bytes in memory. */
  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /** Bytes on the disk. */
  get spoolBytes(): number {
    return this.#options.spool?.bytes ?? 0;
  }

  /** Loads what an earlier process left in the spool. */
  async open(): Promise<void> {
    await this.#options.spool?.open();
  }

  /** Inserts a metric by its position, so that a failed one goes before newer ones. */
  insert(entry: QueuedMetric): void {
    let at = this.#entries.length;
    while (at > 0 && (this.#entries[at - 1]?.position ?? 0) > entry.position) at--;
    this.#entries.splice(at, 0, entry);
    this.#memoryBytes += memoryBytesOf(entry);
    const maxBytes = this.#options.memoryBytes * (this.#options.spool ? SPOOL_SLACK : 1);
    let dropped = 0;
    while (this.#memoryBytes > maxBytes && this.#entries.length > 1) {
      this.#dropOldest();
      dropped++;
    }
    if (dropped > 0) this.#options.onDrop("queue_full", dropped);
  }

  /** Drops what is over the age limit at `nowUs` (monotonic) or, on disk, `epochUs`. */
  async expire({ nowUs, epochUs }: { nowUs: number; epochUs: number }): Promise<void> {
    const oldestUs = nowUs - this.#options.maxAgeMs * 1000;
    let dropped = 0;
    while ((this.#entries[0]?.queuedUs ?? Infinity) < oldestUs) {
      this.#dropOldest();
      dropped++;
    }
    if (dropped > 0) this.#options.onDrop("too_old", dropped);
    await this.#options.spool?.expire(epochUs);
  }

  /** Whether metrics should move to the spool: by their size, or by how long they have waited. */
  shouldSpill(nowUs: number): boolean {
    if (!this.#options.spool) return false;
    const waitedUs = nowUs - (this.#entries[0]?.queuedUs ?? nowUs);
    return this.#memoryBytes > this.#options.memoryBytes || waitedUs > SPOOL_AFTER_US;
  }

  /**
   * Moves the metrics before `position` from memory to the spool. Those after it stay: a metric in
   * flight at that position may fail and has to go before them.
   *
   * @throws {Error} if the disk is full or missing. The metrics then stay in memory.
   */
  async spill({ before: position }: { before: number }): Promise<void> {
    const moved = this.#entries.filter((entry) => entry.position < position);
    await this.#options.spool?.append(moved);
    this.#removeFromMemory(moved);
  }

  /** Returns the oldest metrics, at most `count`, without removing them. */
  async peek(count: number): Promise<readonly SpoolRecord[]> {
    this.#peekedSpool = (this.#options.spool?.length ?? 0) > 0;
    if (!this.#peekedSpool) return this.#entries.slice(0, count);
    return await this.#options.spool?.peek(count) ?? [];
  }

  /** Removes metrics that the last `peek` returned. */
  async remove(records: readonly SpoolRecord[]): Promise<void> {
    if (this.#peekedSpool) return await this.#options.spool?.remove(records.length);
    this.#removeFromMemory(records);
  }

  /** Removes by identity: since `peek`, some may have been dropped and others inserted between. */
  #removeFromMemory(records: readonly SpoolRecord[]): void {
    const removed = new Set(records);
    this.#entries = this.#entries.filter((entry) => !removed.has(entry));
    this.#memoryBytes = this.#entries.reduce((sum, entry) => sum + memoryBytesOf(entry), 0);
  }

  #dropOldest(): void {
    const entry = this.#entries.shift();
    if (entry) this.#memoryBytes -= memoryBytesOf(entry);
  }
}

function memoryBytesOf({ bytes }: QueuedMetric): number {
  return bytes.length + ENTRY_OVERHEAD_BYTES;
}
