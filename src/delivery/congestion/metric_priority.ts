/** Queueing delay of core metrics above which other messages give way, in microseconds. */
const DELAYED_US = 150_000;
/** Queueing delay that calls for two steps at once, in microseconds. */
const LONG_DELAY_US = 300_000;
/** Queueing delay below which other messages may come back, in microseconds. */
const CALM_US = 60_000;
/** The same within the probation of a step back. */
const PROBATION_DELAYED_US = 80_000;
/** How long the delay must last: a busy machine delays acknowledgements for a moment. */
const CONFIRMATION_US = 250_000;
/** The same within the probation of a step back. */
const PROBATION_CONFIRMATION_US = 100_000;
/** Delay before a step shows its effect, in microseconds. */
const SETTLING_US = 500_000;
/**
 * The same before edge metrics are thinned on a link that was fast so far, in microseconds: a busy
 * machine, which delays everything, must not cost any.
 */
const FAST_LINK_SETTLING_US = 1_500_000;
/** How long the delay must stay low before a step back, in microseconds. */
const MIN_RECOVERY_US = 1_000_000;
/** Longest time before a step back is tried again after it has failed, in microseconds. */
const MAX_RECOVERY_US = 60_000_000;
/**
 * Interval of measurements while frames wait for a step back, in microseconds. Chosen: a measurement
 * takes 0.14 s of a link of 30 kB/s.
 */
const MEASUREMENT_INTERVAL_US = 5_000_000;
/** A step back has failed if the delay returns within this time, in microseconds. */
const PROBATION_US = 10_000_000;
/** Highest level: one of 64 edge metrics is sent, one in two seconds at 30 frames per second. */
const MAX_LEVEL = 7;

/**
 * Gives core metrics the link first. While their queueing delay lasts, frames stop altogether, and
 * then edge metrics are thinned: one of 2, 4, 8 ... is sent. Once the delay has stayed low, one step
 * is taken back. The time before that doubles with each failure (exponential backoff), so that a
 * link that is too slow is rarely overloaded by the attempt. Frames come back only after a
 * measurement, if the backend has one: a frame is larger than what it delays. They come back at once
 * when a link that was measured to be slow has become fast.
 *
 * All constants are chosen, so that the newest core metric is at most 0.5 s old at 30 kB/s
 * (tests/bench/slow_link.ts).
 */
export class MetricPriority {
  /** Whether frames come back only after the link was measured. */
  readonly #measuresLink: boolean;
  /** 0: everything is sent; 1: no frames; from 2: one of 2^(level - 1) edge metrics. */
  #level = 0;
  #delayedSinceUs: number | undefined;
  #calmSinceUs: number | undefined;
  #raisedUs = -Infinity;
  #loweredUs = -Infinity;
  #recoveryUs = MIN_RECOVERY_US;
  #measurementDue = false;
  #measuredUs = -Infinity;
  /** Whether the last measurement showed a slow link. */
  #measuredSlow = false;
  /** Whether the link is known to be slow: it was measured, or edge metrics were thinned before. */
  #isSlow = false;

  constructor({ measuresLink = false } = {}) {
    this.#measuresLink = measuresLink;
  }

  /** Whether frames may come back if the link has room for them, see `onLinkMeasured`. */
  get measurementDue(): boolean {
    return this.#measurementDue;
  }

  /** Whether no frames may be sent. */
  get framesStopped(): boolean {
    return this.#level > 0;
  }

  /** One of this number of edge metrics is sent. */
  get edgeInterval(): number {
    return 2 ** Math.max(0, this.#level - 1);
  }

  /** Whether core metrics have almost all of the link: at most one of 4 edge metrics is sent. */
  get isLinkUnloaded(): boolean {
    return this.edgeInterval >= 4;
  }

  /** Takes the queueing delay of a metric, in microseconds. */
  onDelay(queueingUs: number, nowUs: number): void {
    const onProbation = this.#isOnProbation(nowUs);
    if (queueingUs <= (onProbation ? PROBATION_DELAYED_US : DELAYED_US)) {
      this.#delayedSinceUs = undefined;
      if (queueingUs > CALM_US) this.#calmSinceUs = undefined;
      else this.#onCalm(nowUs);
      return;
    }
    this.#calmSinceUs = undefined;
    this.#delayedSinceUs ??= nowUs;
    const confirmationUs = onProbation ? PROBATION_CONFIRMATION_US : CONFIRMATION_US;
    if (nowUs - this.#delayedSinceUs < confirmationUs) return;
    const isFirstThinning = this.#level > 0 && !this.#isSlow;
    if (nowUs - this.#raisedUs < (isFirstThinning ? FAST_LINK_SETTLING_US : SETTLING_US)) return;
    const steps = queueingUs > LONG_DELAY_US && (this.#isSlow || isFirstThinning) ? 2 : 1;
    this.#raise(this.#level + steps, nowUs);
  }

  /** Takes the result of a measurement that was due: whether the link is slow, and has room for a frame. */
  onLinkMeasured(
    { isSlow, hasRoom }: { readonly isSlow: boolean; readonly hasRoom: boolean },
    nowUs: number,
  ): void {
    if (!this.#measurementDue) return;
    this.#measurementDue = false;
    this.#measuredUs = nowUs;
    const hasBecomeFast = this.#measuredSlow && !isSlow;
    this.#measuredSlow = isSlow;
    if (hasBecomeFast) return this.#lower(nowUs, 0);
    if (this.#level > 1 || !this.#hasRecovered(nowUs)) return;
    if (hasRoom) return this.#lower(nowUs);
    this.#recoveryUs = Math.min(MAX_RECOVERY_US, 2 * this.#recoveryUs);
    this.#calmSinceUs = nowUs;
  }

  /** Stops frames, as a single one delays metrics for too long. */
  stopFrames(nowUs: number): void {
    if (this.#level === 0) this.#raise(1, nowUs);
  }

  /** Starts over for a new connection, which was measured to be slow or not. */
  reset({ isSlow }: { isSlow: boolean }): void {
    this.#isSlow = this.#measuredSlow = isSlow;
    this.#level = 0;
    this.#measurementDue = false;
    this.#measuredUs = -Infinity;
    this.#delayedSinceUs = this.#calmSinceUs = undefined;
    this.#raisedUs = this.#loweredUs = -Infinity;
    this.#recoveryUs = MIN_RECOVERY_US;
  }

  #raise(level: number, nowUs: number): void {
    this.#recoveryUs = this.#isOnProbation(nowUs)
      ? Math.min(MAX_RECOVERY_US, 2 * this.#recoveryUs)
      : MIN_RECOVERY_US;
    this.#level = Math.min(MAX_LEVEL, level);
    this.#isSlow ||= this.#level > 1;
    this.#measurementDue = false;
    this.#calmSinceUs = undefined;
    this.#raisedUs = nowUs;
  }

  #isOnProbation(nowUs: number): boolean {
    return nowUs - this.#loweredUs < PROBATION_US;
  }

  #onCalm(nowUs: number): void {
    if (this.#level === 0) return;
    this.#calmSinceUs ??= nowUs;
    const needsMeasurement = this.#level === 1 && this.#measuresLink;
    if (!needsMeasurement && this.#hasRecovered(nowUs)) return this.#lower(nowUs);
    if (!this.#measuresLink) return;
    const intervalUs = Math.min(this.#recoveryUs, MEASUREMENT_INTERVAL_US);
    const sinceUs = nowUs - Math.max(this.#calmSinceUs, this.#measuredUs);
    this.#measurementDue ||= sinceUs >= intervalUs;
  }

  /** Whether the delay has stayed low for long enough. */
  #hasRecovered(nowUs: number): boolean {
    return nowUs - (this.#calmSinceUs ?? Infinity) >= this.#recoveryUs;
  }

  #lower(nowUs: number, level = this.#level - 1): void {
    this.#level = level;
    this.#calmSinceUs = nowUs;
    this.#loweredUs = nowUs;
  }
}
