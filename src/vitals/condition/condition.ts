import { median } from "../../base/statistics.ts";
import type { FaceObservation, RegionSample } from "../../vision/region_sample.ts";
import type { StatusName } from "./status_table.ts";

/** Period of samples that the condition depends on, in seconds; older samples are ignored. */
export const CONDITION_WINDOW_S = 2;

/**
 * A threshold with hysteresis: a condition begins at `enter` and ends at `leave`, so that a value
 * near the threshold does not toggle the status.
 */
interface Threshold {
  readonly enter: number;
  readonly leave: number;
}

/** Fraction of frames with or without a face: the detector may miss single frames. Chosen. */
const MAJORITY: Threshold = { enter: 0.6, leave: 0.4 };
/**
 * Frames per second. 220 beats/min need over seven samples per second; below ten, motion and noise
 * alias into the pulse band.
 */
const MIN_FPS: Threshold = { enter: 10, leave: 11 };
/** Mean luma. In darker images one grey level is over 3 % of the signal: quantization dominates. */
const DARK_LUMA: Threshold = { enter: 28, leave: 34 };
/** Fraction of clipped skin above which the remaining skin carries too little pulse. Chosen. */
const CLIPPED_SKIN: Threshold = { enter: 0.25, leave: 0.15 };
/** Fraction of clipped pixels without a face; a bright window in the background is normal. */
const CLIPPED_FRAME: Threshold = { enter: 0.5, leave: 0.4 };
/** Minimum fraction of the face's box inside the frame. Chosen. */
const VISIBLE_FACE: Threshold = { enter: 0.85, leave: 0.9 };
/** Distance of the face's center from the nearest edge, in frame widths or heights. Chosen. */
const EDGE_DISTANCE: Threshold = { enter: 0.12, leave: 0.15 };
/** Minimum height of the face in frame heights; a smaller one has too few pixels. Chosen. */
const SMALL_FACE: Threshold = { enter: 0.125, leave: 0.14 };
/** Maximum height of the face in frame heights; a larger one is not fully visible. Chosen. */
const LARGE_FACE: Threshold = { enter: 0.9, leave: 0.86 };
/**
 * Speed of the face in face widths per second; with faster motion the regions cover other skin in
 * each frame. Chosen.
 */
const FACE_SPEED: Threshold = { enter: 0.5, leave: 0.35 };
/** Change of the face in grey levels per frame; noise in a still image stays below five. */
const FACE_CHANGE: Threshold = { enter: 14, leave: 10 };
/** Fraction of frames in which the chest was tracked. Chosen. */
const TRACKED_CHEST: Threshold = { enter: 0.5, leave: 0.6 };
/** With a lower confidence of its displacement the chest counts as not tracked. Chosen. */
const MIN_CHEST_CONFIDENCE = 0.1;
/** Relative change of the frame's brightness in 1.5 s; lamps and faces change it less. Chosen. */
const EXPOSURE_CHANGE: Threshold = { enter: 0.12, leave: 0.06 };

/** Time in which a camera adjusts exposure and white balance after its first frame. */
const TUNING_US = 1_000_000;
/** Without a frame for this long the camera counts as disconnected. Chosen. */
const FRAME_TIMEOUT_US = 3_000_000;
const SECOND_US = 1_000_000;

/** Input of `conditionOf()`. */
export interface ConditionInput {
  /** Samples of at least the last `CONDITION_WINDOW_S`, oldest first. */
  readonly samples: readonly RegionSample[];
  /** Current time in µs, on the samples' clock. @default the newest sample's */
  readonly nowUs?: number;
  /** Time of the first sample since the start or since the camera reconnected. */
  readonly firstSampleUs?: number;
  /** Whether the source reports that the camera is disconnected. @default false */
  readonly disconnected?: boolean;
  /** Whether the source repeats the same frame. @default false */
  readonly frozen?: boolean;
  /** The last condition, for the hysteresis. @default none */
  readonly previous?: StatusName;
}

/**
 * Returns the condition of the image: the first that holds, in the order of the checks. Causes are
 * checked before their consequences, in the order in which a person can correct them.
 *
 * The result is not debounced; its publisher does that.
 */
export function conditionOf(input: ConditionInput): StatusName {
  const { samples, disconnected = false, frozen = false, previous } = input;
  if (disconnected) return "CAMERA_DISCONNECTED";
  const newest = samples.at(-1);
  if (!newest) return "PROCESSING_NOT_STARTED";
  const nowUs = Math.max(input.nowUs ?? newest.timeUs, newest.timeUs);
  if (nowUs - newest.timeUs > FRAME_TIMEOUT_US) return "CAMERA_DISCONNECTED";
  if (frozen) return "PICTURE_FROZEN";
  const firstUs = input.firstSampleUs ?? samples[0]?.timeUs ?? newest.timeUs;
  if (nowUs - firstUs < TUNING_US) return "CAMERA_TUNING";

  const window = samples.filter((s) => s.timeUs > nowUs - CONDITION_WINDOW_S * SECOND_US);
  // Faces change faster than the frame rate, so their checks use only the last second.
  const recent = window.filter((s) => s.timeUs > newest.timeUs - SECOND_US);
  const faces = recent.flatMap((s) => s.face ?? []);

  const checks: readonly (readonly [StatusName, () => boolean])[] = [
    ["CAMERA_TUNING", () => over(exposureChange(window), EXPOSURE_CHANGE, "CAMERA_TUNING")],
    [
      "FRAME_RATE_TOO_LOW",
      () => under(framesPerSecond(window, nowUs, firstUs), MIN_FPS, "FRAME_RATE_TOO_LOW"),
    ],
    ["IMAGE_TOO_DARK", () => under(median(recent.map(luma)), DARK_LUMA, "IMAGE_TOO_DARK")],
    ["IMAGE_TOO_BRIGHT", () => tooBright()],
    ["NO_FACES_FOUND", () => over(fraction(recent, (s) => !s.face), MAJORITY, "NO_FACES_FOUND")],
    [
      "MORE_THAN_ONE_FACE_FOUND",
      () => over(fraction(recent, (s) => s.faceCount > 1), MAJORITY, "MORE_THAN_ONE_FACE_FOUND"),
    ],
    ["EXCESSIVE_MOTION", () => tooMuchMotion()],
    ["FACE_TOO_BIG_OR_TOO_SMALL", () => wrongSize()],
    ["FACE_NOT_CENTERED", () => offCenter()],
    [
      "CHEST_TOO_FAR_OR_NOT_ENOUGH_SHOWING",
      () =>
        under(
          fraction(window, (s) => (s.chest?.confidence ?? 0) >= MIN_CHEST_CONFIDENCE),
          TRACKED_CHEST,
          "CHEST_TOO_FAR_OR_NOT_ENOUGH_SHOWING",
        ),
    ],
  ];
  return checks.find(([, holds]) => holds())?.[0] ?? "OK";

  function over(value: number, threshold: Threshold, name: StatusName): boolean {
    return value > (previous === name ? threshold.leave : threshold.enter);
  }
  function under(value: number, threshold: Threshold, name: StatusName): boolean {
    return value < (previous === name ? threshold.leave : threshold.enter);
  }
  function tooBright(): boolean {
    const skin = recent.flatMap((s) => (s.face && s.regions.skin) || []);
    return skin.length > 0
      ? over(median(skin.map((s) => s.clipped)), CLIPPED_SKIN, "IMAGE_TOO_BRIGHT")
      : over(median(recent.map((s) => s.clipped)), CLIPPED_FRAME, "IMAGE_TOO_BRIGHT");
  }
  function tooMuchMotion(): boolean {
    if (faces.length === 0) return false;
    const change = median(recent.flatMap((s) => (s.face ? s.motion : [])));
    return over(median(faces.map((f) => f.speed)), FACE_SPEED, "EXCESSIVE_MOTION") ||
      over(change, FACE_CHANGE, "EXCESSIVE_MOTION");
  }
  function wrongSize(): boolean {
    const name = "FACE_TOO_BIG_OR_TOO_SMALL";
    if (faces.length === 0) return false;
    const height = median(faces.map((f) => f.box.height));
    return under(height, SMALL_FACE, name) || over(height, LARGE_FACE, name);
  }
  function offCenter(): boolean {
    if (faces.length === 0) return false;
    return under(median(faces.map(edgeDistance)), EDGE_DISTANCE, "FACE_NOT_CENTERED") ||
      under(median(faces.map(visibleFraction)), VISIBLE_FACE, "FACE_NOT_CENTERED");
  }
}

/** Returns the luma of the skin, or of the whole frame if there is no face. */
function luma(sample: RegionSample): number {
  const skin = sample.face && sample.regions.skin;
  // ITU-R BT.601
  return skin ? 0.299 * skin.r + 0.587 * skin.g + 0.114 * skin.b : sample.brightness;
}

/** Returns the distance of the face's center from the nearest edge of the frame. */
function edgeDistance({ box }: FaceObservation): number {
  const x = box.x + box.width / 2, y = box.y + box.height / 2;
  return Math.min(x, 1 - x, y, 1 - y);
}

/** Returns the fraction of the face's box that lies inside the frame. */
function visibleFraction({ box }: FaceObservation): number {
  const inside = (from: number, size: number) =>
    Math.max(0, Math.min(1, from + size) - Math.max(0, from)) / size;
  return inside(box.x, box.width) * inside(box.y, box.height);
}

/** Returns the frames per second up to now, including the time since the last frame. */
function framesPerSecond(
  window: readonly RegionSample[],
  nowUs: number,
  firstUs: number,
): number {
  const spanUs = Math.min(CONDITION_WINDOW_S * SECOND_US, nowUs - firstUs);
  return window.length / (spanUs / SECOND_US);
}

/**
 * Returns the relative change of brightness over 1.5 s if it is monotonic, as a change of exposure
 * is; otherwise, as with lamps and people, 0.
 */
function exposureChange(window: readonly RegionSample[]): number {
  const BINS = 5, BIN_US = 300_000;
  const endUs = window.at(-1)?.timeUs ?? 0;
  const means: number[] = [];
  for (let bin = BINS; bin > 0; bin--) {
    const from = endUs - bin * BIN_US;
    const part = window.filter((s) => s.timeUs > from && s.timeUs <= from + BIN_US);
    if (part.length === 0) return 0;
    means.push(part.reduce((sum, s) => sum + s.brightness, 0) / part.length);
  }
  const steps = means.slice(1).map((mean, i) => mean - (means[i] ?? mean));
  const monotonic = steps.every((d) => d >= 0) || steps.every((d) => d <= 0);
  const first = means[0] ?? 0, last = means.at(-1) ?? 0;
  return monotonic ? Math.abs(last - first) / Math.max(1, Math.min(first, last)) : 0;
}

function fraction<T>(items: readonly T[], holds: (item: T) => boolean): number {
  return items.length === 0 ? 0 : items.filter(holds).length / items.length;
}
