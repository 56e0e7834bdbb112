import { parseUntrusted } from "../../envelopes/untrusted.ts";
import { asEnvelope } from "../device_message.ts";
import type { TimeRange } from "./trend.ts";
import type { TrendRow } from "./trend_series.ts";
import { strictValues } from "./trend_store.ts";

/** Reads history streams of a Redis. */
export interface HistoryReader {
  /** What the names of keys begin with for a device. */
  prefixOf(device: string): string;
  /**
   * Returns the first entry of a stream at or after the beginning of each range, in milliseconds
   * since the Unix epoch, undefined for a range without any.
   */
  firstEntries(
    stream: string,
    ranges: readonly { readonly fromMs: number; readonly toMs: number }[],
  ): Promise<readonly (string | undefined)[]>;
}

/** Envelopes that are read for each row. Chosen: their median ignores one outlier. */
const SAMPLES = 3;
/** Ranges that are read at once, so that other commands do not wait long. */
const BATCH = 200;

/** Reads older trends from the histories of key-value mode. */
export class TrendHistory {
  readonly #reader: HistoryReader;

  constructor(reader: HistoryReader) {
    this.#reader = reader;
  }

  /** Time of the oldest entry in a range, in microseconds; undefined if there is none. */
  async oldestUs(device: string, { fromUs, toUs }: TimeRange): Promise<number | undefined> {
    const range = { fromMs: Math.floor(fromUs / 1000), toMs: Math.ceil(toUs / 1000) };
    const [text] = await this.#reader.firstEntries(this.#streamOf(device), [range]);
    return text === undefined ? undefined : rowOf(text)?.timeUs;
  }

  /**
   * Reads rows for intervals of `intervalS` seconds: of each interval the first envelope of each
   * third, because a day has some hundred thousand.
   */
  async rows(
    device: string,
    { fromUs, toUs, intervalS }: TimeRange & { readonly intervalS: number },
  ): Promise<readonly TrendRow[]> {
    const stepMs = intervalS * 1000 / SAMPLES;
    const startMs = Math.floor(fromUs / 1000 / (intervalS * 1000)) * intervalS * 1000;
    const count = Math.max(0, Math.ceil((toUs / 1000 - startMs) / stepMs));
    const ranges = Array.from({ length: count }, (_, at) => ({
      fromMs: Math.ceil(startMs + at * stepMs),
      toMs: Math.min(Math.ceil(startMs + (at + 1) * stepMs), Math.ceil(toUs / 1000)) - 1,
    }));
    const rows: TrendRow[] = [];
    for (let at = 0; at < ranges.length; at += BATCH) {
      const batch = ranges.slice(at, at + BATCH);
      const texts = await this.#reader.firstEntries(this.#streamOf(device), batch);
      rows.push(
        ...texts.map((text) => text && rowOf(text)).filter((row) => typeof row === "object"),
      );
    }
    return rows;
  }

  #streamOf(device: string): string {
    return `${this.#reader.prefixOf(device)}:core_metrics:history`;
  }
}

function rowOf(text: string): TrendRow | undefined {
  const envelope = asEnvelope("core_metrics", parseUntrusted(text));
  return envelope && { timeUs: envelope.timestamp, values: strictValues(envelope.payload) };
}
