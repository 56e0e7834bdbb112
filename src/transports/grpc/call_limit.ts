/** What has calls: a connection. */
export interface CallOwner {
  /** Number of its calls in progress. */
  readonly calls: number;
  /** Ends the call that made progress the longest time ago. */
  shed(): void;
}

/**
 * Limit of the calls of all connections together. When it is reached, a call takes the place of one
 * of the connection that has most, unless that has hardly more than the caller.
 */
export class CallLimit {
  readonly #max: number;
  readonly #owners: Iterable<CallOwner>;

  /** @param owners the present connections */
  constructor(max: number, owners: Iterable<CallOwner>) {
    this.#max = max;
    this.#owners = owners;
  }

  /** Makes room for one call more of `owner`; returns false if it must be refused. */
  admit(owner: CallOwner): boolean {
    let total = 0;
    let largest = owner;
    for (const each of this.#owners) {
      total += each.calls;
      if (each.calls > largest.calls) largest = each;
    }
    if (total < this.#max) return true;
    if (largest.calls <= owner.calls + 1) return false;
    largest.shed();
    return true;
  }
}
