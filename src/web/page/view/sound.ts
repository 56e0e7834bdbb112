import { BURSTS } from "../model/alarm_sound.ts";
import type { Priority } from "../protocol.ts";

const VOLUME = 0.4;
/** Rise and fall of a pulse, in seconds, without which it clicks. */
const RAMP_S = 0.02;

/** Tones of the alarms. Browsers allow sound only after a click, so it is off at first. */
export class AlarmSound {
  #context: AudioContext | undefined;
  #priority: Priority | undefined;
  #next: ReturnType<typeof setTimeout> | undefined;

  get isOn(): boolean {
    return this.#context?.state === "running";
  }

  /** Switches the sound; call it from the handler of a click or key. */
  async toggle(): Promise<void> {
    if (this.isOn) {
      await this.#context?.suspend();
      clearTimeout(this.#next);
      this.#next = undefined;
    } else {
      this.#context ??= new AudioContext();
      await this.#context.resume();
      this.#sound();
    }
  }

  /** Sounds a priority until another is set; a higher one at once. */
  set(priority: Priority | undefined): void {
    if (priority === this.#priority) return;
    this.#priority = priority;
    clearTimeout(this.#next);
    this.#next = undefined;
    this.#sound();
  }

  #sound(): void {
    const context = this.#context;
    if (!context || !this.isOn || !this.#priority || this.#next !== undefined) return;
    const { startsS, pulseS, frequencyHz, intervalS } = BURSTS[this.#priority];
    for (const start of startsS) this.#pulse(context, { start, pulseS, frequencyHz });
    this.#next = setTimeout(() => {
      this.#next = undefined;
      this.#sound();
    }, intervalS * 1000);
  }

  #pulse(context: AudioContext, { start, pulseS, frequencyHz }: {
    readonly start: number;
    readonly pulseS: number;
    readonly frequencyHz: number;
  }): void {
    const from = context.currentTime + start;
    const to = from + pulseS;
    const gain = new GainNode(context, { gain: 0 });
    gain.gain.setValueAtTime(0, from);
    gain.gain.linearRampToValueAtTime(VOLUME, from + RAMP_S);
    gain.gain.setValueAtTime(VOLUME, to - RAMP_S);
    gain.gain.linearRampToValueAtTime(0, to);
    // IEC 60601-1-8 asks for at least four harmonics.
    const tone = new OscillatorNode(context, { type: "square", frequency: frequencyHz });
    tone.connect(gain).connect(context.destination);
    tone.start(from);
    tone.stop(to);
  }
}
