import { mean, median, standardDeviation } from "../../base/statistics.ts";
import { STATUS_TABLE, type StatusName } from "../../vitals/condition/status_table.ts";
import type { VitalsEstimate } from "../../vitals/estimate.ts";
import { WITHHELD_LABELS } from "../../vitals/withheld.ts";
import type { FaceObservation } from "../../vision/region_sample.ts";
import type { Observation } from "./observe.ts";

/** `bad` prevents a pulse; `poor` makes it worse. */
export type Verdict = "good" | "poor" | "bad";

/** One property of the camera, of the image or of the person. */
export interface Finding {
  readonly name: string;
  readonly value: string;
  readonly verdict: Verdict;
  /** What to change, as a sentence; absent if it is good. */
  readonly hint?: string;
}

/** Estimates of the first seconds, in which a camera adjusts its exposure, are left out. */
const SETTLE_US = 2_000_000;
/** Share of estimates from which a condition counts as lasting. Chosen. */
const LASTING = 0.5;
/** Jitter of the frame intervals, relative to their mean, above which timing is poor. Chosen. */
const MAX_JITTER = 0.35;
/** Share of lost frames above which timing is poor. Chosen. */
const MAX_LOST = 0.02;
/** Share of the declared frame rate below which the rate is poor: cameras lower it in the dark. */
const MIN_RATE = 0.8;

/** Conditions that each finding explains. */
const CONDITIONS = {
  frameRate: ["CAMERA_DISCONNECTED", "PICTURE_FROZEN", "FRAME_RATE_TOO_LOW"],
  brightness: ["CAMERA_TUNING", "IMAGE_TOO_DARK", "IMAGE_TOO_BRIGHT"],
  face: [
    "NO_FACES_FOUND",
    "MORE_THAN_ONE_FACE_FOUND",
    "FACE_TOO_BIG_OR_TOO_SMALL",
    "FACE_NOT_CENTERED",
  ],
  motion: ["EXCESSIVE_MOTION"],
  chest: ["CHEST_TOO_FAR_OR_NOT_ENOUGH_SHOWING"],
} as const satisfies Record<string, readonly StatusName[]>;

const TIMING_HINT =
  "Use another USB port without a hub, --codec=MJPG or a smaller image, and stop other programs.";
const FLICKER_HINT =
  "Set --camera_power_line_frequency to that of the mains, or use daylight or another lamp.";
const GRAYSCALE_HINT =
  "No pulse is published from grayscale images: use a color camera and light, " +
  "or measure breathing only.";
const PULSE_HINT = "A pulse needs 5 to 10 s of a still face in steady light: run the check again.";

/** Returns what was found, in the order in which it can be corrected. */
export function findingsOf(observation: Observation): readonly Finding[] {
  return [
    formatOf(observation),
    frameRateOf(observation),
    timingOf(observation),
    brightnessOf(observation),
    flickerOf(observation),
    faceOf(observation),
    motionOf(observation),
    chestOf(observation),
    pulseOf(observation),
  ];
}

/** Whether a pulse can be measured as the camera, the light and the person are now. */
export function isUsable(findings: readonly Finding[]): boolean {
  return findings.every(({ verdict }) => verdict !== "bad");
}

function formatOf({ width, height, isJpeg, estimates }: Observation): Finding {
  const format = isJpeg ? "JPEG of the camera" : "raw or decoded video";
  const isGrayscale = estimates.at(-1)?.isGrayscale ?? false;
  const value = `${width}x${height}, ${format}${isGrayscale ? ", grayscale" : ""}`;
  return { name: "Format", value, verdict: "good" };
}

function frameRateOf(observation: Observation): Finding {
  const { nominalFps } = observation;
  const fps = 1e6 / mean(intervalsUs(observation));
  const declared = nominalFps === undefined ? "" : `, declared ${round(nominalFps)}`;
  const value = Number.isFinite(fps) ? `${round(fps)} fps${declared}` : "a single frame";
  const isSlow = nominalFps !== undefined && fps < MIN_RATE * nominalFps;
  return assess("Frame rate", value, {
    bad: Number.isFinite(fps) ? lasting(observation, CONDITIONS.frameRate) : "FRAME_RATE_TOO_LOW",
    poor: isSlow ? STATUS_TABLE.FRAME_RATE_TOO_LOW.hint : undefined,
  });
}

function timingOf(observation: Observation): Finding {
  const { lostFrames, samples } = observation;
  const intervals = intervalsUs(observation);
  if (intervals.length === 0) return { name: "Timing", value: "unknown", verdict: "good" };
  const jitterUs = standardDeviation(intervals);
  const longestUs = intervals.reduce((longest, each) => Math.max(longest, each), 0);
  const isPoor = jitterUs > MAX_JITTER * mean(intervals) ||
    lostFrames > MAX_LOST * (samples.length + lostFrames);
  const value = `intervals vary by ${round(jitterUs / 1000)} ms, the longest is ` +
    `${round(longestUs / 1000)} ms, ${lostFrames} lost`;
  return assess("Timing", value, { poor: isPoor ? TIMING_HINT : undefined });
}

function brightnessOf(observation: Observation): Finding {
  const { samples } = observation;
  const luma = median(samples.map(({ brightness }) => brightness));
  const saturated = median(samples.map(({ clipped }) => clipped));
  return assess("Brightness", `${round(luma)} of 255, ${percent(saturated)} saturated`, {
    bad: lasting(observation, CONDITIONS.brightness),
  });
}

function flickerOf({ samples, estimates }: Observation): Finding {
  const name = "Flicker";
  // It is found by comparing the background with the face.
  if (!samples.some(({ face }) => face)) {
    return { name, value: "not measured without a face", verdict: "good" };
  }
  const share = estimates.filter(({ pulse }) => pulse.withheld === "flicker").length /
    estimates.length;
  const value = share > 0 ? `in ${percent(share)} of the time` : "none found";
  return assess(name, value, { poor: share > 0 ? FLICKER_HINT : undefined });
}

function faceOf(observation: Observation): Finding {
  const faces = facesOf(observation);
  const share = percent(faces.length / observation.samples.length);
  const height = percent(median(faces.map(({ box }) => box.height)));
  const value = faces.length === 0
    ? "none found"
    : `in ${share} of the frames, ${height} of the image height`;
  return assess("Face", value, {
    bad: faces.length === 0 ? "NO_FACES_FOUND" : lasting(observation, CONDITIONS.face),
  });
}

function motionOf(observation: Observation): Finding {
  const faces = facesOf(observation);
  if (faces.length === 0) {
    return { name: "Motion", value: "not measured without a face", verdict: "good" };
  }
  const speed = median(faces.map((face) => face.speed));
  return assess("Motion", `${speed.toFixed(2)} face widths/s`, {
    bad: lasting(observation, CONDITIONS.motion),
  });
}

/** The chest is needed for breathing only. */
function chestOf(observation: Observation): Finding {
  const { samples } = observation;
  const share = samples.filter(({ chest }) => chest).length / samples.length;
  const condition = lasting(observation, CONDITIONS.chest);
  return assess("Chest", `tracked in ${percent(share)} of the frames`, {
    poor: condition && STATUS_TABLE[condition].hint,
  });
}

/** The pulse of the server itself: the newest `strict` value, or why there is none. */
function pulseOf({ estimates }: Observation): Finding {
  const name = "Pulse";
  const newest = estimates.findLast(({ pulse }) => pulse.strict);
  if (newest?.pulse.strict) {
    const { value, confidence } = newest.pulse.strict;
    const { snrDb } = newest.signal;
    const snr = snrDb === undefined ? "" : `, SNR ${round(snrDb)} dB`;
    const text = `${round(value)} beats/min, confidence ${confidence.toFixed(2)}${snr}`;
    return { name, value: text, verdict: "good" };
  }
  if (estimates.at(-1)?.isGrayscale) {
    return { name, value: "none: the images are grayscale", verdict: "bad", hint: GRAYSCALE_HINT };
  }
  const reason = estimates.at(-1)?.pulse.withheld ?? "warming_up";
  return { name, value: `none yet: ${WITHHELD_LABELS[reason]}`, verdict: "bad", hint: PULSE_HINT };
}

function assess(
  name: string,
  value: string,
  { bad, poor }: {
    /** The condition that prevents a pulse. */
    readonly bad?: StatusName | undefined;
    /** What to change for a better one. */
    readonly poor?: string | undefined;
  },
): Finding {
  if (bad) return { name, value, verdict: "bad", hint: STATUS_TABLE[bad].hint };
  return poor ? { name, value, verdict: "poor", hint: poor } : { name, value, verdict: "good" };
}

/** Returns the most frequent of the conditions, if they hold for more than half of the time. */
function lasting(
  { estimates }: Observation,
  conditions: readonly StatusName[],
): StatusName | undefined {
  const settled = settledOf(estimates);
  const counted = conditions.map((name) =>
    [name, settled.filter(({ condition }) => condition === name).length] as const
  );
  const total = counted.reduce((sum, [, count]) => sum + count, 0);
  if (total <= LASTING * settled.length) return undefined;
  return counted.toSorted(([, a], [, b]) => b - a)[0]?.[0];
}

function settledOf(estimates: readonly VitalsEstimate[]): readonly VitalsEstimate[] {
  const sinceUs = (estimates[0]?.timeUs ?? 0) + SETTLE_US;
  const settled = estimates.filter(({ timeUs }) => timeUs >= sinceUs);
  return settled.length > 0 ? settled : estimates.slice(-1);
}

function facesOf({ samples }: Observation): readonly FaceObservation[] {
  return samples.flatMap(({ face }) => face ?? []);
}

/** Time from each frame to the next, in microseconds. */
function intervalsUs({ samples }: Observation): readonly number[] {
  return samples.slice(1).map(({ timeUs }, i) => timeUs - samples[i]!.timeUs);
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function percent(fraction: number): string {
  return `${round(100 * fraction)} %`;
}
