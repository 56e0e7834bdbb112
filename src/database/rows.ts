import {
  isRecord,
  metadataOf,
  type ReceivedEnvelope,
  recordOf,
  strictOf,
} from "../envelopes/received.ts";
import type { DeviceEnvelope } from "../transports/redis/envelope_reader.ts";
import type { Row } from "./tables.ts";

/** Times that a database accepts, from 2000 to 2100, in microseconds since the Unix epoch. */
const [MIN_TIME_US, MAX_TIME_US] = [946_684_800_000_000, 4_102_444_800_000_000];
/** Longest text that is stored, in UTF-16 units; ids and names of the server are shorter. */
const MAX_TEXT = 500;

/**
 * Returns the row of an envelope; undefined for a topic that is not stored, and for an envelope that
 * no server has published. A withheld value is null, beside the reason.
 */
export function rowOf({ device: name, topic, envelope }: DeviceEnvelope): Row | undefined {
  const device = text(name);
  const time = timeOf(envelope.timestamp);
  if (device === null || time === null) return undefined;
  switch (topic) {
    case "core_metrics":
      return measurementOf({ device, time, envelope });
    case "status":
      return statusOf({ device, time, envelope });
    case "recording_state":
      return recordingOf({ device, time, envelope });
    default:
      return undefined;
  }
}

interface Source {
  readonly device: string;
  readonly time: number;
  readonly envelope: ReceivedEnvelope;
}

function measurementOf({ device, time, envelope }: Source): Row {
  const metadata = metadataOf(envelope);
  const { payload } = envelope;
  const [pulse, breathing] = [strictOf(payload, "pulse"), strictOf(payload, "breathing")];
  const withheld = recordOf(payload["withheld"]);
  const hrv = recordOf(recordOf(payload["pulse"])["hrv"]);
  const apneas = recordOf(payload["breathing"])["apnea"];
  const apnea = Array.isArray(apneas) ? apneas.at(-1) : undefined;
  return {
    table: "measurements",
    values: {
      device,
      time,
      boot_id: text(metadata["boot_id"]) ?? "",
      // Without a sequence, the time identifies the message.
      sequence: integer(metadata["sequence"]) ?? time,
      session_id: text(metadata["session_id"]),
      subject: integer(metadata["subject"], MAX_INT32),
      pulse: number(pulse["value"]),
      pulse_confidence: number(pulse["confidence"]),
      pulse_withheld: text(withheld["pulse"]),
      breathing: number(breathing["value"]),
      breathing_confidence: number(breathing["confidence"]),
      breathing_withheld: text(withheld["breathing"]),
      apnea: isRecord(apnea) ? boolean(apnea["detected"]) : null,
      hrv_rmssd_ms: number(hrv["rmssd"]),
      hrv_sdnn_ms: number(hrv["sdnn"]),
      hrv_mean_nn_ms: number(hrv["mean_nn"]),
      hrv_confidence: number(hrv["confidence"]),
      latency_ms: number(metadata["latency_ms"]),
    },
  };
}

/** A status that is repeated has the `since` of the first, so that only changes are stored. */
function statusOf({ device, time, envelope: { payload } }: Source): Row | undefined {
  const code = integer(payload["code"], MAX_INT32);
  if (code === null) return undefined;
  return {
    table: "statuses",
    values: {
      device,
      time: timeOf(payload["since"]) ?? time,
      code,
      name: text(payload["name"]),
      message: text(payload["message"]),
      session_id: text(payload["session_id"]),
    },
  };
}

function recordingOf({ device, time, envelope: { payload } }: Source): Row | undefined {
  const recording = boolean(payload["recording"]);
  if (recording === null) return undefined;
  return {
    table: "recordings",
    values: {
      device,
      time,
      recording,
      session_id: text(payload["session_id"]),
      resumed: boolean(payload["resumed"]),
    },
  };
}

const MAX_INT32 = 2_147_483_647;

/** A text without what a database refuses: control characters, NUL among them, and lone surrogates. */
function text(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const clean = value.slice(0, MAX_TEXT).toWellFormed().replaceAll(/\p{Cc}/gu, "");
  return clean === "" ? null : clean;
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function integer(value: unknown, max = Number.MAX_SAFE_INTEGER): number | null {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max
    ? value as number
    : null;
}

function boolean(value: unknown): boolean | null {
  return typeof value === "boolean" ? value : null;
}

function timeOf(value: unknown): number | null {
  const time = Math.round(number(value) ?? NaN);
  return time >= MIN_TIME_US && time <= MAX_TIME_US ? time : null;
}
