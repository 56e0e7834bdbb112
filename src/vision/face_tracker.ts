import type { Detection } from "./blazeface.ts";
import type { SchedulerState } from "./detection_scheduler.ts";
import type { Box, FaceLandmarks, FaceObservation, Point } from "./region_sample.ts";

/** So many good detections make a face confirmed. */
const BELIEF = 2;
/** What is not confirmed yet may be missed so often: it is looked at from several sides. */
const DOUBT_MISSES = 4;
/** A confirmed face that the detector does not see for so long is gone. */
const LOSS_US = 1_000_000;
/** Another face must be so much wider to become the one that is measured. */
const TAKEOVER = 1.3;

/** In widths of the face: the steady box rests until the smoothed one is so far off … */
const DEAD_ZONE = 0.06;
/** … and then follows until it is this close. */
const AT_REST = 0.012;
/** Time constant of following. */
const FOLLOW_US = 150_000;
/** Share of a new detection in the smoothed box: more of it, the further off it is. */
const LEAST_GAIN = 0.25;
const GAIN_PER_WIDTH = 2.5;

/** Box and points as one list of x, y pairs in heights of the picture: edges first. */
type Pose = readonly number[];

export interface DetectionOptions {
  readonly timeUs: number;
  readonly aspect: number;
  readonly view: Box;
  readonly good: number;
}

interface Track {
  readonly id: number;
  hits: number;
  misses: number;
  score: number;
  /** Detections that speak for a face. */
  good: number;
  confirmed: boolean;
  lastSeenUs: number;
  /** The smoothed pose. */
  pose: Pose;
  /** Velocity of its centre in heights of the picture per second. */
  velocity: Point;
}

/**
 * Follows faces through detections. The box it shows rests while the face does: each move of a
 * region brings other pixels into its mean, which is noise in the pulse.
 */
export class FaceTracker {
  #tracks: Track[] = [];
  #nextId = 1;
  #main: Track | undefined;
  #steady: Pose | undefined;
  #moving = false;
  #steadyUs = 0;
  #aspect = 1;

  /** True while the steady box follows the detector's. */
  get moving(): boolean {
    return this.#moving;
  }

  /** Believed faces that the newest look at their place saw. */
  get faceCount(): number {
    return this.#tracks.filter(({ confirmed, misses }) => confirmed && misses === 0).length;
  }

  /** The face to look at next: the measured one, or the most likely of those not confirmed yet. */
  get interest(): SchedulerState {
    const main = this.#main;
    if (main) return { face: shown(main.pose, this.#aspect).box, confirmed: true };
    const likely = this.#tracks.toSorted((a, b) => b.good - a.good || b.score - a.score)[0];
    if (!likely) return { confirmed: false };
    return {
      face: shown(likely.pose, this.#aspect).box,
      confirmed: false,
      score: likely.misses > 0 ? 0 : likely.score,
    };
  }

  /**
   * Takes a detector's answer.
   *
   * @param options.timeUs when the picture was seen.
   * @param options.aspect width of the picture over its height.
   * @param options.view what the detector looked at, in shares of the picture.
   * @param options.good score from which a detection speaks for a new face.
   */
  update(detections: readonly Detection[], { timeUs, aspect, view, good }: DetectionOptions): void {
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
      const index = closest(track.pose, rest.map(({ pose }) => pose));
      const found = index === undefined ? undefined : rest.splice(index, 1)[0];
      if (!found) continue;
      seen.add(track);
      follow(track, found.pose, { score: found.detection.score, timeUs, good });
    }
    for (const { detection, pose } of rest) {
      const track = this.#begin(pose, { score: detection.score, timeUs, good });
      this.#tracks.push(track);
      seen.add(track);
    }
    for (const track of this.#tracks) if (!seen.has(track) && inView(track)) track.misses++;
    this.#tracks = this.#tracks.filter((track) =>
      track.confirmed ? timeUs - track.lastSeenUs < LOSS_US : track.misses <= DOUBT_MISSES
    );
    this.#chooseMain();
  }

  /** The face to measure at `timeUs`, where there is one, with its steady box. */
  observe(timeUs: number): FaceObservation | undefined {
    const main = this.#main;
    if (!main || timeUs - main.lastSeenUs >= LOSS_US) return undefined;
    this.#settle(main, timeUs);
    const pose = this.#steady ?? main.pose;
    return {
      ...shown(pose, this.#aspect),
      score: main.score,
      ageUs: Math.max(0, timeUs - main.lastSeenUs),
      speed: Math.hypot(main.velocity.x, main.velocity.y) / widthOf(main.pose),
      track: main.id,
    };
  }

  /**
   * Moves the measured face by what its motion was seen to be, in shares of the picture: between
   * detections and finer than they are.
   */
  carry(x: number, y: number): void {
    if (!this.#main || (x === 0 && y === 0)) return;
    const carried = (pose: Pose) =>
      pose.map((value, index) => value + (index % 2 ? y : x * this.#aspect));
    this.#main.pose = carried(this.#main.pose);
    if (this.#steady) this.#steady = carried(this.#steady);
  }

  /** Forgets all faces. */
  reset(): void {
    this.#tracks = [];
    this.#main = undefined;
    this.#steady = undefined;
  }

  #begin(
    pose: Pose,
    { score, timeUs, good }: { score: number; timeUs: number; good: number },
  ): Track {
    return {
      id: this.#nextId++,
      hits: 1,
      misses: 0,
      score,
      good: score >= good ? 1 : 0,
      confirmed: false,
      lastSeenUs: timeUs,
      pose,
      velocity: { x: 0, y: 0 },
    };
  }

  #chooseMain(): void {
    const confirmed = this.#tracks.filter((track) => track.confirmed);
    const largest = confirmed.toSorted((a, b) => widthOf(b.pose) - widthOf(a.pose))[0];
    const current = this.#main && confirmed.includes(this.#main) ? this.#main : undefined;
    const keep = current && largest && widthOf(largest.pose) < TAKEOVER * widthOf(current.pose);
    const next = keep ? current : largest;
    if (next === this.#main) return;
    this.#main = next;
    this.#steady = undefined;
    this.#moving = false;
  }

  /** Lets the steady pose follow the smoothed one, if it must. */
  #settle({ pose }: Track, timeUs: number): void {
    const steady = this.#steady;
    const elapsedUs = timeUs - this.#steadyUs;
    this.#steadyUs = timeUs;
    if (!steady) {
      this.#steady = pose;
      return;
    }
    const off = distance(steady, pose) / widthOf(pose);
    if (off > DEAD_ZONE) this.#moving = true;
    else if (off < AT_REST) this.#moving = false;
    if (!this.#moving) return;
    const share = 1 - Math.exp(-Math.max(0, elapsedUs) / FOLLOW_US);
    this.#steady = steady.map((value, index) => value + share * ((pose[index] ?? value) - value));
  }
}

function follow(
  track: Track,
  pose: Pose,
  { score, timeUs, good }: { score: number; timeUs: number; good: number },
): void {
  const width = widthOf(track.pose);
  const off = distance(track.pose, pose) / width;
  const gain = Math.min(1, LEAST_GAIN + GAIN_PER_WIDTH * off);
  const before = centreOf(track.pose);
  track.pose = track.pose.map((value, index) => value + gain * ((pose[index] ?? value) - value));
  const now = centreOf(track.pose);
  const seconds = Math.max(1e-3, (timeUs - track.lastSeenUs) / 1e6);
  track.velocity = {
    x: (track.velocity.x + (now.x - before.x) / seconds) / 2,
    y: (track.velocity.y + (now.y - before.y) / seconds) / 2,
  };
  track.hits++;
  track.misses = 0;
  track.score = score;
  if (score >= good) track.good++;
  track.lastSeenUs = timeUs;
  track.confirmed ||= track.good >= BELIEF;
}

/** The pose that lies within a face's width of this one and is nearest to it. */
function closest(pose: Pose, others: readonly Pose[]): number | undefined {
  const width = widthOf(pose);
  const centre = centreOf(pose);
  let best: number | undefined;
  let bestDistance = 0.6 * width;
  others.forEach((other, index) => {
    const size = widthOf(other) / width;
    const there = centreOf(other);
    const away = Math.hypot(there.x - centre.x, there.y - centre.y);
    if (size < 0.5 || size > 2 || away > bestDistance) return;
    best = index;
    bestDistance = away;
  });
  return best;
}

function poseOf({ box, landmarks }: Detection, aspect: number): Pose {
  const { rightEye, leftEye, nose, mouth, rightEar, leftEar } = landmarks;
  const corners = [
    { x: box.x, y: box.y },
    { x: box.x + box.width, y: box.y + box.height },
  ];
  return [...corners, rightEye, leftEye, nose, mouth, rightEar, leftEar]
    .flatMap(({ x, y }) => [x * aspect, y]);
}

function shown(pose: Pose, aspect: number): { box: Box; landmarks: FaceLandmarks } {
  const point = (index: number): Point => ({
    x: (pose[2 * index] ?? 0) / aspect,
    y: pose[2 * index + 1] ?? 0,
  });
  const from = point(0);
  const to = point(1);
  return {
    box: { x: from.x, y: from.y, width: to.x - from.x, height: to.y - from.y },
    landmarks: {
      rightEye: point(2),
      leftEye: point(3),
      nose: point(4),
      mouth: point(5),
      rightEar: point(6),
      leftEar: point(7),
    },
  };
}

function widthOf([left = 0, , right = 0]: Pose): number {
  return Math.max(1e-6, right - left);
}

function centreOf([left = 0, top = 0, right = 0, bottom = 0]: Pose): Point {
  return { x: (left + right) / 2, y: (top + bottom) / 2 };
}

/** How far two poses are apart: the worst of their corners, eyes, nose and mouth. */
function distance(a: Pose, b: Pose): number {
  let worst = 0;
  for (let index = 0; index < 12; index += 2) {
    const dx = (a[index] ?? 0) - (b[index] ?? 0);
    const dy = (a[index + 1] ?? 0) - (b[index + 1] ?? 0);
    worst = Math.max(worst, Math.hypot(dx, dy));
  }
  return worst;
}
