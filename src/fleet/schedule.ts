import { type MonotonicUs, monotonicUs } from "../base/time.ts";

/** When a message of one device is due. */
export interface Due {
  /** Position of the device in the fleet. */
  readonly device: number;
  readonly atUs: MonotonicUs;
}

/** The times of a periodic message of many devices, whose phases are spread over the interval. */
export class Schedule {
  readonly #intervalUs: number;
  /** Devices by their phases in microseconds, in ascending order. */
  readonly #phases: readonly { readonly device: number; readonly phaseUs: number }[];
  #position = 0;
  #roundUs: number;

  /** @param phases a phase from 0 to below 1 for each device, as a fraction of the interval */
  constructor(
    phases: readonly number[],
    { intervalUs, startUs }: { readonly intervalUs: number; readonly startUs: MonotonicUs },
  ) {
    this.#intervalUs = intervalUs;
    this.#roundUs = startUs;
    this.#phases = phases.map((phase, device) => ({ device, phaseUs: phase * intervalUs }))
      .sort((a, b) => a.phaseUs - b.phaseUs);
  }

  /** When the next message is due; Infinity without devices. */
  get nextUs(): number {
    const next = this.#phases[this.#position];
    return next ? this.#roundUs + next.phaseUs : Infinity;
  }

  /** Returns up to `limit` messages that are due at `nowUs`, in their order, each once. */
  due(nowUs: MonotonicUs, limit: number): readonly Due[] {
    const due: Due[] = [];
    while (this.nextUs <= nowUs && due.length < limit) {
      const { device } = this.#phases[this.#position]!;
      due.push({ device, atUs: monotonicUs(Math.round(this.nextUs)) });
      if (++this.#position < this.#phases.length) continue;
      this.#position = 0;
      this.#roundUs += this.#intervalUs;
    }
    return due;
  }
}
