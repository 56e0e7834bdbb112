import { epochUs } from "../../src/base/time.ts";
import type { Envelope } from "../../src/envelopes/envelope.ts";
import { STATUS_TABLE, type StatusName } from "../../src/vitals/condition/status_table.ts";
import type { Withheld } from "../../src/vitals/withheld.ts";

/** Interval of the metrics, in microseconds. */
export const TICK_US = 200_000;
const FRAME_US = 33_333;

/** A device without a camera: the envelopes that a real one would publish, from made pulses. */
export class SimulatedBed {
  readonly name: string;
  pulse: number;
  breathing: number;
  status: StatusName = "OK";
  withheld: Withheld | undefined;
  /** A dead device publishes nothing. */
  isDead = false;
  recording = false;
  session: string | undefined;
  readonly #index: number;
  #sequence = 0;

  constructor(name: string, index: number) {
    this.name = name;
    this.#index = index;
    this.pulse = 58 + (index * 7) % 40;
    this.breathing = 11 + (index * 3) % 10;
  }

  /** The envelopes of a tick: metrics, and every 5 s the status. */
  tick(nowMs: number): Envelope[] {
    if (this.isDead) return [];
    const timestamp = epochUs(Math.round(nowMs * 1000));
    const turn = this.#sequence++;
    const drift = Math.sin((turn + this.#index * 40) / 90) * 2;
    const [pulse, breathing] = [this.pulse + drift, this.breathing + drift / 4];
    const times = Array.from({ length: 6 }, (_, at) => epochUs(timestamp - (5 - at) * FRAME_US));
    const trace = (rate: number, shape: (phase: number) => number) =>
      times.map((time) => ({
        timestamp: time,
        value: shape((time / 60e6 * rate + this.#index * 0.37) % 1),
      }));
    const strict = (value: number) => ({ value, confidence: 0.9 + (this.#index % 10) / 100 });
    const hasValues = this.withheld === undefined;
    const metrics: Envelope = {
      type: "core_metrics",
      timestamp,
      payload: {
        pulse: {
          ...hasValues ? { strict: { ...strict(pulse), window_s: 10 } } : {},
          rate: [],
          trace: trace(this.pulse, pulseShape),
        },
        breathing: {
          ...hasValues ? { strict: { ...strict(breathing), window_s: 20 } } : {},
          upper_trace: trace(this.breathing, (phase) => Math.sin(2 * Math.PI * phase)),
        },
        ...hasValues ? {} : { withheld: { pulse: this.withheld!, breathing: this.withheld! } },
        metadata: {
          sequence: turn,
          boot_id: `boot-${this.#index}`,
          frame_timestamp: timestamp,
          frame_count: turn * 6,
          latency_ms: 12 + this.#index % 9,
        },
      },
    } as Envelope;
    return turn % 25 === 0 ? [metrics, this.statusEnvelope(nowMs)] : [metrics];
  }

  statusEnvelope(nowMs: number): Envelope {
    const { code, message, hint } = STATUS_TABLE[this.status];
    const timestamp = epochUs(Math.round(nowMs * 1000));
    return {
      type: "status",
      timestamp,
      payload: {
        code,
        name: this.status,
        message,
        hint,
        since: timestamp,
        sequence: this.#sequence,
        ...this.#recordingFields,
      },
    };
  }

  /** Takes a recording command, as from the command queue, and returns the state to publish. */
  record(command: { readonly recording: boolean; readonly session_id?: string }, nowMs: number) {
    this.recording = command.recording;
    this.session = command.recording ? command.session_id ?? `session-${this.name}` : undefined;
    return {
      type: "recording_state",
      timestamp: epochUs(Math.round(nowMs * 1000)),
      payload: this.#recordingFields,
    } as const satisfies Envelope;
  }

  get #recordingFields() {
    return {
      recording: this.recording,
      ...this.session === undefined ? {} : { session_id: this.session },
    };
  }
}

/** A blood volume pulse: a steep rise, and a second wave in the fall. */
function pulseShape(phase: number): number {
  const bump = (center: number, width: number) => Math.exp(-(((phase - center) / width) ** 2));
  return bump(0.18, 0.09) + 0.45 * bump(0.48, 0.14);
}

/** Names of `count` beds of several wards: "icu-1", "ward-a-1" and so on. */
export function bedNames(count: number): string[] {
  const wards = ["icu", "ward-a", "ward-b", "ward-c"];
  return Array.from(
    { length: count },
    (_, at) => `${wards[at % wards.length]}-${Math.floor(at / wards.length) + 1}`,
  );
}

/** JPEG images for all beds: a test pattern, or the frames of a video. */
export async function bedImages(
  { size = "640x480", video }: { readonly size?: string; readonly video?: string } = {},
): Promise<Uint8Array<ArrayBuffer>[]> {
  const input = video === undefined
    ? ["-f", "lavfi", "-i", `testsrc2=size=${size}:rate=10:duration=1`]
    : ["-i", video, "-vf", `scale=${size.replace("x", ":")},fps=5`];
  const { success, stdout } = await new Deno.Command("ffmpeg", {
    args: ["-v", "error", ...input, "-f", "mjpeg", "-q:v", "6", "-"],
  }).output();
  if (!success) throw new Error("Cannot make the images of the beds");
  const images: Uint8Array<ArrayBuffer>[] = [];
  let start = 0;
  for (let at = 1; at < stdout.length; at++) {
    if (stdout[at - 1] !== 0xff || stdout[at] !== 0xd9) continue;
    images.push(stdout.slice(start, at + 1));
    start = at + 1;
  }
  return images;
}
