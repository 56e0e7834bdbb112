import type { LinkMeasurement } from "../backend.ts";
import { RateController } from "./frame_rate_control.ts";
import { ESTIMATION_WINDOW_US, FrameWindow } from "./frame_window.ts";
import { MetricPriority } from "./metric_priority.ts";
import { PathRtt } from "./path_rtt.ts";
import { RttEstimator } from "./rtt.ts";

/** One acknowledged message. Times are of the monotonic clock. */
export interface Acknowledged {
  readonly sentUs: number;
  readonly acknowledgedUs: number;
  readonly bytes: number;
}

/** Frames that were sent and are not acknowledged yet. */
export interface InFlight {
  readonly frames: number;
  readonly bytes: number;
  /** The frame that was sent first. */
  readonly oldest?: { readonly sentUs: number; readonly bytes: number } | undefined;
}

// All constants are chosen, so that metrics keep a latency below 1 s on 1 Mbit/s with an RTT of
// 300 ms (tests/integration/transports/slow_link_test.ts).

/** Frames are reduced above this utilization of the link, so that metrics seldom queue. */
const HIGH_UTILIZATION = 0.6;
/** Frames recover only up to this utilization: hysteresis against a varying bandwidth. */
const LOW_UTILIZATION = 0.3;
/** Transmission time that frames in flight may occupy, in microseconds. */
const MAX_IN_FLIGHT_US = 250_000;
/** Frames with a longer transmission time are paced, in microseconds. */
const PACED_FRAME_US = 100_000;
/** Longest pacing gap, in microseconds: one frame a second may always be sent. */
const MAX_PACING_GAP_US = 1_000_000;
/** Nothing is sent while an acknowledgement is overdue by this much, in microseconds. */
const LATE_ACK_US = 25_000;
/** Queueing delay that signals congestion, in microseconds. */
const CONGESTION_DELAY_US = 100_000;
/** Queueing delay that signals a link far below the present bit rate, in microseconds. */
const OVERLOAD_DELAY_US = 500_000;
/** A connection with a longer RTT starts with degraded frames, in microseconds. */
const LONG_RTT_US = 100_000;
/** Degradation at the start of a connection with a long RTT. */
const LONG_RTT_DEGRADATION = 0.7;
/**
 * Time whose frames may be in flight beyond the bandwidth-delay product, in microseconds: two frames
 * at 30 frames per second. On a busy machine a fast camera delivers several at once.
 */
const QUEUED_US = 66_667;
/** Gain on the bandwidth-delay product, for the jitter of link and camera. */
const BDP_GAIN = 1.2;
/** Interval of frames at 30 frames per second, in microseconds: no lower rate is assumed. */
const FRAME_INTERVAL_US = 33_333;
/** Largest congestion window in microseconds of frames: 16 at 30 frames per second. */
const MAX_WINDOW_US = 533_333;
/** Frames stop if even one with the maximum degradation takes longer to transmit, in microseconds. */
const MAX_FRAME_US = 350_000;
/** Size of a frame with the maximum degradation that is assumed before the first one, in bytes. */
const SMALL_FRAME_BYTES = 12_000;
/** Size of a frame without degradation that is assumed before the first one, in bytes. */
const LARGE_FRAME_BYTES = 40_000;
/** Weight of a new sample in the moving average of the time per byte. */
const BANDWIDTH_GAIN = 0.3;

/**
 * Congestion control for frames that share a link with metrics, from acknowledgements alone.
 *
 * - RTT: the minimum over a window, as in BBR (see `RttEstimator`).
 * - Queueing delay: the time to the acknowledgement beyond the minimum RTT. It signals congestion
 *   before any loss, as in TCP Vegas (Brakmo and Peterson 1995, IEEE JSAC 13(8)).
 * - Bandwidth: a frame occupies the link for at most its queueing delay and at most the time since
 *   the previous acknowledgement. The estimate is kept as its inverse, microseconds per byte.
 * - Congestion window, in frames: starts at one, grows by one with each acknowledged frame as in
 *   slow start (RFC 5681, section 3.1) and is halved on congestion: the multiplicative decrease of
 *   Chiu and Jain (1989, Computer Networks and ISDN Systems 17(1)). It is capped by the
 *   bandwidth-delay product.
 * - Pacing: after a frame with a long transmission time the link is left to metrics.
 * - Bit rate: frames are degraded before the link is full, see `RateController`.
 * - Priority: frames stop, and edge metrics are thinned, before core metrics are late, see
 *   `MetricPriority`.
 */
export class CongestionController {
  readonly #rtt = new RttEstimator();
  readonly #rate = new RateController();
  readonly #priority: MetricPriority;
  /** RTT against which the queueing delay of metrics is judged. */
  readonly #path = new PathRtt();
  /** Size of the last frame that was sent with the maximum degradation, in bytes. */
  #smallestFrameBytes = SMALL_FRAME_BYTES;
  /** Number of edge metrics so far. */
  #edgeMetrics = 0;
  #lastFrameAckUs = -Infinity;
  #usPerByte = 0;
  /** Congestion window in frames. */
  #window = 1;
  /** Whether the last acknowledged frame met congestion. */
  #congested = false;
  /** When the link is expected to have transmitted the last frame that was sent. */
  #linkFreeUs = -Infinity;
  readonly #frames = new FrameWindow();
  readonly #measuresLink: boolean;
  readonly #isLocal: boolean;
  /** Whether the path may have changed: on a slow link, transmission looks like a longer path. */
  #pathMayHaveChanged = false;

  /**
   * @param options.measuresLink whether `onLinkMeasured` is called when a measurement is due
   * @param options.isLocal whether messages take no network: frames then never stop for metrics, which
   *   a busy machine or disk delays
   */
  constructor(
    { measuresLink = false, isLocal = false }: {
      readonly measuresLink?: boolean;
      readonly isLocal?: boolean;
    } = {},
  ) {
    this.#isLocal = isLocal;
    this.#measuresLink = measuresLink;
    this.#priority = new MetricPriority({ measuresLink });
  }

  /** Whether the link should be measured, as frames may come back. */
  get measurementDue(): boolean {
    return this.#pathMayHaveChanged || this.#priority.measurementDue;
  }

  /** Degradation that frames should have: 0 for none, 1 for the maximum. */
  get degradation(): number {
    return this.#rate.degradation;
  }

  /** Whether frames are stopped, as the link is too slow for them. */
  get framesStopped(): boolean {
    return this.#priority.framesStopped;
  }

  /** One of this number of edge metrics may be sent: 1 for all of them. */
  get edgeInterval(): number {
    return this.#priority.edgeInterval;
  }

  /** Call once for each edge metric: returns whether it may be sent. */
  admitsEdgeMetric(): boolean {
    return this.#edgeMetrics++ % this.edgeInterval === 0;
  }

  /** Whether the congestion window has room for another frame. */
  canSend({ frames, bytes, oldest }: InFlight, nowUs: number): boolean {
    if (this.framesStopped) return false;
    if (frames === 0) return true;
    const transmissionUs = bytes * this.#usPerByte;
    const overdueUs = nowUs - (oldest?.sentUs ?? nowUs) - this.#rtt.minUs - transmissionUs;
    return frames < Math.min(this.#window, this.#bdpFrames) && overdueUs < LATE_ACK_US &&
      transmissionUs <= Math.max(MAX_IN_FLIGHT_US, this.#rtt.minUs);
  }

  /**
   * Pacing gap in microseconds before a frame of `bytes` may be sent. A frame with a long
   * transmission time waits until the previous one is transmitted, and once as long for metrics.
   */
  pacingGapUs(bytes: number, nowUs: number): number {
    const transmissionUs = bytes * this.#usPerByte;
    if (transmissionUs < PACED_FRAME_US) return 0;
    return Math.max(0, this.#linkFreeUs + Math.min(transmissionUs, MAX_PACING_GAP_US) - nowUs);
  }

  /** Call when a frame is sent. */
  onFrameSent(bytes: number, nowUs: number): void {
    this.#recordOffered(bytes, nowUs);
    this.#linkFreeUs = Math.max(this.#linkFreeUs, nowUs) + bytes * this.#usPerByte;
  }

  /** Call when a metric is acknowledged. Metrics are small: each is a sample of the RTT. */
  onMetricAcknowledged({ sentUs, acknowledgedUs }: Acknowledged): void {
    const delayUs = acknowledgedUs - sentUs;
    this.#addRttSample(delayUs, acknowledgedUs);
    const { isLinkUnloaded: unloaded } = this.#priority;
    if (this.#path.addSample(delayUs, acknowledgedUs, { unloaded })) {
      if (this.#measuresLink) this.#pathMayHaveChanged = true;
      else this.#priority.reset({ isSlow: false });
      this.#rtt.reset();
      this.#rtt.addSample(this.#path.minUs, acknowledgedUs);
    }
    this.#onMetricDelay(delayUs, acknowledgedUs);
  }

  /** Call regularly with the time for which the oldest core metric in flight has waited. */
  onMetricPending(waitedUs: number, nowUs: number): void {
    // A short wait is no evidence of a link without a queue.
    if (waitedUs - this.#path.minUs > CONGESTION_DELAY_US) this.#onMetricDelay(waitedUs, nowUs);
  }

  /** Takes a measurement that was due; undefined if it has failed. */
  onLinkMeasured(measured: LinkMeasurement | undefined, nowUs: number): void {
    const { usPerByte = Infinity } = measured ?? {};
    if (this.#pathMayHaveChanged && usPerByte === 0) this.#priority.reset({ isSlow: false });
    this.#pathMayHaveChanged = false;
    const hasRoom = usPerByte * this.#smallestFrameBytes <= MAX_FRAME_US;
    if (hasRoom && usPerByte > 0) this.#usPerByte = usPerByte;
    this.#priority.onLinkMeasured({ isSlow: usPerByte > 0, hasRoom }, nowUs);
  }

  /** Call when a frame is acknowledged. */
  onFrameAcknowledged({ sentUs, acknowledgedUs, bytes }: Acknowledged): void {
    const delayUs = acknowledgedUs - sentUs;
    this.#addRttSample(delayUs, acknowledgedUs);
    const queueingUs = delayUs - this.#rtt.minUs;
    const ackSpacingUs = acknowledgedUs - this.#lastFrameAckUs;
    const usPerByte = Math.max(0, Math.min(queueingUs, ackSpacingUs)) / Math.max(1, bytes);
    this.#lastFrameAckUs = acknowledgedUs;
    this.#linkFreeUs = Math.min(
      this.#linkFreeUs,
      acknowledgedUs + this.#rtt.minUs + MAX_PACING_GAP_US,
    );
    this.#usPerByte += BANDWIDTH_GAIN * (usPerByte - this.#usPerByte);
    this.#frames.addAcknowledged({ atUs: acknowledgedUs, bytes, usPerByte });
    this.#congested = queueingUs >= CONGESTION_DELAY_US;
    const { provisionalSinceUs = sentUs } = this.#rate;
    const isSmallest = this.degradation === 1 && sentUs >= provisionalSinceUs;
    if (isSmallest) this.#smallestFrameBytes = bytes;
    if (isSmallest && !this.#isLocal && usPerByte * bytes > MAX_FRAME_US) {
      this.#priority.stopFrames(acknowledgedUs);
    }
    this.#window = this.#congested
      ? Math.max(1, this.#window >> 1)
      : Math.min(this.#maxWindow, this.#window + 1);
    this.#adaptRate(sentUs, acknowledgedUs);
  }

  /**
   * Call when a queued frame is replaced by a newer one. That means congestion only if the frames
   * in flight are delayed; otherwise the window is still growing, or this machine was busy.
   */
  onFrameDisplaced(bytes: number, { oldest }: InFlight, nowUs: number): void {
    this.#recordOffered(bytes, nowUs);
    if (!oldest) return;
    const queueingUs = nowUs - oldest.sentUs - this.#rtt.minUs;
    if (queueingUs > OVERLOAD_DELAY_US) {
      const usPerByte = queueingUs / oldest.bytes;
      this.#rate.degradeProvisionally(nowUs, this.#degradationFor(HIGH_UTILIZATION, usPerByte));
    } else if (this.#congested || queueingUs > CONGESTION_DELAY_US) this.#rate.degrade(nowUs);
  }

  /**
   * Starts over for a new connection. Only the degradation is kept, as the network may be the same.
   *
   * @param options.rttUs RTT of the first reply, in microseconds; 0 if it is unknown.
   * @param options.usPerByte time per byte of the first messages, in microseconds; 0 if unknown.
   */
  reset(nowUs: number, { rttUs = 0, usPerByte = 0 } = {}): void {
    this.#rtt.reset();
    this.#priority.reset({ isSlow: usPerByte > 0 });
    this.#path.reset();
    this.#pathMayHaveChanged = false;
    if (usPerByte > 0) this.#usPerByte = usPerByte;
    if (rttUs > 0) this.#rtt.addSample(rttUs, nowUs);
    if (rttUs > LONG_RTT_US) this.#rate.degradeProvisionally(nowUs, LONG_RTT_DEGRADATION);
    this.#window = 1;
    this.#congested = false;
    this.#frames.forgetAcknowledged();
    this.#lastFrameAckUs = -Infinity;
    this.#linkFreeUs = -Infinity;
    this.#rate.reportModerateUtilization();
    const utilization = usPerByte * LARGE_FRAME_BYTES / FRAME_INTERVAL_US;
    if (utilization > HIGH_UTILIZATION) {
      const degradation = this.#rate.degradationFor(HIGH_UTILIZATION / utilization);
      this.#rate.degradeProvisionally(nowUs, degradation);
    }
    if (usPerByte * this.#smallestFrameBytes > MAX_FRAME_US) this.#priority.stopFrames(nowUs);
  }

  /** Bandwidth-delay product in frames, with a gain and a short queue. */
  get #bdpFrames(): number {
    const framesPerRtt = Math.floor(this.#framesIn(BDP_GAIN * this.#rtt.minUs));
    return Math.min(this.#maxWindow, Math.round(this.#framesIn(QUEUED_US)) + framesPerRtt);
  }

  get #maxWindow(): number {
    return Math.round(this.#framesIn(MAX_WINDOW_US));
  }

  /** Number of frames in a time, at 30 frames per second or the rate that is offered if higher. */
  #framesIn(us: number): number {
    return us * Math.max(1 / FRAME_INTERVAL_US, this.#frames.offeredPerUs);
  }

  #onMetricDelay(delayUs: number, nowUs: number): void {
    if (this.#isLocal) return;
    this.#priority.onDelay(delayUs - this.#path.minUs, nowUs);
    if (this.framesStopped) this.#rate.degradeProvisionally(nowUs, 1);
  }

  #addRttSample(rttUs: number, nowUs: number): void {
    const previousUs = this.#rtt.minUs;
    this.#rtt.addSample(rttUs, nowUs);
    // With the former, too short RTT the propagation delay was taken for queueing.
    if (this.#rtt.minUs > previousUs + CONGESTION_DELAY_US / 2) this.#rate.markProvisional(nowUs);
  }

  #recordOffered(bytes: number, atUs: number): void {
    this.#frames.addOffered({ atUs, bytes, degradation: this.#rate.degradation });
  }

  #adaptRate(sentUs: number, nowUs: number): void {
    const { provisionalSinceUs } = this.#rate;
    // A short stall may have caused a provisional degradation: only later frames are evidence.
    const isEvidence = provisionalSinceUs === undefined || sentUs >= provisionalSinceUs;
    if (!isEvidence) this.#frames.forgetAcknowledged();
    const { usPerByte, acknowledgedBytes } = this.#frames;
    if (acknowledgedBytes === 0) return;
    const utilization = usPerByte * acknowledgedBytes / ESTIMATION_WINDOW_US;
    if (utilization > HIGH_UTILIZATION) {
      this.#rate.degrade(nowUs, this.#degradationFor(HIGH_UTILIZATION, usPerByte));
    } else if (provisionalSinceUs !== undefined && !this.#congested) {
      this.#rate.recover(nowUs, this.#degradationFor(LOW_UTILIZATION, usPerByte));
    } else if (utilization < LOW_UTILIZATION) this.#rate.reportLowUtilization(nowUs);
    else this.#rate.reportModerateUtilization();
  }

  /** Degradation with which the offered frames take `utilization` of a link of this bandwidth. */
  #degradationFor(utilization: number, usPerByte: number): number {
    const offeredBytes = this.#frames.offeredBytes((degradation) =>
      this.#rate.bitRateRatioTo(degradation)
    );
    return this.#rate.degradationFor(
      utilization * ESTIMATION_WINDOW_US / (usPerByte * offeredBytes),
    );
  }
}
