import { CommandHandler } from "../../src/control/commands.ts";
import { Recording } from "../../src/control/recording.ts";
import type { Envelope } from "../../src/envelopes/envelope.ts";
import { EnvelopeMessage } from "../../src/envelopes/message.ts";
import { epochUs } from "../../src/base/time.ts";
import { Counters } from "../../src/telemetry/counters.ts";
import { MqttSink, type MqttSinkOptions } from "../../src/transports/mqtt/mqtt_sink.ts";
import { topicsOf } from "../../src/transports/mqtt/topics.ts";
import { clock } from "./messages.ts";
import { CollectingLog } from "./collecting_log.ts";

/** A sink for the device `bed-7`, with the parts that a test observes. */
export class SinkUnderTest implements AsyncDisposable {
  readonly counters = new Counters();
  readonly log = new CollectingLog();
  readonly recording = new Recording();
  readonly sink: MqttSink;

  constructor(port: number, options: Partial<MqttSinkOptions> = {}) {
    const { counters, log, recording } = this;
    this.sink = new MqttSink({
      host: "127.0.0.1",
      port,
      tls: undefined,
      clientId: "physiology_server-bed-7",
      device: "bed-7",
      topics: topicsOf({
        prefix: "physiology",
        device: "bed-7",
        discoveryPrefix: "homeassistant",
      }),
      bufferDurationS: 0.2,
      pictureIntervalS: 0,
      ...options,
    }, { clock, counters, log, commands: new CommandHandler({ recording, counters, log }) });
  }

  offer(envelope: Envelope): void {
    this.sink.offer(new EnvelopeMessage(envelope));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sink[Symbol.asyncDispose]();
  }
}

/** Returns core metrics with a pulse, or with a reason why there is none. */
export function coreMetrics(
  vitals: { readonly pulse: number } | { readonly withheld: "motion" | "no_face" },
  timestamp = 1_700_000_000_000_000,
): Envelope & { readonly type: "core_metrics" } {
  return {
    type: "core_metrics",
    timestamp: epochUs(timestamp),
    payload: {
      ..."pulse" in vitals
        ? { pulse: { strict: { value: vitals.pulse, confidence: 0.95, window_s: 10 } } }
        : { withheld: { pulse: vitals.withheld, breathing: vitals.withheld } },
      metadata: {
        sequence: 1,
        boot_id: "test",
        frame_timestamp: epochUs(timestamp),
        frame_count: 1,
        latency_ms: 1,
      },
    },
  };
}

/** Returns a status OK. */
export function okStatus(timestamp = 1_700_000_000_000_000): Envelope {
  return {
    type: "status",
    timestamp: epochUs(timestamp),
    payload: {
      code: 0,
      name: "OK",
      message: "",
      hint: "",
      since: epochUs(timestamp),
      sequence: 1,
      recording: false,
    },
  };
}

/** Returns the state of a recording. */
export function recordingState(recording: boolean): Envelope {
  return {
    type: "recording_state",
    timestamp: epochUs(1_700_000_000_000_000),
    payload: recording ? { recording, session_id: "visit-7" } : { recording },
  };
}
