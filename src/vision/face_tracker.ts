import type { Detection } from "./blazeface.ts";
import type { DetectionTarget } from "./detection_scheduler.ts";
import { centreOf, distance, nearestPose, type Pose, poseOf, toFace, widthOf } from "./pose.ts";
import type { Box, FaceObservation, Point } from "./region_sample.ts";

/** Detections above the confirm threshold that confirm a track. */
const CONFIRM_HITS = 2;
/** Consecutive misses that end a tentative track: several, because its views are rotated. */
const MAX_TENTATIVE_MISSES = 4;
/** Time without a detection that ends the measured track: another person may sit down meanwhile. */
const LOST_AFTER_US = 400_000;
/**
 * The same for other confirmed tracks: those that a detection of their view missed, and those of
 * which close-ups of the measured face showed nothing. At a low frame rate the next detection in the
 * full frame takes more than a second. Chosen.
 */
const FORGOTTEN_AFTER_US = { missed: 1_000_000, unseen: 5_000_000 } as const;
/** Ratio of widths from which a larger face replaces the measured one. */
const SWITCH_RATIO = 1.3;

/**
 * Largest translation since the last detection, and largest correction by it, of a face that is
 * still, in face widths and in face widths per second. Chosen.
 */
const STILL = { translation: 0.03, speed: 0.1 } as const;
/** Detections by which the smoothed box has settled. Chosen. */
const SETTLED_HITS = 10;
/** Time without a detection after which no face counts as still. Chosen. */
const STILL_US = 1_000_000;

/** Hysteresis of the stabilized box: distances from the smoothed box in face widths. */
const HYSTERESIS = { startMoving: 0.06, stopMoving: 0.012 } as const;
/** Time constant with which the stabilized box follows the smoothed one. */
const FOLLOW_US = 150_000;
/** Weight of a new detection in the smoothed box, which grows with its distance in face widths. */
const MIN_GAIN = 0.25;
const GAIN_PER_WIDTH = 2.5;

/** Circumstances of a detection. */
export interface DetectionContext {
  /** Capture time of the image. */
  readonly timeUs: number;
  /** Width of the image over its height. */
  readonly aspect: number;
  /** The part of the image that was searched, as fractions of the image. */
  readonly view: Box;
  /** Smallest score of a detection that counts towards the confirmation of a track. */
  readonly confirmThreshold: number;
}

/** A detection of a track: its score, time and confirm threshold. */
interface Hit extends Pick<DetectionContext, "timeUs" | "confirmThreshold"> {
  readonly score: number;
}

interface Track {
  readonly id: number;
  hits: number;
  misses: number;
  score: number;
  /** Detections above the confirm threshold. */
  confirmHits: number;
  confirmed: boolean;
  /** When it was detected last. */
  lastSeenUs: number;
  /** When it was detected last, or was known to be where it was detected. */
  lastKnownUs: number;
  /** Translation since the last detection, and the largest one until now, in image heights. */
  translation: Point;
  largestTranslation: number;
  /** The smoothed pose. */
  pose: Pose;
  /** Velocity of the centre, in image heights per second. */
  velocity: Point;
  /** True if it is measured only while there is no other face. */
  passedOver: boolean;
}

/**
 * Tracks faces over detections. A track is tentative until several detections confirm it. The box of
 * the measured face is stabilized with hysteresis, because each move of a region changes the pixels
 * in its mean, which adds noise to the pulse.
 */
export class FaceTracker {
  #tracks: Track[] = [];
  #nextId = 1;
  #main: Track | undefined;
  #stabilized: Pose | undefined;
  #moving = false;
  #stabilizedUs = 0;
  #aspect = 1;

  /** True while the stabilized box follows the smoothed one. */
  get moving(): boolean {
    return this.#moving;
  }

  /** Number of confirmed tracks that the newest detection of their view did not miss. */
  get faceCount(): number {
    return this.#tracks.filter(({ confirmed, misses }) => confirmed && misses === 0).length;
  }

  /**
   * Whether the measured face has moved little since the last detection, and there is no other track.
   */
  isStill(timeUs: number): boolean {
    const main = this.#main;
    if (!main || this.#tracks.length > 1 || this.#moving || main.misses > 0) return false;
    if (main.hits < SETTLED_HITS || timeUs - main.lastSeenUs >= STILL_US) return false;
    const width = widthOf(main.pose);
    return main.largestTranslation < STILL.translation * width &&
      Math.hypot(main.velocity.x, main.velocity.y) < STILL.speed * width;
  }

  /** Call for a frame that shows the measured face as it was detected last. */
  confirm(timeUs: number): void {
    if (this.#main) this.#main.lastKnownUs = timeUs;
  }

  /** The track to detect next: the measured face, or else the best tentative track. */
  get target(): DetectionTarget {
    const main = this.#main;
    if (main) {
      const missed = main.misses > 0;
      return { face: toFace(main.pose, this.#aspect).box, confirmed: true, missed };
    }
    const best =
      this.#tracks.toSorted((a, b) => b.confirmHits - a.confirmHits || b.score - a.score)[0];
    if (!best) return { confirmed: false };
    return {
      face: toFace(best.pose, this.#aspect).box,
      confirmed: false,
      score: best.misses > 0 ? 0 : best.score,
    };
  }

  /** Boxes of all tracks, tentative and missed ones too, as fractions of the image. */
  get boxes(): readonly Box[] {
    return this.#tracks.map(({ pose }) => toFace(pose, this.#aspect).box);
  }

  /** Associates the detections of one image with tracks, and starts and ends tracks. */
  update(
    detections: readonly Detection[],
    { timeUs, aspect, view, confirmThreshold }: DetectionContext,
  ): void {
    if (aspect !== this.#aspect) this.reset();
    this.#aspect = aspect;
    const inView = ({ pose }: Track) => {
      const { x, y } = centreOf(pose);
      return x >= view.x * aspect && x <= (view.x + view.width) * aspect && y >= view.y &&
        y <= view.y + view.height;
    };
    const rest = detections.map((detection) => ({ detection, pose: poseOf(detection, aspect) }));
    const seen = new Set<Track>();
    for (const track of this.#tracks.toSorted((a, b) => b.hits - a.hits)) {
      const index = nearestPose(track.pose, rest.map(({ pose }) => pose));
      const match = index === undefined ? undefined : rest.splice(index, 1)[0];
      if (!match) continue;
      seen.add(track);
      updateTrack(track, match.pose, { score: match.detection.score, timeUs, confirmThreshold });
    }
    for (const { detection, pose } of rest) {
      const track = this.#startTrack(pose, { score: detection.score, timeUs, confirmThreshold });
      this.#tracks.push(track);
      seen.add(track);
    }
    for (const track of this.#tracks) if (!seen.has(track) && inView(track)) track.misses++;
    this.#tracks = this.#tracks.filter((track) =>
      track.confirmed
        ? timeUs - track.lastKnownUs < this.#lifetimeUs(track)
        : track.misses <= MAX_TENTATIVE_MISSES
    );
    this.#chooseMain();
  }

  /** Returns the face to measure at `timeUs`, with its stabilized box; undefined if none. */
  observe(timeUs: number): FaceObservation | undefined {
    const main = this.#main;
    if (!main || timeUs - main.lastKnownUs >= LOST_AFTER_US) return undefined;
    this.#stabilize(main, timeUs);
    const pose = this.#stabilized ?? main.pose;
    return {
      ...toFace(pose, this.#aspect),
      score: main.score,
      ageUs: Math.max(0, timeUs - main.lastSeenUs),
      speed: Math.hypot(main.velocity.x, main.velocity.y) / widthOf(main.pose),
      track: main.id,
    };
  }

  /**
   * Moves the measured face by its measured motion, as fractions of the image. The motion is known
   * for every frame, and more precisely than from detections.
   */
  translate(x: number, y: number): void {
    if (!this.#main || (x === 0 && y === 0)) return;
    const translated = (pose: Pose) =>
      pose.map((value, index) => value + (index % 2 ? y : x * this.#aspect));
    this.#main.pose = translated(this.#main.pose);
    const { translation, largestTranslation } = this.#main;
    const moved = { x: translation.x + x * this.#aspect, y: translation.y + y };
    this.#main.translation = moved;
    this.#main.largestTranslation = Math.max(largestTranslation, Math.hypot(moved.x, moved.y));
    if (this.#stabilized) this.#stabilized = translated(this.#stabilized);
  }

  /**
   * Measures another face than the present one, if there is one that was not passed over as well: a
   * poster or a screen may show a larger face than the person before it.
   */
  passOver(): void {
    const main = this.#main;
    const hasOther = this.#tracks.some((track) =>
      track !== main && track.confirmed && !track.passedOver
    );
    if (!main || !hasOther) return;
    main.passedOver = true;
    this.#chooseMain();
  }

  /** Removes all tracks. */
  reset(): void {
    this.#tracks = [];
    this.#main = undefined;
    this.#stabilized = undefined;
  }

  /** Time without a detection that ends a confirmed track. */
  #lifetimeUs(track: Track): number {
    if (track === this.#main) return LOST_AFTER_US;
    return FORGOTTEN_AFTER_US[track.misses > 0 ? "missed" : "unseen"];
  }

  #startTrack(pose: Pose, { score, timeUs, confirmThreshold }: Hit): Track {
    return {
      id: this.#nextId++,
      hits: 1,
      misses: 0,
      score,
      confirmHits: score >= confirmThreshold ? 1 : 0,
      confirmed: false,
      lastSeenUs: timeUs,
      lastKnownUs: timeUs,
      translation: { x: 0, y: 0 },
      largestTranslation: 0,
      pose,
      velocity: { x: 0, y: 0 },
      passedOver: false,
    };
  }

  #chooseMain(): void {
    const all = this.#tracks.filter((track) => track.confirmed);
    const preferred = all.filter((track) => !track.passedOver);
    const confirmed = preferred.length > 0 ? preferred : all;
    const largest = confirmed.toSorted((a, b) => widthOf(b.pose) - widthOf(a.pose))[0];
    const current = this.#main && confirmed.includes(this.#main) ? this.#main : undefined;
    const keep = current && largest && widthOf(largest.pose) < SWITCH_RATIO * widthOf(current.pose);
    const next = keep ? current : largest;
    if (next === this.#main) return;
    this.#main = next;
    this.#stabilized = undefined;
    this.#moving = false;
  }

  /** Moves the stabilized pose towards the smoothed one, with hysteresis. */
  #stabilize({ pose }: Track, timeUs: number): void {
    const stabilized = this.#stabilized;
    const elapsedUs = timeUs - this.#stabilizedUs;
    this.#stabilizedUs = timeUs;
    if (!stabilized) {
      this.#stabilized = pose;
      return;
    }
    const off = distance(stabilized, pose) / widthOf(pose);
    if (off > HYSTERESIS.startMoving) this.#moving = true;
    else if (off < HYSTERESIS.stopMoving) this.#moving = false;
    if (!this.#moving) return;
    const gain = 1 - Math.exp(-Math.max(0, elapsedUs) / FOLLOW_US);
    this.#stabilized = stabilized.map((value, index) => value + gain * (pose[index]! - value));
  }
}

/** Updates the track with a detection of its face. */
function updateTrack(track: Track, pose: Pose, { score, timeUs, confirmThreshold }: Hit): void {
  const width = widthOf(track.pose);
  const off = distance(track.pose, pose) / width;
  const gain = Math.min(1, MIN_GAIN + GAIN_PER_WIDTH * off);
  const before = centreOf(track.pose);
  track.pose = track.pose.map((value, index) => value + gain * (pose[index]! - value));
  const now = centreOf(track.pose);
  const seconds = Math.max(1e-3, (timeUs - track.lastSeenUs) / 1e6);
  track.velocity = {
    x: (track.velocity.x + (now.x - before.x) / seconds) / 2,
    y: (track.velocity.y + (now.y - before.y) / seconds) / 2,
  };
  track.hits++;
  track.misses = 0;
  track.score = score;
  if (score >= confirmThreshold) track.confirmHits++;
  track.lastSeenUs = timeUs;
  track.lastKnownUs = Math.max(track.lastKnownUs, timeUs);
  track.translation = { x: 0, y: 0 };
  track.largestTranslation = 0;
  track.confirmed ||= track.confirmHits >= CONFIRM_HITS;
}
