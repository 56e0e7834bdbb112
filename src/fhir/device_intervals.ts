import { metadataOf, type ReceivedEnvelope } from "../envelopes/received.ts";
import { Interval, type IntervalSummary } from "./interval.ts";

/** Changes of the recording that a device remembers. Chosen. */
const MAX_CHANGES = 100;
/** Intervals of a device that are open at once, as after an outage of an hour with intervals of 10 s. */
const MAX_OPEN = 400;
/** Written intervals that a device remembers, a day of minutes. Identifiers recognize older ones. */
const MAX_WRITTEN = 1_500;
/** Characters of the id of a server's start, which any publisher can choose. */
const MAX_BOOT_ID = 100;
/** The end of the year 9999, in microseconds since the Unix epoch: FHIR has four digits for a year. */
const MAX_TIME_US = 253_402_300_799_000_000;

interface OpenInterval {
  readonly interval: Interval;
  readonly startUs: number;
  readonly openedUs: number;
  changedUs: number;
}

export interface DeviceIntervalsOptions {
  /** Key prefix of the device. */
  readonly device: string;
  readonly intervalUs: number;
  /** An interval is complete if no message of it arrived for this time. */
  readonly quietUs: number;
  readonly waveforms: boolean;
}

/**
 * Divides the messages of a device into intervals of their timestamps. An interval ends at a multiple
 * of its length and at each change of the recording. As it depends on timestamps alone, messages
 * that are read again give the same intervals.
 */
export class DeviceIntervals {
  readonly #options: DeviceIntervalsOptions;
  readonly #open = new Map<string, OpenInterval>();
  readonly #written = new Set<string>();
  /** Timestamps of changes of the recording, in ascending order. */
  readonly #changes: number[] = [];
  #isRecording = false;
  #newestUs = -Infinity;

  constructor(options: DeviceIntervalsOptions) {
    this.#options = options;
  }

  /**
   * Adds an envelope of core metrics or of the recording state.
   *
   * @param nowUs monotonic time in microseconds
   */
  add(envelope: ReceivedEnvelope, nowUs: number): void {
    const { timestamp } = envelope;
    if (timestamp < 0 || timestamp > MAX_TIME_US) return;
    this.#newestUs = Math.max(this.#newestUs, timestamp);
    if (envelope.type === "recording_state") return this.#change(envelope);
    const startUs = this.#startOf(timestamp);
    const boot = metadataOf(envelope)["boot_id"];
    const bootId = typeof boot === "string" ? boot.slice(0, MAX_BOOT_ID) : "";
    const key = `${startUs} ${bootId}`;
    if (this.#written.has(key)) return;
    let open = this.#open.get(key);
    if (!open) {
      if (this.#open.size >= MAX_OPEN) return;
      const { device, waveforms } = this.#options;
      const interval = new Interval({ device, bootId, startUs }, { waveforms });
      this.#open.set(key, open = { interval, startUs, openedUs: nowUs, changedUs: nowUs });
    }
    open.interval.add(envelope);
    open.changedUs = nowUs;
  }

  /** Removes the complete intervals and returns them. */
  takeComplete(nowUs: number): IntervalSummary[] {
    const { quietUs, intervalUs } = this.#options;
    return this.#take(({ startUs, openedUs, changedUs }) => {
      if (nowUs - changedUs < quietUs) return false;
      // A device that is off sends nothing newer.
      return this.#newestUs >= this.#endOf(startUs) || nowUs - openedUs >= intervalUs + quietUs;
    });
  }

  /** Removes all intervals and returns them. */
  takeAll(): IntervalSummary[] {
    return this.#take(() => true);
  }

  #take(isDue: (open: OpenInterval) => boolean): IntervalSummary[] {
    const due = [...this.#open].filter(([, open]) => isDue(open));
    for (const [key] of due) {
      this.#open.delete(key);
      this.#written.add(key);
      if (this.#written.size > MAX_WRITTEN) {
        this.#written.delete(this.#written.values().next().value!);
      }
    }
    return due.map(([, { interval }]) => interval.summary()).sort((a, b) => a.startUs - b.startUs);
  }

  #change({ timestamp, payload }: ReceivedEnvelope): void {
    const isRecording = payload["recording"] === true;
    // The state is repeated for clients that join.
    if (isRecording === this.#isRecording && timestamp >= (this.#changes.at(-1) ?? 0)) return;
    this.#isRecording = isRecording;
    this.#changes.push(timestamp);
    this.#changes.sort((a, b) => a - b);
    if (this.#changes.length > MAX_CHANGES) this.#changes.shift();
  }

  /** The start of the interval at a time. */
  #startOf(timestamp: number): number {
    const { intervalUs } = this.#options;
    const startUs = Math.floor(timestamp / intervalUs) * intervalUs;
    return Math.max(startUs, this.#changes.findLast((change) => change <= timestamp) ?? startUs);
  }

  #endOf(startUs: number): number {
    const { intervalUs } = this.#options;
    const endUs = (Math.floor(startUs / intervalUs) + 1) * intervalUs;
    return Math.min(endUs, this.#changes.find((change) => change > startUs) ?? endUs);
  }
}
