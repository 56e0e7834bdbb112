/** Counts what a subscriber receives, and the core metrics that it misses. */
export class ReceivedCounts {
  edge = 0;
  frames = 0;
  missing = 0;
  #core = 0;
  #strict = 0;
  #newest = 0;

  add(topic: string, text: string): void {
    if (topic === "frame") this.frames++;
    if (topic === "edge_metrics") this.edge++;
    if (topic !== "core_metrics") return;
    const { pulse, metadata } = JSON.parse(text).payload;
    this.#core++;
    if (pulse?.strict) this.#strict++;
    // A metric that had to wait is replayed, and may arrive after newer ones.
    if (this.#newest) this.missing += Math.max(0, metadata.sequence - this.#newest) - 1;
    this.#newest = Math.max(this.#newest, metadata.sequence);
  }

  toString(): string {
    return `${this.#core} core metrics, ${this.#strict} with a pulse, ${this.missing} missing, ` +
      `${this.frames} frames`;
  }
}
