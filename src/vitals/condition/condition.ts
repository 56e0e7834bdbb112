import type { FaceObservation, RegionSample } from "../../vision/region_sample.ts";
import type { StatusName } from "../estimate.ts";
import { median } from "../../base/statistics.ts";

/** Seconds of samples that a condition is judged by; older samples are ignored. */
export const CONDITION_WINDOW_S = 2;

/**
 * A limit with two sides: a condition begins at `enter` and ends at `leave`, so that a picture on
 * the edge does not make the status flutter.
 */
interface Limit {
  readonly enter: number;
  readonly leave: number;
}

/** A face, or its absence, counts where most frames agree: single misses of a detector do not. */
const MAJORITY: Limit = { enter: 0.6, leave: 0.4 };
/** Three beats a second need over six samples; under ten, motion and noise fold into the pulse. */
const MIN_FPS: Limit = { enter: 10, leave: 11 };
/** Mean luma under which one grey level is over 3 % of the signal: noise and rounding win. */
const DARK_LUMA: Limit = { enter: 28, leave: 34 };
/** Share of clipped skin beyond which the pulse of the rest no longer outweighs it. */
const CLIPPED_SKIN: Limit = { enter: 0.25, leave: 0.15 };
/** Without a face the picture must be burnt out as a whole: a window in the back is normal. */
const CLIPPED_PICTURE: Limit = { enter: 0.5, leave: 0.4 };
/** The least share of the face's box that lies in the picture. */
const VISIBLE_FACE: Limit = { enter: 0.85, leave: 0.9 };
/** Distance of the face's middle from the nearest edge, in shares of the picture. */
const EDGE_DISTANCE: Limit = { enter: 0.12, leave: 0.15 };
/** Heights of the face in the picture: smaller has too few pixels, larger shows no whole face. */
const SMALL_FACE: Limit = { enter: 0.125, leave: 0.14 };
const LARGE_FACE: Limit = { enter: 0.9, leave: 0.86 };
/** Widths of the face per second: faster motion moves other skin under the regions each frame. */
const FACE_SPEED: Limit = { enter: 0.5, leave: 0.35 };
/** Grey levels of change per frame on the face; a noisy still picture stays under five. */
const FACE_CHANGE: Limit = { enter: 14, leave: 10 };
/** Share of frames in which the chest's motion could be followed. */
const CHEST_SHARE: Limit = { enter: 0.5, leave: 0.6 };
/** A motion of the chest with less confidence than this was not followed. */
const CHEST_CONFIDENCE = 0.1;
/** Relative change of the whole picture's brightness over 1.5 s; lamps and faces change less. */
const EXPOSURE_CHANGE: Limit = { enter: 0.12, leave: 0.06 };

/** A camera needs about a second to find exposure and white balance. */
const TUNING_US = 1_000_000;
/** Over this silence there is no camera, whatever the source believes. */
const SILENCE_US = 3_000_000;
const SECOND_US = 1_000_000;

/** What a condition is judged by. */
export interface ConditionInput {
  /** Samples of at least the last `CONDITION_WINDOW_S`, oldest first; more do no harm. */
  readonly samples: readonly RegionSample[];
  /** The moment of judgement, in µs of the samples' clock. @default that of the newest sample */
  readonly nowUs?: number;
  /** Time of the first sample since the start or since the camera came back. */
  readonly firstSampleUs?: number;
  /** True while the source says that the camera is gone. @default false */
  readonly disconnected?: boolean;
  /** The condition judged before this one, for the hysteresis. @default none */
  readonly previous?: StatusName;
}

/**
 * The condition of the picture, by its causes: the first that holds in the order of the checks,
 * which puts what a person must mend first before what follows from it.
 *
 * It does not hold a code for 0.5 s before a change: whoever publishes it does.
 */
export function conditionOf(input: ConditionInput): StatusName {
  const { samples, disconnected = false, previous } = input;
  if (disconnected) return "CAMERA_DISCONNECTED";
  const newest = samples.at(-1);
  if (!newest) return "PROCESSING_NOT_STARTED";
  const nowUs = Math.max(input.nowUs ?? newest.timeUs, newest.timeUs);
  if (nowUs - newest.timeUs > SILENCE_US) return "CAMERA_DISCONNECTED";
  const firstUs = input.firstSampleUs ?? samples[0]?.timeUs ?? newest.timeUs;
  if (nowUs - firstUs < TUNING_US) return "CAMERA_TUNING";

  const window = samples.filter((s) => s.timeUs > nowUs - CONDITION_WINDOW_S * SECOND_US);
  // The last second where there is one: faces come and go faster than frame rates.
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
    ["NO_FACES_FOUND", () => over(share(recent, (s) => !s.face), MAJORITY, "NO_FACES_FOUND")],
    [
      "MORE_THAN_ONE_FACE_FOUND",
      () => over(share(recent, (s) => s.faceCount > 1), MAJORITY, "MORE_THAN_ONE_FACE_FOUND"),
    ],
    ["EXCESSIVE_MOTION", () => tooMuchMotion()],
    ["FACE_TOO_BIG_OR_TOO_SMALL", () => wrongSize()],
    ["FACE_NOT_CENTERED", () => offCentre()],
    [
      "CHEST_TOO_FAR_OR_NOT_ENOUGH_SHOWING",
      () =>
        under(
          share(window, (s) => (s.chest?.confidence ?? 0) >= CHEST_CONFIDENCE),
          CHEST_SHARE,
          "CHEST_TOO_FAR_OR_NOT_ENOUGH_SHOWING",
        ),
    ],
  ];
  return checks.find(([, holds]) => holds())?.[0] ?? "OK";

  function over(value: number, limit: Limit, name: StatusName): boolean {
    return value > (previous === name ? limit.leave : limit.enter);
  }
  function under(value: number, limit: Limit, name: StatusName): boolean {
    return value < (previous === name ? limit.leave : limit.enter);
  }
  function tooBright(): boolean {
    const skin = recent.flatMap((s) => (s.face && s.regions.skin) || []);
    return skin.length > 0
      ? over(median(skin.map((s) => s.clipped)), CLIPPED_SKIN, "IMAGE_TOO_BRIGHT")
      : over(median(recent.map((s) => s.clipped)), CLIPPED_PICTURE, "IMAGE_TOO_BRIGHT");
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
  function offCentre(): boolean {
    if (faces.length === 0) return false;
    return under(median(faces.map(edgeDistance)), EDGE_DISTANCE, "FACE_NOT_CENTERED") ||
      under(median(faces.map(visibleShare)), VISIBLE_FACE, "FACE_NOT_CENTERED");
  }
}

/** Brightness of what is measured: the skin where a face is seen, else the whole picture. */
function luma(sample: RegionSample): number {
  const skin = sample.face && sample.regions.skin;
  // ITU-R BT.601, as the luma of cameras.
  return skin ? 0.299 * skin.r + 0.587 * skin.g + 0.114 * skin.b : sample.brightness;
}

/** Distance of the face's middle from the nearest edge of the picture. */
function edgeDistance({ box }: FaceObservation): number {
  const x = box.x + box.width / 2, y = box.y + box.height / 2;
  return Math.min(x, 1 - x, y, 1 - y);
}

/** Share of the face's box that lies inside the picture. */
function visibleShare({ box }: FaceObservation): number {
  const inside = (from: number, size: number) =>
    Math.max(0, Math.min(1, from + size) - Math.max(0, from)) / size;
  return inside(box.x, box.width) * inside(box.y, box.height);
}

/** Frames a second over the window, silence up to now included. */
function framesPerSecond(
  window: readonly RegionSample[],
  nowUs: number,
  firstUs: number,
): number {
  const spanUs = Math.min(CONDITION_WINDOW_S * SECOND_US, nowUs - firstUs);
  return window.length / (spanUs / SECOND_US);
}

/**
 * Relative change of brightness over 1.5 s, where it goes one way all the time, as exposure does;
 * 0 where it goes back and forth, as lamps and people do.
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
  const oneWay = steps.every((d) => d >= 0) || steps.every((d) => d <= 0);
  const first = means[0] ?? 0, last = means.at(-1) ?? 0;
  return oneWay ? Math.abs(last - first) / Math.max(1, Math.min(first, last)) : 0;
}

function share<T>(items: readonly T[], holds: (item: T) => boolean): number {
  return items.length === 0 ? 0 : items.filter(holds).length / items.length;
}
