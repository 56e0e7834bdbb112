/** One acknowledged message. */
export interface Acknowledged {
  readonly sentUs: number;
  readonly acknowledgedUs: number;
  readonly bytes: number;
}

/** The load is judged over so long, microseconds. */
const WINDOW_US = 1_000_000;
/** The shortest round trip of the last one to two of these is that of the empty link. */
const ROUND_TRIP_WINDOW_US = 30_000_000;
/** Frames may fill this share of the link, so that a metric seldom finds one before it. */
const HIGH_LOAD = 0.6;
/** Below this a step back fits under the high load: a step changes the rate at most twofold. */
const LOW_LOAD = 0.3;
const STEP = 0.1;
/** The link must have been idle enough for so long before frames are thickened, microseconds. */
const CALM_US = 3_000_000;
/** Frames under way may take the link for at most so long, microseconds. */
const MAX_BACKLOG_US = 250_000;
/** A frame that takes the link for longer makes a metric wait noticeably, microseconds. */
const LONG_FRAME_US = 100_000;
/** A frame a second may always go, microseconds. */
const MAX_REST_US = 1_000_000;
/** A frame that waits for so long beyond the round trip met others before it, microseconds. */
const CROWDED_US = 100_000;
/** ... and after so long it shows a link that is far too slow. */
const OVERDUE_US = 500_000;
/** More frames than these are under way only to fill a long round trip ... */
const MIN_UNDER_WAY = 2;
/** ... which they do with this much to spare, as neither link nor camera is even. */
const SPARE = 1.2;
/** The interval of frames at 30 a second, microseconds. */
const FRAME_US = 33_333;
const MAX_UNDER_WAY = 16;

/**
 * What frames ask of a link and what it can give, learnt from acknowledgements alone. The time
 * that a frame takes the link is no more than its wait beyond an empty round trip, and no more
 * than the time since the acknowledgement before. Frames are reduced before the link is full,
 * in steps, and restored again when it has been calm. How many may be under way grows from one, as
 * nobody knows of a new link what it can carry.
 */
export class LinkLoad {
  #roundTripUs: { readonly sinceUs: number; leastUs: number } | undefined;
  #formerLeastUs = Infinity;
  #lastFrameUs = -Infinity;
  #usPerByte = 0;
  /** How many frames the link has shown that it carries at once. */
  #window = 1;
  /** The last frame met others before it. */
  #crowded = false;
  /** When the last frame sent is through, as far as is known. */
  #freeUs = -Infinity;
  /** What was acknowledged within the window, and how long each took at the most. */
  #carried: { readonly atUs: number; readonly bytes: number; readonly usPerByte: number }[] = [];
  #degradation = 0;
  #changedUs = -Infinity;
  #calmSinceUs: number | undefined;

  /** How far frames should be reduced: 0 not at all, 1 as far as can be. */
  get degradation(): number {
    return this.#degradation;
  }

  /** The round trip of the empty link, microseconds. */
  get roundTripUs(): number {
    const least = Math.min(this.#formerLeastUs, this.#roundTripUs?.leastUs ?? Infinity);
    return Number.isFinite(least) ? least : 0;
  }

  /** Whether a frame may be sent beside those under way. */
  hasRoomBeside(underWay: { readonly frames: number; readonly bytes: number }): boolean {
    if (underWay.frames === 0) return true;
    const aheadUs = underWay.bytes * this.#usPerByte;
    return underWay.frames < Math.min(this.#window, this.#mostUnderWay) &&
      aheadUs <= Math.max(MAX_BACKLOG_US, this.roundTripUs);
  }

  /**
   * For how long, in microseconds, the link should be left alone before a frame of `bytes`: until
   * the last one is through, and after one that took long, as long again for metrics.
   */
  restUs(bytes: number, nowUs: number): number {
    const frameUs = bytes * this.#usPerByte;
    if (frameUs < LONG_FRAME_US) return 0;
    return Math.max(0, this.#freeUs + Math.min(frameUs, MAX_REST_US) - nowUs);
  }

  /** Takes note of a frame that is sent. */
  sent(bytes: number, nowUs: number): void {
    this.#freeUs = Math.max(this.#freeUs, nowUs) + bytes * this.#usPerByte;
  }

  /** Takes note of an acknowledged metric: small, it shows the round trip. */
  metric({ sentUs, acknowledgedUs }: Acknowledged): void {
    this.#learnRoundTrip(acknowledgedUs - sentUs, acknowledgedUs);
  }

  /** Takes note of an acknowledged frame. */
  frame({ sentUs, acknowledgedUs, bytes }: Acknowledged): void {
    const waitUs = acknowledgedUs - sentUs;
    this.#learnRoundTrip(waitUs, acknowledgedUs);
    const beyondUs = waitUs - this.roundTripUs;
    const us = Math.max(0, Math.min(beyondUs, acknowledgedUs - this.#lastFrameUs));
    this.#lastFrameUs = acknowledgedUs;
    this.#freeUs = Math.min(this.#freeUs, acknowledgedUs + this.roundTripUs + MAX_REST_US);
    this.#usPerByte += 0.3 * (us / Math.max(1, bytes) - this.#usPerByte);
    this.#carried.push({ atUs: acknowledgedUs, bytes, usPerByte: us / Math.max(1, bytes) });
    this.#crowded = beyondUs >= CROWDED_US;
    this.#window = this.#crowded
      ? Math.max(1, this.#window >> 1)
      : Math.min(MAX_UNDER_WAY, this.#window + 1);
    this.#judge(acknowledgedUs);
  }

  /**
   * Takes note of a frame that gave way to a newer one: the link is full where those under way wait
   * for long; else it is still to show what it can carry, or this machine was busy for a moment.
   *
   * @param oldestUs when the oldest frame under way was sent
   */
  displaced(nowUs: number, oldestUs: number): void {
    const beyondUs = nowUs - oldestUs - this.roundTripUs;
    if (beyondUs > OVERDUE_US) this.#thin(nowUs, 3 * STEP);
    else if (this.#crowded || beyondUs > CROWDED_US) this.#thin(nowUs, STEP);
  }

  /** The link is another one now: only the reduction stays, as the way may be the same. */
  reset(): void {
    this.#window = 1;
    this.#crowded = false;
    this.#carried = [];
    this.#lastFrameUs = -Infinity;
    this.#freeUs = -Infinity;
    this.#calmSinceUs = undefined;
  }

  /** As many frames as fill the round trip, and two that wait for their turn. */
  get #mostUnderWay(): number {
    const inRoundTrip = Math.floor(SPARE * this.roundTripUs / FRAME_US);
    return Math.min(MAX_UNDER_WAY, MIN_UNDER_WAY + inRoundTrip);
  }

  #learnRoundTrip(us: number, nowUs: number): void {
    const present = this.#roundTripUs;
    if (!present || nowUs - present.sinceUs > ROUND_TRIP_WINDOW_US) {
      this.#formerLeastUs = present?.leastUs ?? Infinity;
      this.#roundTripUs = { sinceUs: nowUs, leastUs: us };
    } else present.leastUs = Math.min(present.leastUs, us);
  }

  #judge(nowUs: number): void {
    this.#carried = this.#carried.filter(({ atUs }) => atUs > nowUs - WINDOW_US);
    const load = this.#usPerByteOfGoodOnes * sumOf(this.#carried) / WINDOW_US;
    if (load > HIGH_LOAD) this.#thin(nowUs, load > 0.9 ? 3 * STEP : STEP);
    else if (load < LOW_LOAD) this.#thicken(nowUs);
    else this.#calmSinceUs = undefined;
  }

  /** A slow link delays every frame, a busy machine only some: the quicker quarter tells the link. */
  get #usPerByteOfGoodOnes(): number {
    const sorted = this.#carried.map(({ usPerByte }) => usPerByte).sort((a, b) => a - b);
    return sorted[sorted.length >> 2] ?? 0;
  }

  #thin(nowUs: number, by: number): void {
    this.#calmSinceUs = undefined;
    // A step shows its effect only after what is under way has arrived.
    if (nowUs - this.#changedUs < WINDOW_US / 2) return;
    this.#change(nowUs, by);
  }

  #thicken(nowUs: number): void {
    this.#calmSinceUs ??= nowUs;
    if (this.#degradation === 0 || nowUs - this.#calmSinceUs < CALM_US) return;
    this.#calmSinceUs = nowUs;
    this.#change(nowUs, -STEP);
  }

  #change(nowUs: number, by: number): void {
    this.#changedUs = nowUs;
    this.#degradation = Math.round(Math.min(1, Math.max(0, this.#degradation + by)) * 10) / 10;
  }
}

function sumOf(carried: readonly { readonly bytes: number }[]): number {
  return carried.reduce((sum, { bytes }) => sum + bytes, 0);
}
