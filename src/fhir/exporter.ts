import type { MetricTopic } from "../envelopes/envelope.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Log } from "../telemetry/log.ts";
import type { DeviceEnvelope } from "../transports/redis/envelope_reader.ts";
import { DeviceIntervals } from "./device_intervals.ts";
import type { IntervalSummary } from "./interval.ts";
import { bundleOf, type MappingOptions } from "./observations.ts";
import type { BundleSink } from "./sink.ts";

/** The topics that an exporter needs. */
export const EXPORTED_TOPICS: readonly MetricTopic[] = ["core_metrics", "recording_state"];

/** Interval of looking for complete intervals, in milliseconds. Chosen. */
const POLL_MS = 500;
/** An interval is complete if no message of it arrived for this time. Chosen. */
const QUIET_US = 2_000_000;
/** Devices of one exporter; a pattern matches whatever a publisher chooses. Chosen. */
const MAX_DEVICES = 1_000;

export interface ExporterOptions {
  readonly sink: Pick<BundleSink, "add">;
  readonly mapping: MappingOptions;
  readonly intervalS: number;
  readonly waveforms: boolean;
  readonly log: Log;
  readonly clock: Pick<Clock, "monotonicUs" | "sleep">;
}

/** Turns the envelopes of devices into one transaction for each interval. */
export class Exporter {
  readonly #options: ExporterOptions;
  readonly #devices = new Map<string, DeviceIntervals>();

  constructor(options: ExporterOptions) {
    this.#options = options;
  }

  /** Adds an envelope of one of `EXPORTED_TOPICS`. */
  take({ device, envelope }: DeviceEnvelope): void {
    const { intervalS, waveforms, clock, log } = this.#options;
    let intervals = this.#devices.get(device);
    if (!intervals) {
      if (this.#devices.size >= MAX_DEVICES) {
        log.rateLimited("devices", 60, "warning", "Ignored a device: there are too many", {
          devices: MAX_DEVICES,
        });
        return;
      }
      const [intervalUs, quietUs] = [intervalS * 1e6, QUIET_US];
      intervals = new DeviceIntervals({ device, intervalUs, quietUs, waveforms });
      this.#devices.set(device, intervals);
    }
    intervals.add(envelope, clock.monotonicUs());
  }

  /**
   * Writes each interval when it is complete, and all of them when `signal` aborts.
   *
   * @throws {UnavailableError} if the sink cannot write
   */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(POLL_MS, signal);
      for (const intervals of this.#devices.values()) {
        this.#write(intervals.takeComplete(clock.monotonicUs()));
      }
    }
    for (const intervals of this.#devices.values()) this.#write(intervals.takeAll());
  }

  #write(summaries: readonly IntervalSummary[]): void {
    for (const summary of summaries) {
      const bundle = bundleOf(summary, this.#options.mapping);
      if (bundle) this.#options.sink.add(bundle, summary.startUs);
    }
  }
}
