import assert from "node:assert/strict";
import { parseTable, TableError } from "../../../src/validation/table.ts";
import { traceSamples } from "../../../src/validation/trace.ts";
import { conditionOf } from "../../../src/vitals/condition/condition.ts";

const samplesOf = (text: string, signals: readonly string[] = []) => [
  ...traceSamples(parseTable(text), { signals }),
];

/** A region of a trace: any number of pixels that counts, and none clipped. */
const region = (r: number, g: number, b: number) => ({ r, g, b, pixels: 1000, clipped: 0 });

Deno.test("traceSamples() yields one sample a row, with its time and number", () => {
  const samples = samplesOf("t_s,r,g,b\n0.5,1,2,3\n0.5333334,4,5,6\n");
  assert.deepEqual(
    samples.map(({ timeUs, sequence, regions }) => [timeUs, sequence, regions]),
    [[500_000, 0, { skin: region(1, 2, 3) }], [533_333, 1, { skin: region(4, 5, 6) }]],
  );
});

Deno.test("traceSamples() reads the colors of each region, whose own columns precede r, g and b", () => {
  const [sample] = samplesOf(
    "t_s,r,g,b,r_skin,g_skin,b_skin,r_forehead,g_forehead,b_forehead\n0,1,2,3,4,5,6,7,8,9\n",
  );
  assert.deepEqual(sample?.regions, { skin: region(4, 5, 6), forehead: region(7, 8, 9) });
});

Deno.test("traceSamples() leaves out a region while one of its colors is missing", () => {
  const rows = ["0,,2,3", "1,1,,3", "2,1,2,", "3,1,2,3"];
  const samples = samplesOf(`t_s,r,g,b\n${rows.join("\n")}`);
  assert.deepEqual(samples.map(({ regions }) => Object.keys(regions)), [[], [], [], ["skin"]]);
});

Deno.test("traceSamples() requires all colors of a region", () => {
  assert.throws(() => samplesOf("t_s,r,g\n0,1,2\n"), /Cannot find the column b/);
  assert.throws(
    () => samplesOf("t_s,r_forehead,g_forehead\n0,1,2\n"),
    /Cannot find the column b_forehead/,
  );
  assert.throws(
    () => samplesOf("t_s,g,b\n0,1,2\n"),
    (error) => error instanceof TableError && /as a trace: it needs r,g,b/.test(error.message),
  );
});

Deno.test("traceSamples() passes on ready signals, also missing values, instead of colors", () => {
  const samples = samplesOf("t_s,r,g,b,a,c\n0,1,2,3,4,5\n1,1,2,3,,6\n", ["c", "a"]);
  assert.deepEqual(samples.map(({ readySignals }) => readySignals), [[5, 4], [6, NaN]]);
  assert.deepEqual(samples.map(({ regions }) => regions), [{}, {}]);
  assert.equal("readySignals" in samplesOf("t_s,r,g,b\n0,1,2,3\n")[0]!, false);
  assert.throws(() => samplesOf("t_s,a\n0,1\n", ["x"]), /Cannot find the column x/);
});

Deno.test("traceSamples() yields samples of a good image: one steady face, upright and from the front", () => {
  const rows = Array.from({ length: 90 }, (_, k) => `${k / 30},150,110,90`);
  const samples = samplesOf(`t_s,r,g,b\n${rows.join("\n")}`);
  const { timeUs } = samples.at(-1)!;
  const condition = conditionOf({
    samples,
    nowUs: timeUs,
    firstSampleUs: samples[0]!.timeUs,
    disconnected: false,
  });
  assert.equal(condition, "CHEST_TOO_FAR_OR_NOT_ENOUGH_SHOWING", "a trace has no chest");
  for (const { face, faceCount, motion, clipped, brightness } of samples) {
    assert.deepEqual({ faceCount, motion, clipped, brightness }, {
      faceCount: 1,
      motion: 0,
      clipped: 0,
      brightness: 128,
    });
    const { box, landmarks, score, ageUs, speed } = face!;
    assert.deepEqual([score, ageUs, speed], [1, 0, 0]);
    for (const { x, y } of Object.values(landmarks)) {
      assert.ok(x > box.x && x < box.x + box.width && y > box.y && y < box.y + box.height);
    }
    const { rightEye, leftEye, rightEar, leftEar, nose, mouth } = landmarks;
    assert.ok(Math.abs((rightEye.x + leftEye.x) / 2 - nose.x) < 1e-9);
    assert.ok(Math.abs((rightEar.x + leftEar.x) / 2 - nose.x) < 1e-9);
    assert.deepEqual([nose.x, rightEye.y, rightEar.y], [mouth.x, leftEye.y, leftEar.y]);
    assert.ok(rightEye.x < leftEye.x && rightEye.y < nose.y && nose.y < mouth.y);
  }
});
