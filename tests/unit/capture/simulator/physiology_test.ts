import assert from "node:assert/strict";
import {
  Physiology,
  type PhysiologyOptions,
} from "../../../../src/capture/simulator/physiology.ts";

/** The states at `count` times in steps of `stepS`. */
function statesOf(options: PhysiologyOptions, { count, stepS }: { count: number; stepS: number }) {
  const physiology = new Physiology(options);
  return Array.from({ length: count }, (_, i) => physiology.advanceTo(i * stepS));
}

const near = (actual: number, expected: number, within: number) =>
  assert.ok(Math.abs(actual - expected) <= within, `${actual}, not ${expected}`);

Deno.test("Physiology gives a beat of two waves of mean 0, the second smaller", () => {
  const states = statesOf({ pulse: 60, variability: 0, breathing: 0 }, {
    count: 4000,
    stepS: 0.001,
  });
  const at = (phase: number) =>
    states.reduce((best, state) =>
      Math.abs(state.pulsePhase - phase) < Math.abs(best.pulsePhase - phase) ? state : best
    ).bvp;
  // The areas of the waves: heights 1 and 0.4, standard deviations 0.1 and 0.13 of a beat.
  const mean = Math.sqrt(2 * Math.PI) * (1 * 0.1 + 0.4 * 0.13);
  const wave = (phase: number) =>
    [-1, 0, 1].reduce((sum, beat) =>
      sum + Math.exp(-(((phase - 0.28 + beat) / 0.1) ** 2) / 2) +
      0.4 * Math.exp(-(((phase - 0.6 + beat) / 0.13) ** 2) / 2), 0);
  for (const phase of [0.02, 0.1, 0.28, 0.4, 0.5, 0.6, 0.75, 0.9, 0.98]) {
    near(at(phase), wave(phase) - mean, 0.01);
  }
});

Deno.test("Physiology breathes in for 0.4 of a breath, smoothly, and out for the rest", () => {
  const physiology = new Physiology({ breathing: 12, variability: 0 });
  let startS = 0;
  for (let timeS = 0; startS === 0; timeS += 0.005) {
    physiology.advanceTo(timeS);
    startS = physiology.takeBreaths()[0] ?? 0;
  }
  for (
    const [phase, breath] of [
      [0.05, 0.038],
      [0.1, 0.146],
      [0.2, 0.5],
      [0.4, 1],
      [0.55, 0.854],
      [0.7, 0.5],
      [0.85, 0.146],
      [0.999, 0],
    ] as const
  ) {
    near(physiology.advanceTo(startS + 5 * phase).breath, breath, 0.002);
  }
});

Deno.test("Physiology advances the phase by the pulse rate, between its steps too", () => {
  const states = statesOf({ pulse: 90, variability: 0 }, { count: 1000, stepS: 0.0013 });
  for (const [i, { pulsePhase, pulseRate }] of states.slice(1).entries()) {
    const step = (pulsePhase - states[i]!.pulsePhase + 1) % 1;
    near(step, (0.0013 * 90) / 60, 1e-9);
    assert.equal(pulseRate, 90);
  }
});

Deno.test("Physiology reports the time of each onset within the frame", () => {
  const physiology = new Physiology({ pulse: 75, breathing: 20, variability: 0 });
  const beats: number[] = [], breaths: number[] = [];
  for (let i = 0; i < 300; i++) {
    const timeS = i * 0.05;
    const { pulsePhase } = physiology.advanceTo(timeS);
    const beat = physiology.takeBeats();
    for (const onset of beat) {
      assert.ok(onset <= timeS && onset > timeS - 0.056, `${onset} at ${timeS}`);
      near((timeS - onset) / 0.8, pulsePhase, 1e-6);
    }
    beats.push(...beat);
    breaths.push(...physiology.takeBreaths());
  }
  for (const [i, onset] of beats.slice(1).entries()) near(onset - beats[i]!, 0.8, 1e-6);
  for (const [i, onset] of breaths.slice(1).entries()) near(onset - breaths[i]!, 3, 1e-6);
  assert.ok(beats.length >= 18 && breaths.length >= 4);
  assert.deepEqual(physiology.takeBeats(), []);
});

Deno.test("Physiology refuses to go back by more than its step", () => {
  const physiology = new Physiology();
  physiology.advanceTo(1);
  physiology.advanceTo(1);
  assert.throws(() => physiology.advanceTo(0.99), {
    name: "RangeError",
    message: "Cannot go back to 0.99 s: current value is 1 s",
  });
});

/** The amplitude of a frequency in the relative deviation of the pulse rate from its nominal one. */
function amplitudeAt(hz: number, options: PhysiologyOptions & { readonly pulse: number }): number {
  // Whole periods of all frequencies that are tested.
  const states = statesOf(options, { count: 10_000, stepS: 0.1 });
  let cosine = 0, sine = 0;
  for (const { timeS, pulseRate } of states) {
    cosine += (pulseRate / options.pulse - 1) * Math.cos(2 * Math.PI * hz * timeS);
    sine += (pulseRate / options.pulse - 1) * Math.sin(2 * Math.PI * hz * timeS);
  }
  return (2 * Math.hypot(cosine, sine)) / states.length;
}

for (
  const { name, hz, options, amplitude } of [
    { name: "with blood pressure at 0.1 Hz", hz: 0.1, options: {}, amplitude: 0.012 },
    { name: "slowly at 0.017 Hz", hz: 0.017, options: {}, amplitude: 0.004 },
    { name: "slowly at 0.031 Hz", hz: 0.031, options: {}, amplitude: 0.003 },
    { name: "slowly at 0.053 Hz", hz: 0.053, options: {}, amplitude: 0.002 },
    { name: "less for a fast pulse", hz: 0.1, options: { pulse: 140 }, amplitude: 0.006 },
    { name: "by 0.35 for the fastest pulse", hz: 0.1, options: { pulse: 240 }, amplitude: 0.0042 },
    { name: "more for a slow pulse", hz: 0.1, options: { pulse: 60 }, amplitude: 0.014 },
    { name: "by 1.2 for the slowest pulse", hz: 0.1, options: { pulse: 40 }, amplitude: 0.0144 },
    { name: "not without variability", hz: 0.1, options: { variability: 0 }, amplitude: 0 },
    {
      name: "twice as much with variability 2",
      hz: 0.1,
      options: { variability: 2 },
      amplitude: 0.024,
    },
  ]
) {
  Deno.test(`Physiology varies the pulse rate ${name}`, () => {
    near(amplitudeAt(hz, { pulse: 70, breathing: 0, ...options }), amplitude, 0.0007);
  });
}

for (
  const { breathing, amplitude } of [
    // Of a range of 2.2 % to each side, most is in the first harmonic of the breath.
    { breathing: 15, amplitude: 0.0214 },
    { breathing: 12, amplitude: 0.0214 },
    { breathing: 6, amplitude: 0.0107 + 0.012 },
  ]
) {
  Deno.test(`Physiology varies the pulse rate with ${breathing} breaths per minute`, () => {
    const found = amplitudeAt(breathing / 60, { pulse: 70, breathing });
    // At 6 breaths per minute, the waves of the blood pressure add by their phases.
    if (breathing === 6) assert.ok(found < amplitude && found > 0.0005, `${found}`);
    else near(found, amplitude, 0.001);
  });
}

Deno.test("Physiology varies beats by 4 % and 0.5 %, and breaths by 6 %", () => {
  const deviation = (values: readonly number[]) => {
    const mean = values.reduce((sum, value) => sum + value) / values.length;
    return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) /
      mean;
  };
  const peaks = (options: PhysiologyOptions, of: "bvp" | "breath", periodS: number) => {
    const states = statesOf({ pulse: 60, ...options }, { count: 40_000, stepS: 0.02 });
    const tops: number[] = [];
    for (let i = 1; i + 1 < states.length; i++) {
      const [a, b, c] = [states[i - 1]![of], states[i]![of], states[i + 1]![of]];
      if (b > 0.4 && b >= a && b > c) tops.push(b);
    }
    assert.ok(Math.abs(tops.length - 800 / periodS) < 20, `${tops.length}`);
    return deviation(tops);
  };
  near(peaks({ breathing: 0 }, "bvp", 1), 0.04, 0.004);
  near(peaks({ breathing: 15 }, "breath", 4), 0.06, 0.008);
  near(peaks({ breathing: 15, variability: 0.5 }, "breath", 4), 0.03, 0.004);
});

Deno.test("Physiology gives the same person for the same seed in every version", () => {
  const [state] = statesOf({ seed: 7 }, { count: 2000, stepS: 0.05 }).slice(-1);
  const rounded = Object.entries(state!).map(([name, value]) => [name, value.toFixed(6)]);
  assert.deepEqual(Object.fromEntries(rounded), {
    timeS: "99.950000",
    pulsePhase: "0.756844",
    bvp: "-0.191671",
    pulseRate: "70.170255",
    breath: "0.030875",
    breathRate: "15.000000",
  });
});
