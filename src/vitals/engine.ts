import { type MonotonicUs, monotonicUs } from "../base/time.ts";
import type { RegionSample } from "../vision/region_sample.ts";
import type { PulseEstimate, VitalsEngine, VitalsEstimate, VitalsOptions } from "./estimate.ts";
import type { Withheld } from "./withheld.ts";
import type { StatusName } from "./condition/status_table.ts";
import { BreathingEstimator } from "./breathing/estimator.ts";
import { conditionOf } from "./condition/condition.ts";
import { FreezeDetector } from "./condition/freeze_detector.ts";
import { DerivedVitals } from "./derived.ts";
import type { EstimateContext } from "./estimate_context.ts";
import { PulseEstimator, type PulseEstimatorOptions } from "./pulse/estimator.ts";

/** Period over which frames are counted and the condition is assessed. Chosen. */
const RECENT_US = 3_000_000;
/** Values are withheld if the newest frame is older than this. Chosen. */
const FRAME_TIMEOUT_US = 1_500_000;
/** A new measurement is explained by the change of the face for this long. Chosen. */
const FACE_CHANGED_US = 2_000_000;
/** A face without a pulse for this time may be a picture. Chosen. */
const WITHOUT_PULSE_US = 15_000_000;
/** After a longer gap between frames, another person may be in front of the camera. Chosen. */
const MAX_GAP_US = 2_000_000;

/** Options for `createVitalsEngine()`. */
export interface VitalsEngineOptions extends VitalsOptions {
  readonly pulse?: PulseEstimatorOptions;
}

/** Creates the vitals engine of one camera. */
export function createVitalsEngine(options: VitalsEngineOptions = {}): VitalsEngine {
  return new Engine(options);
}

class Engine implements VitalsEngine {
  readonly #pulse: PulseEstimator;
  readonly #breathing = new BreathingEstimator();
  readonly #derived: DerivedVitals;
  /** Samples of the last `RECENT_US`, oldest first. */
  #recent: RegionSample[] = [];
  #firstUs = Infinity;
  #condition: StatusName | undefined;
  #newest: RegionSample | undefined;
  readonly #freeze = new FreezeDetector();
  /** Track of the newest face. */
  #track: number | undefined;
  /** Number of tracks since the start. */
  #subjects = 0;
  /** When another face followed the one before, -Infinity for the first face. */
  #faceChangedUs = -Infinity;
  /** When the face last had a pulse, or a reason for having none. */
  #explainedUs = -Infinity;
  #frames = 0;
  #disconnected = false;
  #isGrayscale = false;
  /** The `strict` breathing rate of the last estimate, if it had one. */
  #breathsPerMinute: number | undefined;

  constructor(options: VitalsEngineOptions) {
    this.#pulse = new PulseEstimator(options.pulse);
    this.#derived = new DerivedVitals(options);
  }

  push(sample: RegionSample): void {
    if (this.#newest && sample.timeUs <= this.#newest.timeUs) return;
    if (this.#newest && sample.timeUs - this.#newest.timeUs > MAX_GAP_US) this.reset();
    this.#newest = sample;
    this.#frames++;
    this.#firstUs = Math.min(this.#firstUs, sample.timeUs);
    this.#recent.push(sample);
    while (this.#recent[0]!.timeUs < sample.timeUs - RECENT_US) this.#recent.shift();
    if (this.#isRepeated(sample)) return;
    this.#followFace(sample);
    this.#followColor(sample);
    this.#breathing.push(sample);
    if (this.#isGrayscale) return;
    this.#pulse.push(sample);
    this.#derived.push(sample);
  }

  /** True while the picture is frozen; nothing from before it stays valid. */
  #isRepeated(sample: RegionSample): boolean {
    const before = this.#freeze.isFrozen;
    this.#freeze.push(sample);
    if (before !== this.#freeze.isFrozen) this.reset();
    return this.#freeze.isFrozen;
  }

  /** Starts anew for another face: no value of one person is ever shown for another. */
  #followFace({ face, timeUs }: RegionSample): void {
    if (!face || face.track === this.#track) return;
    if (this.#track !== undefined) {
      this.reset();
      this.#faceChangedUs = timeUs;
    }
    this.#track = face.track;
    this.#subjects++;
  }

  /** Starts the pulse anew if the camera changes between color and grayscale, as at dusk. */
  #followColor({ isGrayscale = false }: RegionSample): void {
    if (isGrayscale === this.#isGrayscale) return;
    this.#isGrayscale = isGrayscale;
    this.#pulse.reset();
    this.#derived.reset();
  }

  estimate(nowUs: MonotonicUs = this.#newest?.timeUs ?? monotonicUs(0)): VitalsEstimate {
    const newest = this.#newest;
    const timeUs = newest?.timeUs ?? nowUs;
    const fps = this.#fps(nowUs);
    this.#condition = this.#assessCondition(nowUs);
    const obstacle = this.#obstacle(nowUs);
    const explanation = explanationOf(this.#condition);
    const pulse = this.#isGrayscale
      ? withheldPulse(obstacle ?? explanation ?? "low_quality")
      : this.#explain(
        this.#pulse.estimate({
          ...(obstacle ? { obstacle } : {}),
          ...(explanation ? { explanation } : {}),
          ...(this.#breathsPerMinute ? { breathsPerMinute: this.#breathsPerMinute } : {}),
        }),
        timeUs,
      );
    if (pulse.withheld !== "low_quality" || this.#isGrayscale) this.#explainedUs = timeUs;
    const bvpWindow = this.#pulse.wave;
    const context: EstimateContext = {
      nowUs,
      fps,
      ...(obstacle ? { obstacle } : {}),
      ...(bvpWindow ? { bvpWindow } : {}),
    };
    const breathing = this.#explain(this.#breathing.estimate(context), timeUs);
    this.#breathsPerMinute = breathing.strict?.value;
    const { beats, hrv, respirationQuotient, ...derived } = this.#derived.estimate(context, {
      pulse,
      breathing,
    });
    return {
      timeUs,
      frameCount: this.#frames,
      ...(this.#subjects > 0 ? { subject: this.#subjects } : {}),
      ...(timeUs - this.#explainedUs >= WITHOUT_PULSE_US ? { isFaceWithoutPulse: true } : {}),
      ...(this.#isGrayscale ? { isGrayscale: true } : {}),
      pulse: {
        ...pulse,
        ...(beats ? { beats } : {}),
        ...(hrv ? { hrv } : {}),
        respirationQuotient,
      },
      breathing,
      ...derived,
      condition: this.#condition,
      signal: {
        ...(bvpWindow ? { snrDb: bvpWindow.snrDb } : {}),
        brightness: newest?.brightness ?? 0,
        saturatedFraction: newest?.clipped ?? 0,
        fps,
      },
    };
  }

  setDisconnected(disconnected: boolean): void {
    if (this.#disconnected && !disconnected) this.#firstUs = Infinity;
    this.#disconnected = disconnected;
  }

  reset(): void {
    this.#pulse.reset();
    this.#breathing.reset();
    this.#derived.reset();
    this.#breathsPerMinute = undefined;
  }

  #assessCondition(nowUs: number): StatusName {
    return conditionOf({
      samples: this.#recent,
      nowUs,
      disconnected: this.#disconnected,
      frozen: this.#freeze.isFrozen,
      firstSampleUs: this.#firstUs,
      ...(this.#condition ? { previous: this.#condition } : {}),
    });
  }

  /** Says for some time that a measurement has started again because of another face. */
  #explain<Estimate extends { readonly withheld?: Withheld }>(
    estimate: Estimate,
    timeUs: number,
  ): Estimate {
    const isNew = timeUs - this.#faceChangedUs < FACE_CHANGED_US;
    return isNew && estimate.withheld === "warming_up"
      ? { ...estimate, withheld: "face_changed" }
      : estimate;
  }

  /** Returns why no vital can be estimated, or undefined if nothing prevents it. */
  #obstacle(nowUs: number): Withheld | undefined {
    const newest = this.#newest;
    if (this.#disconnected) return "camera_disconnected";
    if (!newest) return "warming_up";
    if (nowUs - newest.timeUs > FRAME_TIMEOUT_US) return "camera_disconnected";
    if (this.#freeze.isFrozen) return "frozen";
    if (!newest.face) return "no_face";
    if (this.#condition === "FRAME_RATE_TOO_LOW") return "low_frame_rate";
    return undefined;
  }

  #fps(nowUs: number): number {
    const first = this.#recent[0]?.timeUs;
    const last = this.#newest?.timeUs;
    if (first === undefined || last === undefined || last === first) return 0;
    const spanUs = Math.max(last, nowUs - FRAME_TIMEOUT_US) - first;
    return ((this.#recent.length - 1) * 1e6) / spanUs;
  }
}

/**
 * The pulse of grayscale images: none. Only color distinguishes blood from motion and from light that
 * falls on the face alone: one channel has a confidence of 1 for either (docs/vitals/pulse.md).
 */
function withheldPulse(withheld: Withheld): PulseEstimate {
  return { withheld, rate: [], trace: [], respirationQuotient: [] };
}

/** Returns the reason by which a condition of the image explains a pulse of low quality. */
function explanationOf(condition: StatusName): Withheld | undefined {
  switch (condition) {
    case "IMAGE_TOO_DARK":
      return "too_dark";
    case "IMAGE_TOO_BRIGHT":
      return "too_bright";
    case "EXCESSIVE_MOTION":
      return "motion";
    default:
      return undefined;
  }
}
