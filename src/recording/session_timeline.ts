/** Changes that are remembered. A session of which none is left is known by its id alone. */
const MAX_CHANGES = 1_000;

interface Change {
  readonly timestamp: number;
  /** The session from then on; undefined while none is recorded. */
  readonly sessionId: string | undefined;
}

/** Which session was recorded when, also if the changes arrive late and in another order. */
export class SessionTimeline {
  /** Oldest first; each names another session than the one before it. */
  readonly #changes: Change[] = [];

  /** The newest session; undefined if it has ended, or none is known. */
  get current(): string | undefined {
    return this.#changes.at(-1)?.sessionId;
  }

  /** Returns the session at a time in microseconds; undefined if there was none, or none is known. */
  at(timestamp: number): string | undefined {
    return this.#changes.findLast((change) => change.timestamp <= timestamp)?.sessionId;
  }

  /**
   * Adds the state at a time.
   *
   * @returns the session before, if that state was a change; otherwise undefined
   */
  add(change: Change): { readonly previous: string | undefined } | undefined {
    const index = this.#changes.findLastIndex(({ timestamp }) => timestamp <= change.timestamp);
    const previous = this.#changes[index]?.sessionId;
    // Before the oldest change, the end of a session counts too: its start may arrive later.
    if (index >= 0 && previous === change.sessionId) return undefined;
    this.#changes.splice(index + 1, 0, change);
    if (this.#changes[index + 2]?.sessionId === change.sessionId) {
      this.#changes.splice(index + 2, 1);
    }
    if (this.#changes.length > MAX_CHANGES) this.#changes.shift();
    return previous === change.sessionId ? undefined : { previous };
  }
}
