import assert from "node:assert/strict";
import { BURSTS } from "../../../../../src/web/page/model/alarm_sound.ts";
import type { Priority } from "../../../../../src/web/page/protocol.ts";
import { HeldTimers } from "../../../../support/held_timers.ts";
import { replaced } from "../../../../support/replace.ts";

interface Module {
  readonly AlarmSound: new () => {
    readonly isOn: boolean;
    toggle(): Promise<void>;
    set(priority: Priority | undefined): void;
  };
}
// Imported without its types, which are those of the DOM.
const PATH = new URL("../../../../../src/web/page/view/sound.ts", import.meta.url);
const { AlarmSound } = await import(PATH.href) as Module;

/** A tone: its frequency in Hz and its times in seconds. */
interface Tone {
  readonly frequency: number;
  from: number;
  to: number;
}

/** The audio of a browser, which keeps the tones and the changes of their volume. */
function fakeAudio() {
  const tones: Tone[] = [];
  const volumes: [how: string, value: number, at: number][] = [];
  const contexts: FakeAudioContext[] = [];
  class FakeAudioContext {
    state = "suspended";
    currentTime = 100;
    readonly destination = {};
    constructor() {
      contexts.push(this);
    }
    // deno-lint-ignore require-await
    async suspend(): Promise<void> {
      this.state = "suspended";
    }
    // deno-lint-ignore require-await
    async resume(): Promise<void> {
      this.state = "running";
    }
  }
  class FakeGainNode {
    readonly gain = {
      setValueAtTime: (value: number, at: number) => volumes.push(["set", value, at]),
      linearRampToValueAtTime: (value: number, at: number) => volumes.push(["ramp", value, at]),
    };
    connect(): void {}
  }
  class FakeOscillatorNode {
    readonly #tone: Tone;
    constructor(_context: unknown, { frequency }: { readonly frequency: number }) {
      tones.push(this.#tone = { frequency, from: NaN, to: NaN });
    }
    connect<Target>(target: Target): Target {
      return target;
    }
    start(at: number): void {
      this.#tone.from = at;
    }
    stop(at: number): void {
      this.#tone.to = at;
    }
  }
  const globals = globalThis as unknown as Record<string, unknown>;
  const stack = new DisposableStack();
  stack.use(replaced(globals, "AudioContext", FakeAudioContext));
  stack.use(replaced(globals, "GainNode", FakeGainNode));
  stack.use(replaced(globals, "OscillatorNode", FakeOscillatorNode));
  return { tones, volumes, contexts, [Symbol.dispose]: () => stack[Symbol.dispose]() };
}

Deno.test("AlarmSound is silent until it is switched on, and then sounds the burst of its priority", async () => {
  using timers = new HeldTimers();
  using audio = fakeAudio();
  const sound = new AlarmSound();
  sound.set("medium");
  assert.deepEqual([sound.isOn, audio.tones, timers.remainingMs], [false, [], []]);
  await sound.toggle();
  assert.equal(sound.isOn, true);
  const { startsS, pulseS, frequencyHz, intervalS } = BURSTS.medium;
  assert.deepEqual(
    audio.tones,
    startsS.map((start) => ({
      frequency: frequencyHz,
      from: 100 + start,
      to: 100 + start + pulseS,
    })),
  );
  assert.deepEqual(timers.remainingMs, [intervalS * 1000]);
  timers.advance(intervalS * 1000 - 1);
  assert.equal(audio.tones.length, startsS.length);
  timers.advance(1);
  assert.equal(audio.tones.length, 2 * startsS.length);
});

Deno.test("AlarmSound has pulses that rise and fall within 20 ms", async () => {
  using _timers = new HeldTimers();
  using audio = fakeAudio();
  const sound = new AlarmSound();
  await sound.toggle();
  sound.set("low");
  const volumes = audio.volumes.slice(0, 4);
  assert.deepEqual(volumes.map(([how]) => how), ["set", "ramp", "set", "ramp"]);
  const [, loud] = volumes[1]!;
  assert(loud > 0.1 && loud <= 0.5, `${loud}`);
  assert.deepEqual(volumes.map(([, value]) => value), [0, loud, loud, 0]);
  const rounded = volumes.map(([, , at]) => Math.round((at - 100) * 1000));
  assert.deepEqual(rounded, [0, 20, 180, 200]);
});

Deno.test("AlarmSound changes to another priority at once, and repeats none twice", async () => {
  using timers = new HeldTimers();
  using audio = fakeAudio();
  const sound = new AlarmSound();
  await sound.toggle();
  assert.deepEqual(audio.tones, []);
  sound.set("low");
  const low = BURSTS.low.startsS.length;
  assert.equal(audio.tones.length, low);
  sound.set("low");
  assert.equal(audio.tones.length, low);
  sound.set("high");
  assert.equal(audio.tones.length, low + BURSTS.high.startsS.length);
  assert.deepEqual(timers.remainingMs, [BURSTS.high.intervalS * 1000]);
  sound.set(undefined);
  assert.deepEqual(timers.remainingMs, []);
});

Deno.test("AlarmSound ends when it is switched off, and goes on with the same context", async () => {
  using timers = new HeldTimers();
  using audio = fakeAudio();
  const sound = new AlarmSound();
  sound.set("low");
  await sound.toggle();
  await sound.toggle();
  assert.deepEqual([sound.isOn, timers.remainingMs], [false, []]);
  const before = audio.tones.length;
  sound.set("high");
  assert.equal(audio.tones.length, before);
  await sound.toggle();
  assert.equal(audio.tones.length, before + BURSTS.high.startsS.length);
  assert.equal(audio.contexts.length, 1);
});
