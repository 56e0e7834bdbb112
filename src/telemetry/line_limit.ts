/** Lines with one cause in one window. Chosen. */
const MAX_LINES = 20;
const WINDOW_MS = 10_000;
/** Causes that are distinguished; all others share one limit. */
const MAX_CAUSES = 200;
const OTHER = "";

/** Characters of a message that name its cause; what follows are mostly values. */
const CAUSE_CHARACTERS = 32;

interface Window {
  readonly untilMs: number;
  lines: number;
}

/**
 * Limits log lines by cause, so that a client cannot fill the disk or hide other lines: of one cause,
 * 20 lines in 10 s are written, and the next one reports how many were not.
 */
export class LineLimit {
  readonly #windows = new Map<string, Window>();

  /**
   * Counts a line; returns the number of lines held back since the last one of this cause, or
   * undefined if this one must be held back.
   */
  take(message: string, nowMs: number): number | undefined {
    const cause = this.#causeOf(message);
    const window = this.#windows.get(cause);
    if (!window || nowMs >= window.untilMs) {
      this.#windows.set(cause, { untilMs: nowMs + WINDOW_MS, lines: 1 });
      return Math.max(0, (window?.lines ?? 0) - MAX_LINES);
    }
    return ++window.lines > MAX_LINES ? undefined : 0;
  }

  #causeOf(message: string): string {
    const [head = ""] = message.slice(0, CAUSE_CHARACTERS).split(": ");
    const cause = head.replaceAll(/\d+/g, "");
    return this.#windows.has(cause) || this.#windows.size < MAX_CAUSES ? cause : OTHER;
  }
}
