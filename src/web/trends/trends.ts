import type { Log } from "../../telemetry/log.ts";
import { intervalFor, type TimeRange, toTable, type TrendTable } from "./trend.ts";
import type { TrendHistory } from "./trend_history.ts";
import { ROW_S, type TrendRow } from "./trend_series.ts";
import type { TrendStore } from "./trend_store.ts";

/** Range that is returned by default: an hour. */
const DEFAULT_RANGE_US = 3600 * 1_000_000;
/** Histories that are read at a time. Chosen: each takes thousands of commands. */
const MAX_READS = 2;
/** Histories that may wait for their turn. */
const MAX_WAITING = 16;

export interface TrendsOptions {
  readonly store: TrendStore;
  /** Where times before those in memory are read. @default nowhere */
  readonly history?: TrendHistory;
  readonly log: Log;
  /** Microseconds since the Unix epoch. @default Date.now */
  readonly nowUs?: () => number;
}

/** Trends of devices: from memory, and before that from the history if there is one. */
export class Trends {
  readonly #options: TrendsOptions;
  #reads = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(options: TrendsOptions) {
    this.#options = options;
  }

  /** True if more than the last hour may be available. */
  get hasHistory(): boolean {
    return this.#options.history !== undefined;
  }

  /** Returns the trend of a device, or `busy` if too many histories are read. */
  async read(device: string, range: Partial<TimeRange>): Promise<TrendTable | "busy"> {
    const { store, nowUs = () => Date.now() * 1000 } = this.#options;
    const { toUs = nowUs() + ROW_S * 1e6 } = range;
    const { fromUs = toUs - DEFAULT_RANGE_US } = range;
    const recent = store.rows(device, { fromUs, toUs });
    const missing = { fromUs, toUs: Math.min(toUs, recent[0]?.timeUs ?? toUs) };
    if (!this.hasHistory || missing.toUs <= missing.fromUs) return toTable(recent, ROW_S);
    if (!await this.#takeTurn()) return "busy";
    try {
      return await this.#withHistory(device, { recent, missing, toUs });
    } catch (error) {
      const { log } = this.#options;
      log.rateLimited("trends", 10, "warning", `Cannot read the history of a device: ${error}`);
      return toTable(recent, ROW_S);
    } finally {
      this.#reads--;
      this.#waiting.shift()?.();
    }
  }

  async #withHistory(
    device: string,
    { recent, missing, toUs }: {
      readonly recent: readonly TrendRow[];
      readonly missing: TimeRange;
      readonly toUs: number;
    },
  ): Promise<TrendTable> {
    const history = this.#options.history!;
    const oldestUs = await history.oldestUs(device, missing);
    if (oldestUs === undefined) return toTable(recent, ROW_S);
    const fromUs = Math.max(oldestUs, missing.fromUs);
    const intervalS = intervalFor({ fromUs, toUs });
    const older = await history.rows(device, { fromUs, toUs: missing.toUs, intervalS });
    return toTable([...older, ...recent], intervalS);
  }

  /** Waits until a history may be read; returns false if too many wait. */
  async #takeTurn(): Promise<boolean> {
    if (this.#reads >= MAX_READS) {
      if (this.#waiting.length >= MAX_WAITING) return false;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#reads++;
    return true;
  }
}
