import type { RegionSample } from "../../vision/region_sample.ts";
import type { BreathingEstimate, DetectionSample, RateSample, Sample } from "../estimate.ts";
import type { Withheld } from "../withheld.ts";
import type { BreathingPart, EstimateContext } from "../parts.ts";
import { ApneaDetector } from "./apnea.ts";
import { type ChestStretch, ChestTrack, TRACK_SECONDS } from "./chest_track.ts";
import { breathingConfidence, type BreathingModel, loadBreathingModel } from "./confidence.ts";
import { type WindowEvidence, windowsOf } from "./evidence.ts";
import { PulseModulations } from "./modulation.ts";
import { isHeadLed } from "./head_motion.ts";
import { describeBreaths } from "./shape.ts";
import { supported, votesOf } from "./auxiliary.ts";

/** Under this probability no number is shown to a person. */
const STRICT_GATE = 0.7;
/** The heavy part runs once in this time; a breath changes no faster. */
const REFRESH_US = 1_000_000;
/** A rate must have stood for this long before it is confirmed: three readings at the usual pace. */
const STANDING_US = 1_900_000;
/** Rates this close are the same rate, in breaths/min. */
const SAME_RATE = 2;
/** No window is shorter, so nothing can be said before. */
const WARM_UP_S = 8;
/** How sure a short window must be to overrule a longer one. */
const SURE_OF_CHANGE = 0.6;
/** A new rhythm has breaths of at least this share of the depth of the old; sway is less. */
const SAME_DEPTH = 0.35;
/** Until here a doubt is for want of breaths; slow ones take longer still. */
const SETTLED_S = 20;
/** Outside of this probability no witness changes what is told. */
const DOUBT = { low: 0.3, high: 0.95 } as const;
/** The chest must have been followed in this share of the last two seconds. */
const MIN_FOLLOWED = 0.5;
/** Over this share of samples left out for motion, motion is the reason. */
const MAX_MOVED = 0.1;
const MIN_FPS = 5;
/** In heights of the picture: even a distant chest rises by more, and noise and codecs by less. */
const MIN_AMPLITUDE = 1e-4;

export interface BreathingEstimatorOptions {
  /** @default the shipped model */
  readonly model?: BreathingModel;
}

interface Reading {
  readonly timeUs: number;
  readonly rate: number;
  readonly confidence: number;
}

/**
 * Breathing from the vertical motion of the chest: the engine's part for it. Samples are added
 * up as they come; once a second the newest 8 to 60 s are looked at.
 */
export class BreathingEstimator implements BreathingPart {
  readonly #model: BreathingModel;
  readonly #track = new ChestTrack();
  readonly #modulations = new PulseModulations();
  readonly #apnea = new ApneaDetector();
  #refreshedUs = -Infinity;
  #person: number | undefined;
  #readings: Reading[] = [];
  #withheld: Withheld | undefined = "warming_up";
  /** What a low probability is put down to. */
  #doubt: Withheld = "warming_up";
  #upperTrace: Sample[] = [];
  #news = emptyNews();
  #lastBreathUs = -Infinity;

  constructor({ model = loadBreathingModel() }: BreathingEstimatorOptions = {}) {
    this.#model = model;
  }

  /** Takes every sample. Cheap: no spectrum here. */
  push(sample: RegionSample): void {
    if (sample.face && sample.face.track !== this.#person) {
      if (this.#person !== undefined) this.reset();
      this.#person = sample.face.track;
    }
    this.#modulations.push(sample);
    const value = this.#track.push(sample);
    if (value !== undefined) this.#upperTrace.push({ timeUs: sample.timeUs, value });
    // Nobody may be asking: what was not fetched in ten seconds at 30 Hz is not wanted.
    if (this.#upperTrace.length > 300) this.#upperTrace.splice(0, 150);
  }

  /** The estimate at this context, with what is new since the one before. */
  estimate(context: EstimateContext): BreathingEstimate {
    if (context.pulse) this.#modulations.pushWave(context.pulse);
    if (context.obstacle === "camera_disconnected") this.#readings = [];
    else if (this.#track.newestUs - this.#refreshedUs >= REFRESH_US) this.#refresh(context);
    const reading = this.#agreed();
    const withheld = context.obstacle ?? this.#withheld ??
      (reading.confidence < STRICT_GATE ? this.#doubt : undefined);
    const news = this.#news;
    const upperTrace = this.#upperTrace;
    this.#news = emptyNews();
    this.#upperTrace = [];
    return {
      ...(withheld
        ? { withheld }
        : { strict: { value: reading.rate, confidence: reading.confidence } }),
      upperTrace,
      ...news,
    };
  }

  /** Forgets all samples, as for a new person. */
  reset(): void {
    this.#person = undefined;
    this.#track.clear();
    this.#modulations.reset();
    this.#apnea.reset();
    this.#readings = [];
    this.#withheld = "warming_up";
    this.#refreshedUs = this.#lastBreathUs = -Infinity;
    this.#upperTrace = [];
    this.#news = emptyNews();
  }

  #refresh({ fps, obstacle }: EstimateContext): void {
    this.#refreshedUs = this.#track.newestUs;
    const stretch = this.#track.stretch(TRACK_SECONDS);
    const windows = windowsOf(stretch);
    const breaths = windows.filter((window) => !isHeadLed(stretch, window));
    const { best, confidence: own } = this.#bestOf(breaths);
    const headLed = breaths.length < windows.length;
    const confidence = best ? this.#heard(stretch, best, own) : 0;
    const apnea = this.#apnea.look(stretch, {
      good: !obstacle && this.#track.followedShare(10) > 0.9,
      ...(best && confidence >= STRICT_GATE ? { amplitude: best.amplitude } : {}),
    });
    if (apnea) this.#news.apnea.push(apnea);
    const seconds = stretch.chest.length / stretch.sampleRateHz;
    this.#doubt = seconds < SETTLED_S ? "warming_up" : "low_quality";
    this.#withheld = this.#reason(stretch, { fps, apnea, best, headLed });
    this.#note({
      timeUs: this.#refreshedUs,
      rate: best?.rate ?? 0,
      confidence: this.#withheld ? 0 : confidence,
    });
    const { rate, confidence: sure } = this.#agreed();
    const timeUs = stretch.endUs;
    const stable = sure >= STRICT_GATE;
    if (best && !this.#withheld) {
      this.#news.rate.push({ timeUs, value: stable ? rate : best.rate, confidence: sure, stable });
    }
    if (best && stable) this.#describe(stretch, best);
  }

  /**
   * The window that is most likely right, unless a shorter one, which is nearer to the present,
   * is sure of another rate: then the shorter one, as breathing has changed.
   */
  #bestOf(windows: readonly WindowEvidence[]) {
    const judged = windows.map((window) => ({
      window,
      confidence: breathingConfidence(window.features, this.#model),
    }));
    let best = judged.reduce<typeof judged[number] | undefined>(
      (a, b) => (a && a.confidence > b.confidence ? a : b),
      undefined,
    );
    for (const other of judged) {
      if (best && other.window.seconds < best.window.seconds && contradicts(other, best)) {
        best = other;
      }
    }
    return { best: best?.window, confidence: best?.confidence ?? 0 };
  }

  /** The probability after the nose and the pulse were heard, where the chest leaves a doubt. */
  #heard(stretch: ChestStretch, { rate, seconds }: WindowEvidence, confidence: number): number {
    if (confidence < DOUBT.low || confidence > DOUBT.high) return confidence;
    const { nose, sampleRateHz } = stretch;
    const witnesses = [
      ...this.#modulations.read(seconds),
      ...(nose
        ? [{ name: "nose", signal: nose.subarray(-Math.round(seconds * sampleRateHz)) }]
        : []),
    ];
    const votes = votesOf(witnesses, { sampleRateHz, model: this.#model });
    return supported({ rate, confidence }, votes);
  }

  /** Why this second has nothing to say, whatever its spectrum. */
  #reason(
    stretch: ChestStretch,
    { fps, apnea, best, headLed }: {
      fps: number;
      apnea: DetectionSample | undefined;
      best: WindowEvidence | undefined;
      /** The head was seen to move the chest. */
      headLed: boolean;
    },
  ): Withheld | undefined {
    if (this.#track.followedShare(2) < MIN_FOLLOWED) return "no_chest";
    if (fps < MIN_FPS) return "low_frame_rate";
    if (stretch.movedShare > MAX_MOVED) return "motion";
    const seconds = stretch.chest.length / stretch.sampleRateHz;
    if (seconds < WARM_UP_S) return "warming_up";
    // A rate through a held breath would be a number for something that is not there.
    if (apnea?.detected || stretch.liveShare === 0) return "low_quality";
    if (best && best.amplitude < MIN_AMPLITUDE) return "low_quality";
    return headLed && !best ? "motion" : undefined;
  }

  /** Keeps the readings back to the youngest that is old enough to tell whether the rate stands. */
  #note(reading: Reading): void {
    const limitUs = reading.timeUs - STANDING_US;
    const old = this.#readings.findLastIndex(({ timeUs }) => timeUs <= limitUs);
    this.#readings = [...this.#readings.slice(Math.max(0, old)), reading];
  }

  /** The newest rate, as sure as the least sure of the readings it has stood for, if they agree. */
  #agreed(): { rate: number; confidence: number } {
    const newest = this.#readings.at(-1), oldest = this.#readings[0];
    if (!newest || !oldest || newest.timeUs - oldest.timeUs < STANDING_US) {
      return { rate: 0, confidence: 0 };
    }
    const agree = this.#readings.every(({ rate }) => Math.abs(rate - newest.rate) <= SAME_RATE);
    const confidence = Math.min(...this.#readings.map((reading) => reading.confidence));
    return { rate: newest.rate, confidence: agree ? confidence : 0 };
  }

  #describe(stretch: ChestStretch, evidence: WindowEvidence): void {
    const found = describeBreaths(stretch, evidence, { afterUs: this.#lastBreathUs });
    this.#lastBreathUs = found.lastBreathUs;
    this.#news.amplitude.push(...found.amplitude);
    this.#news.baseline.push(...found.baseline);
    this.#news.inhaleExhaleRatio.push(...found.inhaleExhaleRatio);
    this.#news.respiratoryLineLength.push(found.lineLength);
  }
}

/** True where a judged window is sure of a rate that is not the other's. */
function contradicts(
  { window, confidence }: { readonly window: WindowEvidence; readonly confidence: number },
  { window: other }: { readonly window: WindowEvidence },
): boolean {
  const apart = Math.abs(window.rate - other.rate) > Math.max(SAME_RATE, 0.12 * other.rate);
  return apart && confidence >= SURE_OF_CHANGE &&
    window.amplitude > SAME_DEPTH * other.amplitude;
}

interface News {
  readonly rate: RateSample[];
  readonly amplitude: Sample[];
  readonly apnea: DetectionSample[];
  readonly respiratoryLineLength: Sample[];
  readonly baseline: Sample[];
  readonly inhaleExhaleRatio: Sample[];
}

function emptyNews(): News {
  return {
    rate: [],
    amplitude: [],
    apnea: [],
    respiratoryLineLength: [],
    baseline: [],
    inhaleExhaleRatio: [],
  };
}
