import assert from "node:assert/strict";
import { monotonicUs } from "../../../src/base/time.ts";
import { type RunOptions, runWindows } from "../../../src/validation/windows.ts";
import { createVitalsEngine } from "../../../src/vitals/engine.ts";
import type { VitalsEngine, VitalsEstimate } from "../../../src/vitals/estimate.ts";
import { goodSample, samplesOf } from "../../support/samples.ts";

const EMPTY = createVitalsEngine().estimate();

/** What the engine returns at a time in seconds since the first sample. */
interface Script {
  readonly pulse?: Partial<VitalsEstimate["pulse"]>;
  readonly breathing?: Partial<VitalsEstimate["breathing"]>;
  readonly condition?: VitalsEstimate["condition"];
}

/** A time of the samples, in seconds since the first. */
const START_US = 1_000_000;
const at = (seconds: number) => monotonicUs(START_US + Math.round(seconds * 1e6));
const rate = (value: number, seconds: number) => ({
  value,
  confidence: value / 100,
  stable: true,
  timeUs: at(seconds),
});

/** Runs a scripted engine on samples of these seconds; also returns when it had to estimate. */
async function run(
  timesS: readonly number[],
  options: RunOptions,
  script: (seconds: number) => Script = () => ({}),
) {
  const estimatedAtS: number[] = [];
  let newestUs = START_US;
  let pushed = 0;
  const engine: VitalsEngine = {
    ...createVitalsEngine(),
    push: ({ timeUs }) => {
      newestUs = timeUs;
      pushed++;
    },
    estimate: () => {
      const seconds = (newestUs - START_US) / 1e6;
      estimatedAtS.push(seconds);
      const { pulse, breathing, condition = "OK" } = script(seconds);
      return {
        ...EMPTY,
        condition,
        pulse: { ...EMPTY.pulse, withheld: "warming_up", ...pulse },
        breathing: { ...EMPTY.breathing, withheld: "no_face", ...breathing },
      };
    },
  };
  const samples = timesS.map((seconds, sequence) => goodSample({ timeUs: at(seconds), sequence }));
  const result = await runWindows(engine, samples, options);
  assert.equal(pushed, timesS.length);
  return { ...result, estimatedAtS };
}

const every = (stepS: number, seconds: number) =>
  Array.from({ length: Math.round(seconds / stepS) + 1 }, (_, k) => k * stepS);
const ends = ({ windows }: { windows: readonly { endS: number }[] }) =>
  windows.map(({ endS }) => endS);

Deno.test("runWindows() ends its first window after its duration, and the next ones after each step", async () => {
  const { pulse, breathing, seconds, samples } = await run(every(0.5, 5), { windowS: 3, stepS: 1 });
  assert.deepEqual([ends(pulse), ends(breathing)], [[3, 4, 5], [3, 4, 5]]);
  assert.deepEqual([seconds, samples], [5, 11]);
});

Deno.test("runWindows() includes only windows that lie within the recording", async () => {
  assert.deepEqual(ends((await run([0, 2.99], { windowS: 3, stepS: 1 })).pulse), []);
  // A millisecond is the rounding of a frame's time.
  assert.deepEqual(ends((await run([0, 2.9995], { windowS: 3, stepS: 1 })).pulse), [2.9995]);
  assert.deepEqual(ends((await run([0, 2.998], { windowS: 3, stepS: 1 })).pulse), []);
});

Deno.test("runWindows() counts a window once if its end is early by a rounding, and skips those in a gap", async () => {
  const early = await run([0, 2.9995, 3.5, 3.9995, 4.5], { windowS: 3, stepS: 1 });
  assert.deepEqual(ends(early.pulse), [2.9995, 3.9995]);
  const gap = await run([0, 3, 7.5, 7.9, 8], { windowS: 3, stepS: 1 });
  assert.deepEqual(ends(gap.pulse), [3, 7.5, 8]);
});

Deno.test("runWindows() estimates at the interval of the server, and at the end of each window", async () => {
  const { estimatedAtS } = await run(every(0.1, 1), { windowS: 0.5, stepS: 10 });
  const rounded = estimatedAtS.map((value) => Number(value.toFixed(3)));
  assert.deepEqual(rounded, [0.2, 0.4, 0.5, 0.6, 0.8, 1]);
  const slower = await run(every(0.25, 2), { windowS: 1.75, stepS: 10, publishS: 1 });
  assert.deepEqual(slower.estimatedAtS, [1, 1.75, 2]);
  const early = await run([0, 0.9995, 1.5, 1.998, 2.1], { windowS: 9, stepS: 1, publishS: 1 });
  assert.deepEqual(early.estimatedAtS, [0.9995, 2.1]);
});

Deno.test("runWindows() returns the published value or the reason, the estimate and its confidence", async () => {
  const { pulse, breathing } = await run(
    [0, 3, 4],
    { windowS: 3, stepS: 1 },
    (seconds) =>
      seconds < 4 ? { pulse: { rate: [rate(70, 1), rate(71, 2)] } } : {
        pulse: { rate: [], strict: { value: 75, confidence: 0.9, windowS: 10 } },
        breathing: { rate: [rate(15, 4)] },
      },
  );
  assert.deepEqual(pulse.windows, [
    { endS: 3, rate: 71, confidence: 0.71, withheld: "warming_up" },
    { endS: 4, strict: 75, rate: 71, confidence: 0.71, withheld: "warming_up" },
  ]);
  assert.deepEqual(breathing.windows, [
    { endS: 3, withheld: "no_face" },
    { endS: 4, rate: 15, confidence: 0.15, withheld: "no_face" },
  ]);
});

Deno.test("runWindows() returns no estimate that is older than 2 s", async () => {
  for (const [age, expected] of [[1.8, 70], [2, 70], [2.2, undefined]] as const) {
    const { pulse } = await run([0, 1, 4], { windowS: 4, stepS: 1 }, (seconds) => ({
      pulse: { rate: seconds < 4 ? [rate(70, 4 - age)] : [] },
    }));
    assert.equal(pulse.windows[0]?.rate, expected, `${age} s`);
  }
});

Deno.test("runWindows() returns when the first value of each vital sign was published", async () => {
  const strict = { value: 70, confidence: 0.9, windowS: 10 };
  const { pulse, breathing } = await run(every(0.5, 4), { windowS: 4, stepS: 1 }, (seconds) => ({
    pulse: seconds >= 1.5 ? { strict } : {},
  }));
  assert.deepEqual([pulse.firstValueS, "firstValueS" in breathing], [1.5, false]);
});

Deno.test("runWindows() counts the condition at the end of each window", async () => {
  const { conditions } = await run(every(0.5, 6), { windowS: 3, stepS: 1 }, (seconds) => ({
    condition: seconds === 4 ? "NO_FACES_FOUND" : seconds % 1 ? "IMAGE_TOO_DARK" : "OK",
  }));
  assert.deepEqual(Object.fromEntries(conditions), { OK: 3, NO_FACES_FOUND: 1 });
});

Deno.test("runWindows() reads the references at the time of the samples, or since the first one", async () => {
  for (const [fromFirstSample, expected] of [[true, [3, 4]], [false, [4, 5]]] as const) {
    const asked: [number, number][] = [];
    const { pulse, breathing } = await run([0, 3, 4], {
      windowS: 3,
      stepS: 1,
      fromFirstSample,
      references: {
        pulse: {
          description: "",
          rateAt: (endS, windowS) => {
            asked.push([endS, windowS]);
            return endS === expected[0] ? 72 : undefined;
          },
        },
      },
    });
    assert.deepEqual(asked, expected.map((endS) => [endS, 3]));
    assert.deepEqual(pulse.windows.map(({ reference }) => reference), [72, undefined]);
    assert.ok(breathing.windows.every((window) => !("reference" in window)));
  }
});

Deno.test("runWindows() reads the reference over the time of a value that describes less than the window", async () => {
  const asked: number[] = [];
  const reference = {
    description: "",
    rateAt: (_endS: number, windowS: number) => void asked.push(windowS),
  };
  const windowS = { 3: 2.4, 4: 12 } as const;
  await run(
    [0, 3, 4, 5],
    { windowS: 3, stepS: 1, references: { pulse: reference } },
    (seconds) =>
      seconds === 3 || seconds === 4
        ? { pulse: { strict: { value: 75, confidence: 0.9, windowS: windowS[seconds] } } }
        : {},
  );
  assert.deepEqual(asked, [2.4, 3, 3], "after a change, in a steady state, while withheld");
});

Deno.test("runWindows() takes the references as those of the samples' time by default", async () => {
  const { pulse } = await run([0, 3], {
    windowS: 3,
    stepS: 1,
    references: { pulse: { description: "", rateAt: (endS) => endS } },
  });
  assert.equal(pulse.windows[0]?.reference, 4);
});

Deno.test("runWindows() of no samples returns nothing", async () => {
  const { pulse, seconds, samples } = await run([], { windowS: 3, stepS: 1 });
  assert.deepEqual([pulse, seconds, samples], [{ windows: [] }, 0, 0]);
});

Deno.test("runWindows() reads an asynchronous input", async () => {
  async function* input() {
    yield* samplesOf(4, { fps: 10 });
  }
  const { pulse, samples } = await runWindows(createVitalsEngine(), input(), {
    windowS: 3,
    stepS: 0.5,
  });
  assert.deepEqual([samples, ends(pulse)], [40, [3, 3.5]]);
});
