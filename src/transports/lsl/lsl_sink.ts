import type { LslLibrary, LslOutlet } from "../../../ffi/lsl.ts";
import type { EpochUs } from "../../base/time.ts";
import type { Sink } from "../../delivery/bus.ts";
import type { Envelope } from "../../envelopes/envelope.ts";
import { recordingEvent, statusEvent, vitalEvent } from "../../envelopes/event_text.ts";
import type { CoreMetricsPayload } from "../../envelopes/fields/core_metrics.ts";
import type { Message } from "../../envelopes/message.ts";
import type { OutletContext } from "../outlet.ts";
import { LslClock } from "./lsl_clock.ts";
import { STREAM_KEYS, type StreamKey, streamOf } from "./streams.ts";

/**
 * Samples that are at most this much later than the newest one of their stream correct one that was
 * sent: 4 ms are between the samples of the fastest camera. In seconds.
 */
const SAME_SAMPLE_S = 0.001;
const VITALS = ["pulse", "breathing"] as const;

export interface LslSinkOptions {
  readonly library: LslLibrary;
  /** Name of this device. */
  readonly name: string;
  /** Identifies the machine; undefined if nothing does. */
  readonly machineId: string | undefined;
}

/**
 * Sends streams of Lab Streaming Layer. liblsl copies a sample and returns, and keeps a limited number
 * for each receiver, so nothing here waits. What liblsl refuses is counted under `lsl_failed_total`.
 */
export class LslSink implements Sink, AsyncDisposable {
  readonly #context: Pick<OutletContext, "counters">;
  readonly #clock: LslClock;
  readonly #outlets = new Map<StreamKey, LslOutlet>();
  /** Newest time of each stream of samples, on the clock of LSL in seconds. */
  readonly #newestS = new Map<StreamKey, number>();
  /** Text of the last marker of each kind. */
  readonly #markers = new Map<string, string>();

  /** @throws {UnavailableError} if a stream cannot be opened */
  constructor(
    { library, name, machineId }: LslSinkOptions,
    context: Pick<OutletContext, "clock" | "counters">,
  ) {
    this.#context = context;
    this.#clock = new LslClock(context.clock, () => library.localClockS());
    try {
      for (const key of STREAM_KEYS) {
        this.#outlets.set(key, library.openOutlet(streamOf(key, { name, machineId })));
      }
    } catch (error) {
      this.#close();
      throw error;
    }
  }

  offer(message: Message): void {
    if (message.kind !== "metric" || message.topic === "edge_metrics") return;
    this.#clock.refresh();
    this.#send(message.envelope);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    return Promise.resolve();
  }

  #close(): void {
    for (const outlet of this.#outlets.values()) outlet.close();
    this.#outlets.clear();
  }

  #send(envelope: Envelope): void {
    const { timestamp } = envelope;
    switch (envelope.type) {
      case "core_metrics": {
        const { pulse, breathing, withheld } = envelope.payload;
        this.#sendTrace("ppg", pulse?.trace);
        this.#sendTrace("resp", breathing?.upper_trace);
        this.#sendVitals(timestamp, envelope.payload);
        const reasons = {
          pulse: pulse?.strict ? undefined : withheld?.pulse ?? "unknown",
          breathing: breathing?.strict ? undefined : withheld?.breathing ?? "unknown",
        };
        for (const vital of VITALS) {
          this.#sendMarker(vital, timestamp, vitalEvent(vital, reasons[vital]));
        }
        break;
      }
      case "status":
        this.#sendMarker("status", timestamp, statusEvent(envelope.payload.name));
        break;
      case "recording_state":
        this.#sendMarker("recording", timestamp, recordingEvent(envelope.payload.recording));
        break;
    }
  }

  /** Sends the samples that are newer than those that were sent: LSL cannot replace a sample. */
  #sendTrace(
    key: StreamKey,
    trace: readonly { readonly value: number; readonly timestamp: EpochUs }[] = [],
  ): void {
    let newestS = this.#newestS.get(key) ?? -Infinity;
    const values: number[] = [];
    const times: number[] = [];
    for (const { value, timestamp } of trace) {
      const time = this.#clock.at(timestamp);
      if (time <= newestS + SAME_SAMPLE_S) continue;
      newestS = time;
      values.push(value);
      times.push(time);
    }
    this.#newestS.set(key, newestS);
    if (times.length > 0) this.#push(key, values, times);
  }

  #sendVitals(timestamp: EpochUs, { pulse, breathing }: CoreMetricsPayload): void {
    const values = [pulse?.strict, breathing?.strict].flatMap((strict) => [
      strict?.value ?? NaN,
      strict?.confidence ?? NaN,
    ]);
    this.#push("vitals", values, [this.#clock.at(timestamp)]);
  }

  #push(key: StreamKey, values: readonly number[], times: readonly number[]): void {
    const isSent = this.#outlets.get(key)?.pushFloats(
      Float32Array.from(values),
      Float64Array.from(times),
    );
    this.#count(key, isSent, times.length);
  }

  /** Sends a marker if it differs from the last one of its kind. */
  #sendMarker(kind: string, timestamp: EpochUs, text: string): void {
    if (this.#markers.get(kind) === text) return;
    this.#markers.set(kind, text);
    const isSent = this.#outlets.get("markers")?.pushText(text, this.#clock.at(timestamp));
    this.#count("markers", isSent, 1);
  }

  /** @param isSent undefined after the end */
  #count(stream: StreamKey, isSent: boolean | undefined, samples: number): void {
    if (isSent === undefined) return;
    const { counters } = this.#context;
    counters.add(isSent ? "lsl_published_total" : "lsl_failed_total", { stream }, samples);
  }
}
