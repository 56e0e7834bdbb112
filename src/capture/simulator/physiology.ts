import { Random } from "./random.ts";
import { rateAt, type RateSchedule } from "./rate_schedule.ts";

export interface PhysiologyOptions {
  /** Beats/min; 0 is no pulse. @default 72 */
  readonly pulse?: RateSchedule;
  /** Breaths/min; 0 holds the breath. @default 15 */
  readonly breathing?: RateSchedule;
  /** How much the intervals between beats vary: 1 is a resting adult, 0 a metronome. @default 1 */
  readonly variability?: number;
  /** @default 1 */
  readonly seed?: number;
}

/** What is true of the simulated person at one moment. */
export interface PhysiologyState {
  readonly timeS: number;
  /** 0 at a beat's onset, growing to 1 at the next. */
  readonly pulsePhase: number;
  /** Blood volume pulse, its mean 0 and its range about 1; up is more blood. */
  readonly bvp: number;
  /** Beats/min at this moment. */
  readonly pulseRate: number;
  /** How full the chest is: 0 after breathing out, 1 after breathing in. */
  readonly breath: number;
  /** Breaths/min at this moment. */
  readonly breathRate: number;
}

/** Seconds between the points on which phases are integrated. */
const STEP_S = 0.005;

/** Two Gaussians a beat, systolic and dicrotic: place and width in shares of the beat. */
const WAVES = [
  { at: 0.28, width: 0.1, height: 1 },
  { at: 0.6, width: 0.13, height: 0.4 },
] as const;
const WAVE_MEAN = WAVES.reduce(
  (sum, { width, height }) => sum + height * width * Math.sqrt(2 * Math.PI),
  0,
);

/** Breathing in takes this share of a breath, at rest. */
const INHALE_SHARE = 0.4;

/** Deviations of the heart rate, as shares of it, at 70 beats/min. */
const SINUS_ARRHYTHMIA = 0.022;
const MAYER_WAVES = { hz: 0.1, share: 0.012 };
/** Slow waves: shares that fall as frequency grows, like 1/f. */
const SLOW_WAVES = [{ hz: 0.017, share: 0.004 }, { hz: 0.031, share: 0.003 }, {
  hz: 0.053,
  share: 0.002,
}];
const BEAT_JITTER = 0.005;

/**
 * A person's pulse and breathing, followed from the start onwards.
 *
 * Beats come by integral pulse frequency modulation: the heart rate is the scheduled one, modulated
 * by breathing (respiratory sinus arrhythmia), by Mayer waves at 0.1 Hz and by slower waves, all of
 * mean 0, so that the mean rate stays the scheduled one. Each beat is two Gaussians, as in
 * McSharry et al., IEEE Trans Biomed Eng 50(3), 2003.
 */
export class Physiology {
  readonly #pulseAt: (timeS: number) => number;
  readonly #breathingAt: (timeS: number) => number;
  readonly #variability: number;
  readonly #random: Random;
  readonly #wavePhases: readonly number[];
  #steps = 0;
  #beatPhase: number;
  #breathPhase: number;
  #rate = 0;
  #breathRate = 0;
  /** What is particular to the present beat and breath. */
  #beatHeight = 1;
  #beatTempo = 1;
  #breathDepth = 1;
  #beats: number[] = [];
  #breaths: number[] = [];

  constructor(
    { pulse = 72, breathing = 15, variability = 1, seed = 1 }: PhysiologyOptions = {},
  ) {
    this.#pulseAt = rateAt(pulse);
    this.#breathingAt = rateAt(breathing);
    this.#variability = variability;
    this.#random = new Random(seed, 1);
    this.#wavePhases = [...SLOW_WAVES, MAYER_WAVES].map(() => 2 * Math.PI * this.#random.uniform());
    this.#beatPhase = this.#random.uniform();
    this.#breathPhase = this.#random.uniform();
    this.#readRates();
  }

  /**
   * Follows time to `timeS`, in seconds since the start.
   *
   * @throws {RangeError} for a time before the last one.
   */
  advanceTo(timeS: number): PhysiologyState {
    const steps = Math.floor(timeS / STEP_S);
    if (steps < this.#steps) throw new RangeError(`Cannot go back in time: to ${timeS} s`);
    while (this.#steps < steps) this.#step();
    const restS = timeS - this.#steps * STEP_S;
    const beatPhase = this.#beatPhase + (this.#rate / 60) * restS;
    const breathPhase = this.#breathPhase + (this.#breathRate / 60) * restS;
    const breath = this.#breathDepth * chestAt(breathPhase % 1);
    return {
      timeS,
      pulsePhase: beatPhase % 1,
      bvp: this.#rate === 0 ? 0 : this.#beatHeight * waveAt(beatPhase % 1),
      pulseRate: this.#rate,
      breath,
      breathRate: this.#breathRate,
    };
  }

  /** The beats' onsets, in seconds, that passed since this was last asked. */
  takeBeats(): number[] {
    const beats = this.#beats;
    this.#beats = [];
    return beats;
  }

  /** The moments, in seconds, at which breathing in began since this was last asked. */
  takeBreaths(): number[] {
    const breaths = this.#breaths;
    this.#breaths = [];
    return breaths;
  }

  #step(): void {
    const beatStep = (this.#rate / 60) * STEP_S;
    const breathStep = (this.#breathRate / 60) * STEP_S;
    const startS = this.#steps * STEP_S;
    const beat = Math.floor(this.#beatPhase) + 1;
    const breath = Math.floor(this.#breathPhase) + 1;
    this.#steps++;
    if (this.#beatPhase + beatStep >= beat) {
      this.#beats.push(startS + ((beat - this.#beatPhase) / beatStep) * STEP_S);
      this.#beatHeight = 1 + 0.04 * this.#variability * this.#random.gaussian();
      this.#beatTempo = 1 + BEAT_JITTER * this.#variability * this.#random.gaussian();
    }
    if (this.#breathPhase + breathStep >= breath) {
      this.#breaths.push(startS + ((breath - this.#breathPhase) / breathStep) * STEP_S);
      this.#breathDepth = 1 + 0.06 * this.#variability * this.#random.gaussian();
    }
    this.#beatPhase += beatStep;
    this.#breathPhase += breathStep;
    this.#readRates();
  }

  #readRates(): void {
    const timeS = this.#steps * STEP_S;
    this.#breathRate = this.#breathingAt(timeS);
    const nominal = this.#pulseAt(timeS);
    if (nominal === 0) {
      this.#rate = 0;
      return;
    }
    // A fast heart varies less; slow breathing must not shift the mean over a few seconds.
    const freedom = this.#variability * Math.min(1.2, Math.max(0.35, 70 / nominal));
    const arrhythmia = SINUS_ARRHYTHMIA * Math.min(1, this.#breathRate / 12);
    let deviation = arrhythmia * (2 * chestAt(this.#breathPhase % 1) - 1);
    for (const [i, { hz, share }] of [...SLOW_WAVES, MAYER_WAVES].entries()) {
      deviation += share * Math.sin(2 * Math.PI * hz * timeS + this.#wavePhases[i]!);
    }
    this.#rate = nominal * (1 + freedom * deviation) * this.#beatTempo;
  }
}

/** The pulse wave at a phase of 0 to 1, its mean 0. */
function waveAt(phase: number): number {
  let sum = -WAVE_MEAN;
  for (const { at, width, height } of WAVES) {
    for (let beat = -1; beat <= 1; beat++) {
      const z = (phase - at + beat) / width;
      sum += height * Math.exp(-0.5 * z * z);
    }
  }
  return sum;
}

/** How full the chest is at a phase of 0 to 1: smooth, breathing out slower than in. */
function chestAt(phase: number): number {
  return phase < INHALE_SHARE
    ? (1 - Math.cos((Math.PI * phase) / INHALE_SHARE)) / 2
    : (1 + Math.cos((Math.PI * (phase - INHALE_SHARE)) / (1 - INHALE_SHARE))) / 2;
}
