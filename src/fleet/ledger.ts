import type { Topic } from "../envelopes/envelope.ts";
import { Latencies } from "./latencies.ts";
import { SequenceSet } from "./sequence_set.ts";

/** A message as it arrived at a subscriber. */
export interface Arrival {
  readonly device: string;
  readonly topic: Topic;
  /** Identifies the run of the device; "" for topics whose messages do not name it. */
  readonly bootId: string;
  readonly sequence: number;
  /** Time from that of the data to the arrival, in milliseconds. */
  readonly latencyMs: number;
  /** True for a message that the device has sent again, or kept during an outage. */
  readonly replayed: boolean;
  /** Time of the arrival on a monotonic clock, in milliseconds. */
  readonly atMs: number;
}

/** What subscribers received of one topic. */
export interface TopicSummary {
  readonly topic: Topic;
  /** Messages that must have arrived: all published ones, if they are known. */
  readonly expected: number;
  /** Different messages that have arrived. */
  readonly received: number;
  readonly lost: number;
  /** Messages that arrived again. */
  readonly duplicates: number;
  /** Messages that waited for the broker, or were sent again. */
  readonly replayed: number;
  /** Latencies of the others, in milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly worstMs: number;
  /** Longest time without a message of one device, in milliseconds. */
  readonly longestGapMs: number;
}

/** Number of messages that a device has published of a topic; undefined if it is unknown. */
export type PublishedCount = (device: string, topic: Topic) => number | undefined;

interface Series {
  readonly device: string;
  readonly boots: Map<string, SequenceSet>;
  duplicates: number;
  replayed: number;
  lastMs: number;
  longestGapMs: number;
}

/** Counts what arrived, was late or was lost, by the boot ids and sequence numbers of the messages. */
export class Ledger {
  readonly #warmUpMs: number;
  /** Time of the first arrival that counts for latencies and gaps, in milliseconds. */
  #measuredFromMs: number | undefined;
  readonly #topics = new Map<Topic, { series: Map<string, Series>; latencies: Latencies }>();

  /** @param options.warmUpMs time from the first arrival whose latencies and gaps do not count */
  constructor({ warmUpMs = 0 }: { readonly warmUpMs?: number } = {}) {
    this.#warmUpMs = warmUpMs;
  }

  add({ device, topic, bootId, sequence, latencyMs, replayed, atMs }: Arrival): void {
    this.#measuredFromMs ??= atMs + this.#warmUpMs;
    const isMeasured = atMs >= this.#measuredFromMs;
    const { series: all, latencies } = this.#topics.getOrInsertComputed(topic, () => ({
      series: new Map<string, Series>(),
      latencies: new Latencies(),
    }));
    const series = all.getOrInsertComputed(device, () => ({
      device,
      boots: new Map<string, SequenceSet>(),
      duplicates: 0,
      replayed: 0,
      lastMs: atMs,
      longestGapMs: 0,
    }));
    if (isMeasured) series.longestGapMs = Math.max(series.longestGapMs, atMs - series.lastMs);
    series.lastMs = atMs;
    const isNew = series.boots.getOrInsertComputed(bootId, () => new SequenceSet()).add(sequence);
    if (!isNew) series.duplicates++;
    if (replayed) series.replayed++;
    else if (isMeasured) latencies.add(latencyMs);
  }

  /**
   * Returns what is known about a topic. Without the numbers of published messages, those before the
   * first and after the last received one of a device are not expected.
   */
  summary(topic: Topic, published: PublishedCount = () => undefined): TopicSummary {
    const { series, latencies } = this.#topics.get(topic) ??
      { series: new Map<string, Series>(), latencies: new Latencies() };
    const all = [...series.values()];
    const sum = (of: (each: Series) => number) => all.reduce((total, each) => total + of(each), 0);
    const received = sum(({ boots }) => sumOf(boots, ({ size }) => size));
    const expected = sum(({ device, boots }) =>
      published(device, topic) ?? sumOf(boots, ({ span }) => span)
    );
    return {
      topic,
      expected,
      received,
      lost: expected - received,
      duplicates: sum(({ duplicates }) => duplicates),
      replayed: sum(({ replayed }) => replayed),
      p50Ms: latencies.quantileMs(0.5),
      p99Ms: latencies.quantileMs(0.99),
      worstMs: latencies.worstMs,
      longestGapMs: Math.max(0, ...all.map(({ longestGapMs }) => longestGapMs)),
    };
  }

  /** Returns the topics of which a message has arrived. */
  get topics(): readonly Topic[] {
    return [...this.#topics.keys()];
  }
}

function sumOf(boots: ReadonlyMap<string, SequenceSet>, of: (set: SequenceSet) => number): number {
  return [...boots.values()].reduce((total, set) => total + of(set), 0);
}
