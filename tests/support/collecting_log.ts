import { LineLog } from "../../src/telemetry/log.ts";

/** A log that keeps its lines; `nowMs` moves only when a test sets it. */
export class CollectingLog extends LineLog {
  readonly lines: string[];
  readonly time: { nowMs: number };

  constructor() {
    const lines: string[] = [];
    const time = { nowMs: 0 };
    super({
      level: "debug",
      debugging: true,
      journal: true,
      write: (line) => void lines.push(line.trimEnd()),
      nowMs: () => time.nowMs,
    });
    this.lines = lines;
    this.time = time;
  }

  /** Returns the lines that contain `text`. */
  linesWith(text: string): string[] {
    return this.lines.filter((line) => line.includes(text));
  }
}
