/** What a follower asks of a Redis. */
export interface HistorySource {
  /** The id of the newest entry, or undefined where there is no such stream. */
  newestEntry(stream: string): Promise<string | undefined>;
  /** Up to `limit` entries of each stream after the given ids, each stream in order. */
  readEntries(
    after: ReadonlyMap<string, string>,
    limit: number,
  ): Promise<readonly HistoryEntry[]>;
}

export interface HistoryEntry {
  readonly stream: string;
  /** `milliseconds-number`, as Redis orders entries. */
  readonly id: string;
  readonly envelope: string;
}

/** Entries of one history that are read at once. */
const LIMIT = 100;

/**
 * Follows the histories of key-value mode from now on. While Redis or the follower is away
 * nothing is lost, for as long as the histories last.
 */
export class HistoryFollower {
  readonly #source: HistorySource;
  readonly #streams: readonly string[];
  readonly #limit: number;
  readonly #after = new Map<string, string>();

  constructor(source: HistorySource, streams: readonly string[], { limit = LIMIT } = {}) {
    this.#source = source;
    this.#streams = streams;
    this.#limit = limit;
  }

  /** The entries since the last call, in the order of their times. */
  async poll(): Promise<readonly HistoryEntry[]> {
    for (const stream of this.#streams) {
      if (this.#after.has(stream)) continue;
      this.#after.set(stream, await this.#source.newestEntry(stream) ?? "0-0");
    }
    const read = await this.#source.readEntries(this.#after, this.#limit);
    // A stream that was cut off holds up the others: the end of a session must not overtake what
    // belongs to it.
    const ends = this.#streams
      .map((stream) => read.filter((entry) => entry.stream === stream))
      .filter((entries) => entries.length >= this.#limit)
      .map((entries) => entries.at(-1)!.id);
    const entries = read
      .filter(({ id }) => ends.every((end) => compareIds(id, end) <= 0))
      .sort((a, b) => compareIds(a.id, b.id));
    for (const { stream, id } of entries) this.#after.set(stream, id);
    return entries;
  }
}

function compareIds(left: string, right: string): number {
  const [leftMs = 0, leftNumber = 0] = left.split("-").map(Number);
  const [rightMs = 0, rightNumber = 0] = right.split("-").map(Number);
  return leftMs - rightMs || leftNumber - rightNumber;
}
