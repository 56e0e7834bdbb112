/** Reads streams of a Redis. */
export interface HistorySource {
  /** Returns the id of the newest entry, or undefined if the stream does not exist. */
  newestEntry(stream: string): Promise<string | undefined>;
  /** Returns up to `limit` entries of each stream after the given ids, in order per stream. */
  readEntries(
    after: ReadonlyMap<string, string>,
    limit: number,
  ): Promise<readonly HistoryEntry[]>;
}

export interface HistoryEntry {
  readonly stream: string;
  /** `milliseconds-sequence`, by which Redis orders entries. */
  readonly id: string;
  readonly envelope: string;
}

/** Number of entries read from one stream at once. */
const LIMIT = 100;

/**
 * Follows the history streams of key-value mode. Outages of
 * Redis or of the follower lose nothing, as long as the entries are not trimmed.
 */
export class HistoryFollower {
  readonly #source: HistorySource;
  readonly #streams: readonly string[];
  readonly #limit: number;
  readonly #after = new Map<string, string>();

  /** @param options `after`: the entry after which reading starts. @default the newest */
  constructor(
    source: HistorySource,
    streams: readonly string[],
    { limit = LIMIT, after }: { readonly limit?: number; readonly after?: string | undefined } = {},
  ) {
    this.#source = source;
    this.#streams = streams;
    this.#limit = limit;
    if (after !== undefined) { for (const stream of streams) this.#after.set(stream, after); }
  }

  /** Returns the entries since the last call, ordered by time. */
  async poll(): Promise<readonly HistoryEntry[]> {
    for (const stream of this.#streams) {
      if (this.#after.has(stream)) continue;
      this.#after.set(stream, await this.#source.newestEntry(stream) ?? "0-0");
    }
    const read = await this.#source.readEntries(this.#after, this.#limit);
    // If the limit cut off a stream, later entries of the others must wait: the end of a session
    // must not overtake its measurements.
    const cutoffs = this.#streams
      .map((stream) => read.filter((entry) => entry.stream === stream))
      .filter((entries) => entries.length >= this.#limit)
      .map((entries) => entries.at(-1)!.id);
    const entries = read
      .filter(({ id }) => cutoffs.every((cutoff) => compareIds(id, cutoff) <= 0))
      .sort((a, b) => compareIds(a.id, b.id));
    for (const { stream, id } of entries) this.#after.set(stream, id);
    return entries;
  }
}

function compareIds(left: string, right: string): number {
  const [leftMs = 0, leftSequence = 0] = left.split("-").map(Number);
  const [rightMs = 0, rightSequence = 0] = right.split("-").map(Number);
  return leftMs - rightMs || leftSequence - rightSequence;
}
