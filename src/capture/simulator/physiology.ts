import { Random } from "./random.ts";
import { rateAt, type RateSchedule } from "./rate_schedule.ts";

export interface PhysiologyOptions {
  /** Beats/min; 0 is no pulse. @default 72 */
  readonly pulse?: RateSchedule;
  /** Breaths/min; 0 holds the breath. @default 15 */
  readonly breathing?: RateSchedule;
  /** Scale of the heart rate variability: 1 is an adult at rest, 0 a metronome. @default 1 */
  readonly variability?: number;
  /** @default 1 */
  readonly seed?: number;
}

/** State of the simulated person at one time. */
export interface PhysiologyState {
  /** Seconds since the start. */
  readonly timeS: number;
  /** Phase of the pulse: 0 at the onset of a beat, rising to 1 at the next onset. */
  readonly pulsePhase: number;
  /** Blood volume pulse of mean 0 and range about 1; positive is more blood. */
  readonly bvp: number;
  /** Instantaneous pulse rate in beats/min. */
  readonly pulseRate: number;
  /** Chest expansion: 0 after exhaling, 1 after inhaling. */
  readonly breath: number;
  /** Instantaneous breathing rate in breaths/min. */
  readonly breathRate: number;
}

/** Step in seconds at which phases are integrated. */
const STEP_S = 0.005;

/** Two Gaussians per beat, systolic and dicrotic; position and width as fractions of the beat. */
const PULSE_GAUSSIANS = [
  { at: 0.28, width: 0.1, height: 1 },
  { at: 0.6, width: 0.13, height: 0.4 },
] as const;
const PULSE_MEAN = PULSE_GAUSSIANS.reduce(
  (sum, { width, height }) => sum + height * width * Math.sqrt(2 * Math.PI),
  0,
);

/** Inhalation as a fraction of the breath, at rest. */
const INHALE_FRACTION = 0.4;

/** Amplitude of respiratory sinus arrhythmia as a fraction of the heart rate, at 70 beats/min. */
const SINUS_ARRHYTHMIA = 0.022;
/** Mayer waves: oscillations of blood pressure near 0.1 Hz that modulate the heart rate. */
const MAYER_WAVES = { hz: 0.1, amplitude: 0.012 };
/** Slower oscillations of the heart rate, whose amplitude falls with frequency like 1/f. */
const SLOW_OSCILLATIONS = [{ hz: 0.017, amplitude: 0.004 }, { hz: 0.031, amplitude: 0.003 }, {
  hz: 0.053,
  amplitude: 0.002,
}];
const OSCILLATIONS = [...SLOW_OSCILLATIONS, MAYER_WAVES];
/** Standard deviation of the random factor on the rate of each beat. */
const BEAT_JITTER = 0.005;

/**
 * Pulse and breathing of a simulated person.
 *
 * Beats come from integral pulse frequency modulation: the scheduled heart rate is modulated by
 * breathing (respiratory sinus arrhythmia), by Mayer waves at 0.1 Hz and by slower oscillations, all
 * of mean 0, so that the mean rate equals the scheduled one. Each beat is the sum of two Gaussians,
 * as in McSharry et al., IEEE Trans Biomed Eng 50(3), 2003.
 */
export class Physiology {
  readonly #pulseAt: (timeS: number) => number;
  readonly #breathingAt: (timeS: number) => number;
  readonly #variability: number;
  readonly #random: Random;
  readonly #oscillationPhases: readonly number[];
  #steps = 0;
  #beatPhase: number;
  #breathPhase: number;
  #pulseRate = 0;
  #breathRate = 0;
  /** Random amplitude of the current beat, its rate factor, and the depth of the current breath. */
  #beatAmplitude = 1;
  #beatRateFactor = 1;
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
    this.#oscillationPhases = OSCILLATIONS.map(() => 2 * Math.PI * this.#random.uniform());
    this.#beatPhase = this.#random.uniform();
    this.#breathPhase = this.#random.uniform();
    this.#updateRates();
  }

  /**
   * Advances the simulation and returns its state.
   *
   * @param timeS seconds since the start.
   * @throws {RangeError} if the time precedes that of the previous call.
   */
  advanceTo(timeS: number): PhysiologyState {
    const steps = Math.floor(timeS / STEP_S);
    if (steps < this.#steps) {
      const currentS = this.#steps * STEP_S;
      throw new RangeError(`Cannot go back to ${timeS} s: current value is ${currentS} s`);
    }
    while (this.#steps < steps) this.#step();
    const restS = timeS - this.#steps * STEP_S;
    const beatPhase = this.#beatPhase + (this.#pulseRate / 60) * restS;
    const breathPhase = this.#breathPhase + (this.#breathRate / 60) * restS;
    const breath = this.#breathDepth * chestExpansionAt(breathPhase % 1);
    return {
      timeS,
      pulsePhase: beatPhase % 1,
      bvp: this.#pulseRate === 0 ? 0 : this.#beatAmplitude * bvpAt(beatPhase % 1),
      pulseRate: this.#pulseRate,
      breath,
      breathRate: this.#breathRate,
    };
  }

  /** Returns the onsets of the beats since the previous call, in seconds. */
  takeBeats(): number[] {
    const beats = this.#beats;
    this.#beats = [];
    return beats;
  }

  /** Returns the onsets of inhalation since the previous call, in seconds. */
  takeBreaths(): number[] {
    const breaths = this.#breaths;
    this.#breaths = [];
    return breaths;
  }

  #step(): void {
    const beatStep = (this.#pulseRate / 60) * STEP_S;
    const breathStep = (this.#breathRate / 60) * STEP_S;
    const startS = this.#steps * STEP_S;
    const beat = Math.floor(this.#beatPhase) + 1;
    const breath = Math.floor(this.#breathPhase) + 1;
    this.#steps++;
    if (this.#beatPhase + beatStep >= beat) {
      this.#beats.push(startS + ((beat - this.#beatPhase) / beatStep) * STEP_S);
      this.#beatAmplitude = 1 + 0.04 * this.#variability * this.#random.gaussian();
      this.#beatRateFactor = 1 + BEAT_JITTER * this.#variability * this.#random.gaussian();
    }
    if (this.#breathPhase + breathStep >= breath) {
      this.#breaths.push(startS + ((breath - this.#breathPhase) / breathStep) * STEP_S);
      this.#breathDepth = 1 + 0.06 * this.#variability * this.#random.gaussian();
    }
    this.#beatPhase += beatStep;
    this.#breathPhase += breathStep;
    this.#updateRates();
  }

  #updateRates(): void {
    const timeS = this.#steps * STEP_S;
    this.#breathRate = this.#breathingAt(timeS);
    const nominal = this.#pulseAt(timeS);
    if (nominal === 0) {
      this.#pulseRate = 0;
      return;
    }
    // A fast heart varies less, and slow breathing must not shift the mean over a few seconds.
    const scale = this.#variability * Math.min(1.2, Math.max(0.35, 70 / nominal));
    const arrhythmia = SINUS_ARRHYTHMIA * Math.min(1, this.#breathRate / 12);
    let deviation = arrhythmia * (2 * chestExpansionAt(this.#breathPhase % 1) - 1);
    for (const [i, { hz, amplitude }] of OSCILLATIONS.entries()) {
      deviation += amplitude * Math.sin(2 * Math.PI * hz * timeS + this.#oscillationPhases[i]!);
    }
    this.#pulseRate = nominal * (1 + scale * deviation) * this.#beatRateFactor;
  }
}

/** Returns the blood volume pulse, of mean 0, at a phase of 0 to 1. */
function bvpAt(phase: number): number {
  let sum = -PULSE_MEAN;
  for (const { at, width, height } of PULSE_GAUSSIANS) {
    for (let beat = -1; beat <= 1; beat++) {
      const z = (phase - at + beat) / width;
      sum += height * Math.exp(-0.5 * z * z);
    }
  }
  return sum;
}

/** Returns the chest expansion at a phase of 0 to 1: smooth, exhaling slower than inhaling. */
function chestExpansionAt(phase: number): number {
  return phase < INHALE_FRACTION
    ? (1 - Math.cos((Math.PI * phase) / INHALE_FRACTION)) / 2
    : (1 + Math.cos((Math.PI * (phase - INHALE_FRACTION)) / (1 - INHALE_FRACTION))) / 2;
}
