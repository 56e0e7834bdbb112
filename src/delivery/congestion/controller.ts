import { RateController } from "./frame_rate_control.ts";
import { RttEstimator } from "./rtt.ts";

/** One acknowledged message. */
export interface Acknowledged {
  readonly sentUs: number;
  readonly acknowledgedUs: number;
  readonly bytes: number;
}

/** Frames that were sent and are not acknowledged yet. */
export interface InFlight {
  readonly frames: number;
  readonly bytes: number;
  /** The one that was sent first. */
  readonly oldest?: { readonly sentUs: number; readonly bytes: number } | undefined;
}

/** The load is judged over so long, microseconds. */
const WINDOW_US = 1_000_000;
/** Frames may fill this share of the link, so that a metric seldom finds one before it. */
const HIGH_LOAD = 0.6;
/** Frames grow again up to this share only, with room for a link that is not even. */
const LOW_LOAD = 0.3;
/** Frames under way may take the link for at most so long, microseconds. */
const MAX_BACKLOG_US = 250_000;
/** A frame that takes the link for longer makes a metric wait noticeably, microseconds. */
const LONG_FRAME_US = 100_000;
/** A frame a second may always go, microseconds. */
const MAX_REST_US = 1_000_000;
/** No frame goes beside one that should have arrived so long ago, microseconds. */
const LATE_US = 25_000;
/** A frame that waits for so long beyond the round trip met others before it, microseconds. */
const CROWDED_US = 100_000;
/** ... and after so long it shows a link that is far too slow. */
const OVERDUE_US = 500_000;
/** A link with a longer round trip may be slow: its first frames are small, microseconds ... */
const FAR_US = 100_000;
/** ... by so much. */
const FAR_REDUCTION = 0.7;
/** More frames than these are under way only to fill a long round trip ... */
const MIN_IN_FLIGHT = 2;
/** ... which they do with this much to spare, as neither link nor camera is even. */
const SPARE = 1.2;
/** The interval of frames at 30 a second, microseconds. */
const FRAME_US = 33_333;
const MAX_IN_FLIGHT = 16;

/**
 * What frames ask of a link and what it can give, learnt from acknowledgements alone. The time
 * that a frame takes the link is no more than its wait beyond an empty round trip, and no more
 * than the time since the acknowledgement before. Frames are reduced before the link is full, and
 * restored when it has been calm. How many may be under way grows from one, as nobody knows of a
 * new link what it can carry.
 */
export class CongestionController {
  readonly #rtt = new RttEstimator();
  readonly #reduction = new RateController();
  #lastFrameUs = -Infinity;
  #usPerByte = 0;
  /** How many frames the link has shown that it carries at once. */
  #window = 1;
  /** The last frame met others before it. */
  #crowded = false;
  /** When the last frame sent is through, as far as is known. */
  #freeUs = -Infinity;
  /** What was acknowledged within the window, and how long each took at the most. */
  readonly #carried: {
    readonly atUs: number;
    readonly bytes: number;
    readonly usPerByte: number;
  }[] = [];
  /** What came within the window, and how far it was reduced. */
  readonly #asked: {
    readonly atUs: number;
    readonly bytes: number;
    readonly reduction: number;
  }[] = [];

  /** How far frames should be reduced: 0 not at all, 1 as far as can be. */
  get degradation(): number {
    return this.#reduction.value;
  }

  /** Whether a frame may be sent beside those under way. */
  hasRoomBeside({ frames, bytes, oldest }: InFlight, nowUs: number): boolean {
    if (frames === 0) return true;
    const aheadUs = bytes * this.#usPerByte;
    const lateUs = nowUs - (oldest?.sentUs ?? nowUs) - this.#rtt.us - aheadUs;
    return frames < Math.min(this.#window, this.#mostInFlight) && lateUs < LATE_US &&
      aheadUs <= Math.max(MAX_BACKLOG_US, this.#rtt.us);
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
    this.#note(bytes, nowUs);
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
    const beyondUs = waitUs - this.#rtt.us;
    const us = Math.max(0, Math.min(beyondUs, acknowledgedUs - this.#lastFrameUs));
    this.#lastFrameUs = acknowledgedUs;
    this.#freeUs = Math.min(this.#freeUs, acknowledgedUs + this.#rtt.us + MAX_REST_US);
    this.#usPerByte += 0.3 * (us / Math.max(1, bytes) - this.#usPerByte);
    this.#carried.push({ atUs: acknowledgedUs, bytes, usPerByte: us / Math.max(1, bytes) });
    this.#crowded = beyondUs >= CROWDED_US;
    this.#window = this.#crowded
      ? Math.max(1, this.#window >> 1)
      : Math.min(MAX_IN_FLIGHT, this.#window + 1);
    this.#judge(sentUs, acknowledgedUs);
  }

  /**
   * Takes note of a frame that gave way to a newer one: the link is full where those under way wait
   * for long; else it is still to show what it can carry, or this machine was busy for a moment.
   */
  displaced(bytes: number, { oldest }: InFlight, nowUs: number): void {
    this.#note(bytes, nowUs);
    if (!oldest) return;
    const beyondUs = nowUs - oldest.sentUs - this.#rtt.us;
    if (beyondUs > OVERDUE_US) {
      this.#reduction.guess(nowUs, this.#fitting(HIGH_LOAD, beyondUs / oldest.bytes));
    } else if (this.#crowded || beyondUs > CROWDED_US) this.#reduction.tighten(nowUs);
  }

  /**
   * The link is another one now: only the reduction stays, as the way may be the same.
   *
   * @param rttUs how long its first answer took.
   */
  reset(nowUs: number, rttUs = 0): void {
    this.#rtt.reset();
    if (rttUs > 0) this.#rtt.learn(rttUs, nowUs);
    if (rttUs > FAR_US) this.#reduction.guess(nowUs, FAR_REDUCTION);
    this.#window = 1;
    this.#crowded = false;
    this.#carried.length = 0;
    this.#lastFrameUs = -Infinity;
    this.#freeUs = -Infinity;
    this.#reduction.stay();
  }

  /** As many frames as fill the round trip, and two that wait for their turn. */
  get #mostInFlight(): number {
    const inRoundTrip = Math.floor(SPARE * this.#rtt.us / FRAME_US);
    return Math.min(MAX_IN_FLIGHT, MIN_IN_FLIGHT + inRoundTrip);
  }

  #learnRoundTrip(us: number, nowUs: number): void {
    const beforeUs = this.#rtt.us;
    this.#rtt.learn(us, nowUs);
    // What was far longer than it seemed made each frame look late.
    if (this.#rtt.us > beforeUs + CROWDED_US / 2) this.#reduction.doubt(nowUs);
  }

  #note(bytes: number, nowUs: number): void {
    dropBefore(nowUs - WINDOW_US, this.#asked);
    this.#asked.push({ atUs: nowUs, bytes, reduction: this.#reduction.value });
  }

  #judge(sentUs: number, nowUs: number): void {
    const { guessedUs } = this.#reduction;
    // What led to the guess may have been a moment's silence: what was sent since tells.
    const tells = guessedUs === undefined || sentUs >= guessedUs;
    dropBefore(tells ? nowUs - WINDOW_US : nowUs, this.#carried);
    if (this.#carried.length === 0) return;
    const usPerByte = this.#usPerByteOfGoodOnes;
    const load = usPerByte * sumOf(this.#carried) / WINDOW_US;
    if (load > HIGH_LOAD) this.#reduction.tighten(nowUs, this.#fitting(HIGH_LOAD, usPerByte));
    else if (guessedUs !== undefined && !this.#crowded) {
      this.#reduction.loosen(nowUs, this.#fitting(LOW_LOAD, usPerByte));
    } else if (load < LOW_LOAD) this.#reduction.calm(nowUs);
    else this.#reduction.stay();
  }

  /** The reduction with which what is asked for takes `share` of a link of this speed. */
  #fitting(share: number, usPerByte: number): number {
    const asked = this.#asked.reduce(
      (sum, { bytes, reduction }) => sum + bytes * this.#reduction.shareSince(reduction),
      0,
    );
    return this.#reduction.leaving(share * WINDOW_US / (usPerByte * asked));
  }

  /** A slow link delays every frame, a busy machine only some: the quicker quarter tells the link. */
  get #usPerByteOfGoodOnes(): number {
    const sorted = this.#carried.map(({ usPerByte }) => usPerByte).sort((a, b) => a - b);
    return sorted[sorted.length >> 2] ?? 0;
  }
}

function dropBefore(us: number, messages: { readonly atUs: number }[]): void {
  while (messages[0] && messages[0].atUs <= us) messages.shift();
}

function sumOf(messages: readonly { readonly bytes: number }[]): number {
  return messages.reduce((sum, { bytes }) => sum + bytes, 0);
}
