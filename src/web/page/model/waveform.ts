/** Samples that are kept: 48 s at 30 frames per second, the widest sweep of breathing. */
const CAPACITY = 1500;
/** A pause above which no line is drawn, in microseconds. */
const GAP_US = 0.5e6;
/** A device's clock was set if it differs from the estimate by more, in microseconds. */
const CLOCK_STEP_US = 2e6;
/** The newest samples are drawn this much later than captured, so that none is drawn twice. */
const DELAY_US = 0.3e6;

/** CSS defines 96 px as an inch of 25.4 mm. */
export const PX_PER_MM = 96 / 25.4;

interface Sample {
  readonly timestamp: number;
  readonly value: number;
}

/** The newest samples of a waveform in the order of their times, in a ring. */
export class WaveformBuffer {
  readonly #times = new Float64Array(CAPACITY);
  readonly #values = new Float32Array(CAPACITY);
  #start = 0;
  #length = 0;
  /** Offset from the page's clock to the device's clock, in microseconds. */
  #offsetUs: number | undefined;

  get length(): number {
    return this.#length;
  }

  /** Adds samples; one with a known timestamp replaces the earlier sample. */
  add(samples: unknown, nowMs: number): void {
    if (!Array.isArray(samples)) return;
    for (const sample of samples.slice(-CAPACITY)) if (isSample(sample)) this.#insert(sample);
    const newest = this.#timeAt(this.#length - 1);
    if (newest === undefined) return;
    const offset = newest - nowMs * 1000;
    const known = this.#offsetUs;
    // Smoothed, so that jitter in the arrival of messages does not make the waveform jerk.
    this.#offsetUs = known === undefined || Math.abs(offset - known) > CLOCK_STEP_US
      ? offset
      : known + (offset - known) * 0.05;
  }

  /** Time of the device at which a sweep ends now, in microseconds; undefined without samples. */
  endUs(nowMs: number): number | undefined {
    return this.#offsetUs === undefined ? undefined : nowMs * 1000 + this.#offsetUs - DELAY_US;
  }

  /**
   * Passes each sample between two times to `visit`, in order.
   *
   * @param visit `connected` is false for the first sample and after a gap.
   */
  forEach(
    { fromUs, toUs }: { readonly fromUs: number; readonly toUs: number },
    visit: (timeUs: number, value: number, connected: boolean) => void,
  ): void {
    let previous = -Infinity;
    for (let index = 0; index < this.#length; index++) {
      const at = (this.#start + index) % CAPACITY;
      const time = this.#times[at]!;
      if (time < fromUs || time > toUs) continue;
      visit(time, this.#values[at]!, time - previous <= GAP_US);
      previous = time;
    }
  }

  #timeAt(index: number): number | undefined {
    return index < 0 ? undefined : this.#times[(this.#start + index) % CAPACITY];
  }

  #insert({ timestamp, value }: Sample): void {
    const newest = this.#timeAt(this.#length - 1);
    // A clock that was set back starts a new waveform.
    if (newest !== undefined && timestamp < newest - CLOCK_STEP_US) this.#length = 0;
    let index = this.#length;
    while (index > 0 && this.#timeAt(index - 1)! > timestamp) index--;
    if (index > 0 && this.#timeAt(index - 1) === timestamp) {
      this.#values[(this.#start + index - 1) % CAPACITY] = value;
      return;
    }
    if (this.#length === CAPACITY) {
      if (index === 0) return;
      this.#start = (this.#start + 1) % CAPACITY;
      this.#length--;
      index--;
    }
    for (let to = this.#length; to > index; to--) {
      const [from, at] = [(this.#start + to - 1) % CAPACITY, (this.#start + to) % CAPACITY];
      this.#times[at] = this.#times[from]!;
      this.#values[at] = this.#values[from]!;
    }
    const at = (this.#start + index) % CAPACITY;
    this.#times[at] = timestamp;
    this.#values[at] = value;
    this.#length++;
  }
}

function isSample(value: unknown): value is Sample {
  const { timestamp, value: level } = (value ?? {}) as Partial<Sample>;
  return Number.isFinite(timestamp) && Number.isFinite(level);
}

/** A sweep from left to right at a constant speed, which starts again at the left edge. */
export class Sweep {
  readonly #pxPerS: number;
  readonly #widthPx: number;

  /**
   * @param widthPx Width in CSS pixels.
   * @param mmPerS Speed, in CSS millimeters (`PX_PER_MM`) per second.
   */
  constructor({ widthPx, mmPerS }: { readonly widthPx: number; readonly mmPerS: number }) {
    this.#pxPerS = mmPerS * PX_PER_MM;
    this.#widthPx = Math.max(1, widthPx);
  }

  /** Duration of a sweep, in microseconds. */
  get spanUs(): number {
    return this.#widthPx / this.#pxPerS * 1e6;
  }

  /** Position of a time, in CSS pixels from the left edge. */
  xOf(timeUs: number): number {
    return (timeUs / 1e6 * this.#pxPerS) % this.#widthPx;
  }
}
