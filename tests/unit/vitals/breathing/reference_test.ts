import assert from "node:assert/strict";
import { BreathingEstimator } from "../../../../src/vitals/breathing/estimator.ts";
import { medianRate } from "../../../../src/vitals/breathing/breaths.ts";
import { estimatesOf } from "../../../support/breathing.ts";
import { Random } from "../../../support/random.ts";
import { samplesOf } from "../../../support/samples.ts";
import { testWithShared } from "../../../support/shared_data.ts";

interface Reference {
  readonly fps: number;
  readonly waveforms: {
    readonly respiratory_waveform: { readonly data: number[]; readonly peak_indices: number[] };
  };
  readonly vitals: { readonly respiratory_rate: { readonly value: number } };
}

function read(path: string): { trace: number[]; peaksS: number[]; fps: number; rate: number } {
  const { fps, waveforms, vitals }: Reference = JSON.parse(Deno.readTextFileSync(path));
  const { data, peak_indices } = waveforms.respiratory_waveform;
  const peaksS = peak_indices.map((index) => index / fps);
  return { trace: data, peaksS, fps, rate: vitals.respiratory_rate.value };
}

for (const number of [1, 3, 5]) {
  const file = `data/reference/vitallens_${number}.json`;
  testWithShared(
    `medianRate() has the rate of reference ${number} within 0.5`,
    [file],
    ([path]) => {
      const { peaksS, rate } = read(path!);
      const found = medianRate(peaksS)!;
      assert.ok(Math.abs(found - rate) <= 0.5, `${found} instead of ${rate}`);
    },
  );
}

interface Recorded {
  readonly trace: readonly number[];
  readonly peaksS: readonly number[];
  readonly fps: number;
}

/** Two minutes of breaths whose rate changes between 9 and 21 breaths/min, with their peaks. */
function seededBreaths(): Recorded {
  const fps = 30, seconds = 120;
  const random = new Random(4);
  const trace: number[] = [], peaksS: number[] = [];
  let phase = 0;
  for (let k = 0; k < fps * seconds; k++) {
    const before = phase;
    phase += (15 + 6 * Math.sin((2 * Math.PI * k) / (fps * 90))) / 60 / fps;
    // The cosine has its peaks at whole numbers of the phase.
    if (Math.floor(phase) > Math.floor(before)) peaksS.push(k / fps);
    trace.push(Math.cos(2 * Math.PI * phase) + 0.03 * random.normal());
  }
  return { trace, peaksS, fps };
}

/** Checks that the estimates follow the breaths of the last `windowS` seconds. */
function assertFollows(
  { trace, peaksS, fps }: Recorded,
  { windowS, minEstimates }: { readonly windowS: number; readonly minEstimates: number },
): void {
  let before = trace[0]!;
  const samples = samplesOf(trace.length / fps, {
    fps,
    at: (timeS) => {
      const value = trace[Math.min(trace.length - 1, Math.round(timeS * fps))]!;
      const dy = 0.003 * (before - value);
      before = value;
      return { chest: { dy, confidence: 0.9 } };
    },
  });
  const errors = estimatesOf(new BreathingEstimator(), samples).flatMap(({ timeS, estimate }) => {
    const near = peaksS.filter((peak) => peak > timeS - windowS && peak <= timeS);
    if (!estimate.strict || near.length < 3) return [];
    const truth = (60 * (near.length - 1)) / (near.at(-1)! - near[0]!);
    return [Math.abs(estimate.strict.value - truth)];
  });
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  const right = errors.filter((error) => error <= 2).length / errors.length;
  assert.ok(errors.length >= minEstimates, `${errors.length} estimates`);
  assert.ok(mean < 0.8, `mean error ${mean}`);
  assert.ok(right > 0.9, `${right} are right`);
}

Deno.test("medianRate() has the rate of seeded breaths within 0.5, although some were missed", () => {
  const random = new Random(8);
  let atS = 0;
  const peaksS = Array.from({ length: 40 }, () => atS += 4 * (1 + 0.1 * random.normal()))
    .filter((_, k) => k % 9 !== 5);
  const found = medianRate(peaksS)!;
  assert.ok(Math.abs(found - 15) <= 0.5, `${found} instead of 15`);
});

Deno.test("BreathingEstimator follows the rate of seeded breaths", () =>
  assertFollows(seededBreaths(), { windowS: 20, minEstimates: 300 }));

/** Recordings whose rate changes within a minute: estimates must follow the breaths. */
for (
  const { number, windowS, minEstimates } of [
    { number: 3, windowS: 40, minEstimates: 1 },
    { number: 5, windowS: 20, minEstimates: 300 },
  ]
) {
  const file = `data/reference/vitallens_${number}.json`;
  testWithShared(
    `BreathingEstimator follows the rate of reference ${number}`,
    [file],
    ([path]) => assertFollows(read(path!), { windowS, minEstimates }),
  );
}
