import { AppError, reasonOf } from "../base/errors.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { SpoolRecord } from "./spool/record.ts";
import type { Spool, SpoolDropReason } from "./spool/spool.ts";

/** A metric that waits to be sent. */
export interface QueuedMetric extends SpoolRecord {
  /** Position in the order in which the outbox received its metrics. */
  readonly position: number;
  /** When the metric was queued, in microseconds of the monotonic clock. */
  readonly queuedUs: number;
  /** True for a metric that was acknowledged before, but may not have reached a subscriber. */
  readonly resent?: boolean;
}

/** Returns a metric that was acknowledged at `nowUs`, to be sent again. */
export function toResend(record: SpoolRecord, nowUs: number): QueuedMetric {
  // Records from the spool have no position: they are older than all that have one.
  return { position: 0, queuedUs: nowUs, ...record, resent: true };
}

/** Where a backlog gets its spool from. */
export interface SpoolSource {
  /** Folder that the user has configured, for messages. */
  readonly path: string;
  /** Who publishes at present. When it changes, the spool is opened again. */
  identity(): string;
  /** @throws {Error} if the spool cannot be used; the call is repeated later. */
  open(): Promise<Spool>;
}

export interface BacklogOptions {
  /** Bytes kept in memory. The rest goes to the spool, or is dropped if there is none. */
  readonly memoryBytes: number;
  /** Metrics that have waited in memory for longer are dropped, in milliseconds. */
  readonly maxAgeMs: number;
  readonly spool?: SpoolSource | undefined;
  readonly clock: Clock;
  /** Called with the number of metrics that were dropped. */
  readonly onDrop: (reason: BacklogDropReason, count: number) => void;
  /** Called with each problem of the spool, every time that it occurs. */
  readonly onProblem: (problem: string) => void;
}

/** Why a metric is not sent any more; "stopped": at the end it was neither sent nor spooled. */
export type BacklogDropReason = "queue_full" | "stopped" | SpoolDropReason;

/** What a backlog does with its spool. Each can fail for a reason of its own. */
type SpoolUse = "use" | "write to" | "read" | "remove from";

/** Approximate memory that an entry takes beside its bytes. */
const ENTRY_OVERHEAD_BYTES = 200;
/** Metrics that have waited for longer are spooled, to survive a power cut. Microseconds. */
const SPOOL_AFTER_US = 10_000_000;
/** Factor by which memory may exceed its limit while the disk is slow or full. */
const SPOOL_SLACK = 2;
/** Bytes written to the spool at once: what fits on a full disk is saved. Chosen. */
const SPILL_BYTES = 2 ** 18;
/** Pause before the spool is used again after a failure, in microseconds. */
const RETRY_US = 500_000;
/** How often the age of the metrics is checked, in microseconds. */
const EXPIRY_CHECK_US = 60_000_000;

/**
 * Queue of the unsent metrics of one topic: the newest in memory, the older ones in a spool. No
 * method throws: while the spool cannot be used, `problem` has the reason and metrics stay in
 * memory.
 */
export class Backlog {
  readonly #options: BacklogOptions;
  #entries: QueuedMetric[] = [];
  #memoryBytes = 0;
  /** The spool once it was opened. */
  #spool: Spool | undefined;
  /** Whether the records of the last `peek` came from the spool. */
  #peekedSpool = false;
  readonly #problems = new Map<SpoolUse, string>();
  /** Until then the spool is not opened or written to, in microseconds of the monotonic clock. */
  #pausedUntilUs = -Infinity;

  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  /** Number of metrics in memory and in the spool. */
  get length(): number {
    return this.#entries.length + (this.#spool?.length ?? 0);
  }

  /** Bytes in memory. */
  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /** Bytes on the disk. */
  get spoolBytes(): number {
    return this.#spool?.bytes ?? 0;
  }

  /** Why the spool cannot be used as it is needed at present. */
  get problem(): string | undefined {
    const [problem] = this.#problems.values();
    return problem;
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

  /**
   * Opens the spool, drops what is over the age limit, and moves metrics to the spool if they take
   * too much memory or have waited for too long. Only those before the position `before` move: a
   * metric in flight at that position may fail and has to go before later ones.
   */
  async maintain({ before }: { before: number }): Promise<void> {
    const { clock, spool: source } = this.#options;
    const nowUs = clock.monotonicUs();
    this.#expireMemory(nowUs);
    if (!source || nowUs < this.#pausedUntilUs) return;
    if (this.#spool?.identity !== source.identity()) await this.#open(source);
    if (!this.#spool) return;
    await this.#attempt("remove from", () => this.#spool?.expire(clock.epochUs(nowUs)));
    if (!this.#shouldSpill(nowUs)) this.#problems.delete("write to");
    else if (!await this.#spill({ before })) this.#pausedUntilUs = nowUs + RETRY_US;
  }

  /** Time until `maintain` has work to do if nothing else happens, in milliseconds. */
  get msUntilMaintenance(): number {
    const { clock, spool } = this.#options;
    const nowUs = clock.monotonicUs();
    if (!spool) return EXPIRY_CHECK_US / 1000;
    const isDue = !this.#spool || this.#memoryBytes > this.#options.memoryBytes;
    const oldestUs = this.#entries[0]?.queuedUs ?? Infinity;
    const dueUs = isDue ? nowUs : oldestUs + SPOOL_AFTER_US + 1;
    const waitUs = Math.max(dueUs, this.#pausedUntilUs) - nowUs;
    return Math.min(Math.max(0, waitUs), EXPIRY_CHECK_US) / 1000;
  }

  /** Returns the oldest metrics, at most `count`, without removing them. */
  async peek(count: number): Promise<readonly SpoolRecord[]> {
    const spool = this.#spool;
    this.#peekedSpool = spool !== undefined && spool.length > 0;
    if (!spool || !this.#peekedSpool) return this.#entries.slice(0, count);
    let records: readonly SpoolRecord[] = [];
    await this.#attempt("read", async () => records = await spool.peek(count));
    return records;
  }

  /** Removes metrics that the last `peek` returned. */
  async remove(records: readonly SpoolRecord[]): Promise<void> {
    if (!this.#peekedSpool) return this.#removeFromMemory(records);
    await this.#attempt("remove from", () => this.#spool?.remove(records.length));
  }

  /** Moves all metrics to the spool at the end. What is neither sent nor spooled is counted. */
  async close(): Promise<void> {
    this.#pausedUntilUs = -Infinity;
    if (this.#options.spool) {
      await this.maintain({ before: -Infinity });
      await this.#spill({ before: Infinity });
    }
    const { length } = this.#entries;
    if (length > 0) this.#options.onDrop("stopped", length);
  }

  async #open(source: SpoolSource): Promise<void> {
    this.#spool = undefined;
    const isOpen = await this.#attempt("use", async () => this.#spool = await source.open());
    if (!isOpen) this.#pausedUntilUs = this.#options.clock.monotonicUs() + RETRY_US;
  }

  #shouldSpill(nowUs: number): boolean {
    const waitedUs = nowUs - (this.#entries[0]?.queuedUs ?? nowUs);
    return this.#memoryBytes > this.#options.memoryBytes || waitedUs > SPOOL_AFTER_US;
  }

  /** Moves metrics to the spool, oldest first; returns false if none could be moved. */
  async #spill({ before }: { before: number }): Promise<boolean> {
    const spool = this.#spool;
    if (!spool) return false;
    const due = this.#entries.filter((entry) => entry.position < before);
    let moved = 0;
    while (moved < due.length) {
      const part = takeBytes(due.slice(moved), SPILL_BYTES);
      if (!await this.#attempt("write to", () => spool.append(part))) return false;
      this.#removeFromMemory(part);
      moved += part.length;
    }
    return moved > 0;
  }

  /** Uses the spool; returns false and keeps the reason if that fails. */
  async #attempt(use: SpoolUse, work: () => unknown): Promise<boolean> {
    try {
      await work();
      this.#problems.delete(use);
      return true;
    } catch (error) {
      const hint = error instanceof AppError && error.hint || HINTS[use];
      const problem = `Cannot ${use} the spool in ${this.#options.spool?.path}: ` +
        `${reasonOf(error)}: ${hint}`;
      this.#problems.set(use, problem);
      this.#options.onProblem(problem);
      return false;
    }
  }

  #expireMemory(nowUs: number): void {
    const oldestUs = nowUs - this.#options.maxAgeMs * 1000;
    let dropped = 0;
    while ((this.#entries[0]?.queuedUs ?? Infinity) < oldestUs) {
      this.#dropOldest();
      dropped++;
    }
    if (dropped > 0) this.#options.onDrop("too_old", dropped);
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

const HINTS: Readonly<Record<SpoolUse, string>> = {
  "use": "check the folder, and give the server's user write permission",
  "write to": "free disk space, or give the server's user write permission",
  "read": "check the disk, and give the server's user read permission",
  "remove from": "check the disk, and give the server's user write permission",
};

/** Returns the first metrics, up to `bytes` bytes, but at least one. */
function takeBytes(entries: readonly QueuedMetric[], bytes: number): readonly QueuedMetric[] {
  let sum = 0;
  const end = entries.findIndex((entry) => (sum += entry.bytes.length) > bytes);
  return end < 0 ? entries : entries.slice(0, Math.max(1, end));
}

function memoryBytesOf({ bytes }: QueuedMetric): number {
  return bytes.length + ENTRY_OVERHEAD_BYTES;
}
