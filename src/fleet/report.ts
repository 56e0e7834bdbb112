import type { TopicSummary } from "./ledger.ts";
import type { Outage } from "./outages.ts";

/** What a run of the fleet has measured. */
export interface FleetReport {
  readonly devices: number;
  readonly watchers: number;
  readonly seconds: number;
  /** Messages of all topics that the devices handed to their queues. */
  readonly published: number;
  /** Messages that their queues dropped, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** What the observer of all devices received; empty without one. */
  readonly observed: readonly TopicSummary[];
  /** What the watchers of single devices received. */
  readonly watched: readonly TopicSummary[];
  /** How late the generator itself handed over messages, in milliseconds. */
  readonly generatorLag: { readonly p99Ms: number; readonly worstMs: number };
  /** Connections of the devices, and how many they have begun. */
  readonly connections: { readonly total: number; readonly attempts: number };
  readonly outages: readonly Outage[];
}

/** Formats a report as JSON. */
export function reportJson(report: FleetReport): string {
  const { generatorLag, outages, observed, watched, ...rest } = report;
  return JSON.stringify(
    {
      ...rest,
      observed: observed.map(summaryJson),
      watched: watched.map(summaryJson),
      generator_lag: { p99_ms: round(generatorLag.p99Ms), worst_ms: round(generatorLag.worstMs) },
      outages: outages.map((outage) => ({
        start_s: round(outage.startS),
        fewest_ready: outage.fewestReady,
        first_back_s: round(outage.firstBackS),
        all_back_s: round(outage.allBackS),
        readers_back_s: round(outage.readersBackS),
        peak_attempts_before: outage.peakAttemptsBefore,
        peak_attempts_after: outage.peakAttemptsAfter,
      })),
    },
    null,
    2,
  );
}

/** Formats a report as tables. */
export function reportText(report: FleetReport): string {
  const { devices, watchers, seconds, published, generatorLag, connections, dropped } = report;
  return [
    `${devices} devices, ${watchers} watchers, ${seconds.toFixed(1)} s: ` +
    `${published} messages, ${(published / seconds).toFixed(0)}/s`,
    `Connections of devices: ${connections.total}, begun ${connections.attempts}`,
    `Generator: late by ${ms(generatorLag.p99Ms)} ms (p99), ${ms(generatorLag.worstMs)} ms (worst)`,
    ...Object.entries(dropped).map(([reason, count]) =>
      `Dropped by the devices: ${count} ${reason}`
    ),
    ...tableOf("Observer", report.observed),
    ...tableOf("Watchers", report.watched),
    ...report.outages.flatMap(connections.total > 0 ? outageLines : readerOutageLines),
  ].join("\n");
}

const COLUMNS = [
  ["expected", 9],
  ["received", 9],
  ["lost", 7],
  ["again", 7],
  ["kept", 7],
  ["p50 ms", 9],
  ["p99 ms", 9],
  ["worst ms", 9],
  ["gap ms", 8],
] as const;

function tableOf(title: string, summaries: readonly TopicSummary[]): string[] {
  if (summaries.length === 0) return [];
  const header = COLUMNS.map(([name, width]) => name.padStart(width)).join("");
  return ["", title.padEnd(14) + header, ...summaries.map(rowOf)];
}

function rowOf(summary: TopicSummary): string {
  const { topic, expected, received, lost, duplicates, replayed } = summary;
  const values = [
    ...[expected, received, lost, duplicates, replayed].map(String),
    ...[summary.p50Ms, summary.p99Ms, summary.worstMs, summary.longestGapMs].map(ms),
  ];
  return topic.padEnd(14) +
    values.map((value, column) => value.padStart(COLUMNS[column]![1])).join("");
}

function outageLines(outage: Outage): string[] {
  const { startS, firstBackS, allBackS, readersBackS, fewestReady } = outage;
  const after = (timeS: number | undefined) =>
    timeS === undefined || firstBackS === undefined
      ? "not within the run"
      : `${Math.max(0, timeS - firstBackS).toFixed(1)} s later`;
  return [
    "",
    `Outage at ${startS.toFixed(1)} s: ${fewestReady} connections were left`,
    `  first connection again: ${firstBackS === undefined ? "none" : `${firstBackS.toFixed(1)} s`}`,
    `  all connections: ${after(allBackS)}; all readers: ${after(readersBackS)}`,
    `  connections begun per second, at most: ${outage.peakAttemptsBefore} before, ` +
    `${outage.peakAttemptsAfter} after`,
  ];
}

/** Lines for a run that only observes, which sees no connection of a device. */
function readerOutageLines({ startS, readersBackS }: Outage): string[] {
  const back = readersBackS === undefined
    ? "not within the run"
    : `${(readersBackS - startS).toFixed(1)} s later`;
  return [
    "",
    `Outage at ${startS.toFixed(1)} s: readers were not subscribed`,
    `  all readers: ${back}`,
  ];
}

function summaryJson(summary: TopicSummary) {
  return {
    topic: summary.topic,
    expected: summary.expected,
    received: summary.received,
    lost: summary.lost,
    duplicates: summary.duplicates,
    replayed: summary.replayed,
    p50_ms: round(summary.p50Ms),
    p99_ms: round(summary.p99Ms),
    worst_ms: round(summary.worstMs),
    longest_gap_ms: round(summary.longestGapMs),
  };
}

const ms = (value: number) => value.toFixed(value < 100 ? 1 : 0);

function round(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.round(value * 100) / 100;
}
