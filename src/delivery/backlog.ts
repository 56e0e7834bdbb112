import type { SpoolRecord } from "./spool/record.ts";
import type { Spool } from "./spool/spool.ts";

/** A metric that waits; tickets give the order in which the outbox was handed them. */
export interface Waiting extends SpoolRecord {
  readonly ticket: number;
  /** When it began to wait, microseconds of the monotonic clock. */
  readonly sinceUs: number;
  /** It was acknowledged once, and waits only because nobody knows whether it was received. */
  readonly again?: boolean;
}

export interface BacklogOptions {
  /** More than this in memory goes to the spool, or is given up where there is none. */
  readonly memoryBytes: number;
  /** What has waited in memory for longer is given up, milliseconds. */
  readonly maxAgeMs: number;
  readonly spool?: Spool | undefined;
  /** Is told of metrics that were given up. */
  readonly onDrop: (reason: "queue_full" | "too_old", count: number) => void;
}

/** What a queue entry costs beside its bytes, roughly. */
const ENTRY_OVERHEAD_BYTES = 200;
/** What has waited for longer is put where a power cut does not reach it, microseconds. */
const SPOOL_AFTER_US = 10_000_000;
/** How much more than its share the memory may hold while the disk is slow or full. */
const SPOOL_SLACK = 2;

/** Metrics of one topic that could not be sent yet: the newest in memory, the rest in a spool. */
export class Backlog {
  readonly #options: BacklogOptions;
  #entries: Waiting[] = [];
  #memoryBytes = 0;
  /** True where the records that `first` gave came from the spool. */
  #fromSpool = false;

  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  get length(): number {
    return this.#entries.length + (this.#options.spool?.length ?? 0);
  }

  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  get spoolBytes(): number {
    return this.#options.spool?.bytes ?? 0;
  }

  /** Takes up what an earlier run left in the spool. */
  async open(): Promise<void> {
    await this.#options.spool?.open();
  }

  /** Puts an entry where its ticket belongs: what failed while newer ones queued goes before them. */
  insert(entry: Waiting): void {
    let at = this.#entries.length;
    while (at > 0 && (this.#entries[at - 1]?.ticket ?? 0) > entry.ticket) at--;
    this.#entries.splice(at, 0, entry);
    this.#memoryBytes += cost(entry);
    const most = this.#options.memoryBytes * (this.#options.spool ? SPOOL_SLACK : 1);
    let dropped = 0;
    while (this.#memoryBytes > most && this.#entries.length > 1) dropped += this.#shift(1).length;
    if (dropped > 0) this.#options.onDrop("queue_full", dropped);
  }

  /** Gives up what is too old; times are of the monotonic clock and of the epoch. */
  async expire({ nowUs, epochUs }: { nowUs: number; epochUs: number }): Promise<void> {
    const oldest = nowUs - this.#options.maxAgeMs * 1000;
    let dropped = 0;
    while ((this.#entries[0]?.sinceUs ?? Infinity) < oldest) dropped += this.#shift(1).length;
    if (dropped > 0) this.#options.onDrop("too_old", dropped);
    await this.#options.spool?.expire(epochUs);
  }

  /** True where the spool should take something: there is too much, or it has waited for long. */
  overflows(nowUs: number): boolean {
    if (!this.#options.spool) return false;
    const waitedUs = nowUs - (this.#entries[0]?.sinceUs ?? nowUs);
    return this.#memoryBytes > this.#options.memoryBytes || waitedUs > SPOOL_AFTER_US;
  }

  /**
   * Moves entries to the spool, oldest first, but none that one still under way, with the ticket
   * `inFlight`, may have to go before.
   *
   * @throws {Error} where the disk is full or gone; the entries stay in memory then.
   */
  async spill({ inFlight }: { inFlight: number }): Promise<void> {
    const moved = this.#entries.filter(({ ticket }) => ticket < inFlight);
    await this.#options.spool?.append(moved);
    this.#take(moved);
  }

  /** The oldest, at most `count`, left in place. */
  async first(count: number): Promise<readonly SpoolRecord[]> {
    this.#fromSpool = (this.#options.spool?.length ?? 0) > 0;
    if (!this.#fromSpool) return this.#entries.slice(0, count);
    return await this.#options.spool?.first(count) ?? [];
  }

  /** Takes out those that `first` gave. */
  async remove(records: readonly SpoolRecord[]): Promise<void> {
    if (this.#fromSpool) return await this.#options.spool?.remove(records.length);
    this.#take(records);
  }

  /** Some may have been given up meanwhile, and others have come between them. */
  #take(records: readonly SpoolRecord[]): void {
    const taken = new Set(records);
    this.#entries = this.#entries.filter((entry) => !taken.has(entry));
    this.#memoryBytes = this.#entries.reduce((sum, entry) => sum + cost(entry), 0);
  }

  #shift(count: number): readonly Waiting[] {
    const removed = this.#entries.splice(0, count);
    for (const entry of removed) this.#memoryBytes -= cost(entry);
    return removed;
  }
}

function cost({ bytes }: Waiting): number {
  return bytes.length + ENTRY_OVERHEAD_BYTES;
}
