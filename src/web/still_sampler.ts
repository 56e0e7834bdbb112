/** Interval of stills, in milliseconds. */
const INTERVAL_MS = 1000;

export interface StillSamplerOptions {
  /** Begins to receive the frames of a device, which then publishes at its full rate. */
  readonly open: (device: string) => void;
  readonly close: (device: string) => void;
  /** Returns a random number from 0 to 1. @default Math.random */
  readonly random?: () => number;
}

interface Sampled {
  readonly timer: ReturnType<typeof setTimeout> | undefined;
  /** True until the first frame, after which a random delay spreads the devices over the second. */
  readonly isFirst: boolean;
}

/**
 * Receives about one frame a second of each device. A device publishes at its full rate while it has
 * subscribers, so that each subscription ends with its first frame.
 */
export class StillSampler implements Disposable {
  readonly #options: StillSamplerOptions;
  readonly #devices = new Map<string, Sampled>();

  constructor(options: StillSamplerOptions) {
    this.#options = options;
  }

  start(device: string): void {
    if (this.#devices.has(device)) return;
    this.#devices.set(device, { timer: undefined, isFirst: true });
    this.#options.open(device);
  }

  /** Call when a frame of the device has arrived. */
  onFrame(device: string): void {
    const sampled = this.#devices.get(device);
    if (!sampled || sampled.timer !== undefined) return;
    this.#options.close(device);
    const { random = Math.random } = this.#options;
    const delayMs = INTERVAL_MS + (sampled.isFirst ? random() * INTERVAL_MS : 0);
    const timer = setTimeout(() => {
      this.#devices.set(device, { timer: undefined, isFirst: false });
      this.#options.open(device);
    }, delayMs);
    this.#devices.set(device, { timer, isFirst: false });
  }

  stop(device: string): void {
    const sampled = this.#devices.get(device);
    if (!sampled) return;
    clearTimeout(sampled.timer);
    this.#devices.delete(device);
    if (sampled.timer === undefined) this.#options.close(device);
  }

  [Symbol.dispose](): void {
    for (const device of [...this.#devices.keys()]) this.stop(device);
  }
}
