import { createHash } from "node:crypto";
import type { LslElement, LslStream } from "../../../ffi/lsl.ts";
import { VERSION } from "../../base/version.ts";

/** The streams of this program. */
export type StreamKey = "ppg" | "resp" | "vitals" | "markers";

interface Channel {
  readonly label: string;
  readonly unit: string;
  readonly type: string;
}

interface StreamRow {
  /** The second word of its name. */
  readonly title: string;
  readonly type: string;
  readonly format: LslStream["format"];
  readonly channels: readonly Channel[];
  /** What a receiver must know of its values. */
  readonly notes: Readonly<Record<string, string>>;
}

const MISSING = "NaN: the value is withheld, because it was not reliable";

/** Every stream: one row each. */
const STREAM_TABLE: Readonly<Record<StreamKey, StreamRow>> = {
  ppg: {
    title: "PPG",
    type: "PPG",
    format: "float32",
    channels: [{ label: "pulse", unit: "arbitrary", type: "PPG" }],
    notes: { polarity: "Systole goes up", corrections: "Later corrections are not sent" },
  },
  resp: {
    title: "RESP",
    type: "RESP",
    format: "float32",
    channels: [{ label: "chest", unit: "arbitrary", type: "RESP" }],
    notes: { polarity: "Inhaling goes up", corrections: "Later corrections are not sent" },
  },
  vitals: {
    title: "Vitals",
    type: "VITALS",
    format: "float32",
    channels: [
      { label: "pulse", unit: "1/min", type: "HR" },
      { label: "pulse_confidence", unit: "probability", type: "Confidence" },
      { label: "breathing", unit: "1/min", type: "RR" },
      { label: "breathing_confidence", unit: "probability", type: "Confidence" },
    ],
    notes: {
      missing: MISSING,
      pulse_confidence: "Probability that the pulse is within 3 beats/min of the reference",
      breathing_confidence: "Probability that the rate is within 2 breaths/min of the reference",
    },
  },
  markers: {
    title: "Markers",
    type: "Markers",
    format: "string",
    channels: [{ label: "event", unit: "", type: "Marker" }],
    notes: { content: "Changes of the status, of the recording, and of what is withheld" },
  },
};

/** The streams in the order in which they are opened. */
export const STREAM_KEYS = Object.keys(STREAM_TABLE) as readonly StreamKey[];

/**
 * Returns the description of a stream.
 *
 * @param name of the device
 * @param machineId identifies the machine; undefined if nothing does
 */
export function streamOf(
  key: StreamKey,
  { name, machineId }: { readonly name: string; readonly machineId: string | undefined },
): LslStream {
  const row = STREAM_TABLE[key];
  return {
    name: `${name} ${row.title}`,
    type: row.type,
    format: row.format,
    channels: row.channels.length,
    sourceId: machineId === undefined ? "" : sourceIdOf([machineId, name, key]),
    description: [
      { name: "channels", content: row.channels.map(channelElement) },
      {
        name: "acquisition",
        content: [
          { name: "manufacturer", content: "physiology_server" },
          { name: "model", content: `physiology_server ${VERSION}` },
          { name: "sensor", content: "camera" },
        ],
      },
      {
        name: "semantics",
        content: Object.entries(row.notes).map(([note, content]) => ({ name: note, content })),
      },
    ],
  };
}

function channelElement(channel: Channel): LslElement {
  return {
    name: "channel",
    content: Object.entries(channel).filter(([, content]) => content !== "")
      .map(([name, content]) => ({ name, content })),
  };
}

/** A hash, because the id of a machine must not be published (machine-id(5)). */
function sourceIdOf(parts: readonly string[]): string {
  const hash = createHash("sha256").update(["physiology_server", ...parts].join("\0"));
  return `physiology_server_${hash.digest("hex").slice(0, 32)}`;
}
