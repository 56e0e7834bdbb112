import assert from "node:assert/strict";
import {
  BREATHING_REFERENCE,
  isRateLike,
  PULSE_REFERENCE,
  rateReference,
  referencesOf,
  waveformReference,
} from "../../../src/validation/reference.ts";
import { parseTable, TableError } from "../../../src/validation/table.ts";

Deno.test("isRateLike() distinguishes rates from waveforms", () => {
  const times = Float64Array.from({ length: 900 }, (_, k) => k / 30);
  const rate = times.map((t) => Math.round(75 + 6 * Math.sin(0.2 * t)));
  const wave = (offset: number, size: number, hz: number) =>
    times.map((t) => offset + size * Math.sin(2 * Math.PI * hz * t));
  assert.equal(isRateLike(times, rate, PULSE_REFERENCE), true);
  assert.equal(isRateLike(times, wave(0, 1, 1.2), PULSE_REFERENCE), false);
  assert.equal(isRateLike(times, wave(118, 1, 1.2), PULSE_REFERENCE), false);
  assert.equal(isRateLike(times, wave(76, 60, 1.2), PULSE_REFERENCE), false);
  assert.equal(isRateLike(times, wave(15, 0.5, 0.02), BREATHING_REFERENCE), true);
  assert.equal(isRateLike(times, wave(0, 1, 0.25), BREATHING_REFERENCE), false);
});

Deno.test("referencesOf() returns the rate of each column in the same window", () => {
  const rows = Array.from({ length: 1800 }, (_, k) => {
    const t = k / 30;
    return `${t},${Math.sin(2 * Math.PI * 1.25 * t)},${Math.sin(2 * Math.PI * 0.3 * t)},72`;
  });
  const table = parseTable(["t_s,ppg,resp,hr", ...rows].join("\n"));
  const waves = referencesOf(table, "ppg,resp");
  assert.ok(Math.abs(waves.pulse!.rateAt(20, 10)! - 75) < 0.2);
  assert.ok(Math.abs(waves.breathing!.rateAt(40, 10)! - 18) < 0.2);
  assert.equal(waves.pulse!.rateAt(5, 10), undefined);
  assert.equal(referencesOf(table, "hr").pulse!.rateAt(20, 10), 72);
  assert.equal(referencesOf(table, "hr:breathing:rate").breathing!.rateAt(40, 10), 72);
});

const timesOf = (seconds: number, hz = 30) =>
  Float64Array.from({ length: seconds * hz + 1 }, (_, k) => k / hz);

Deno.test("isRateLike() accepts rates from half the lowest to 1.5 times the highest one", () => {
  const times = timesOf(20);
  for (
    const [band, value, expected] of [
      [PULSE_REFERENCE, 13.5, true],
      [PULSE_REFERENCE, 12.1, false],
      [PULSE_REFERENCE, 345, true],
      [PULSE_REFERENCE, 380, false],
      [BREATHING_REFERENCE, 1.5, true],
      [BREATHING_REFERENCE, 1.3, false],
      [BREATHING_REFERENCE, 75, true],
      [BREATHING_REFERENCE, 83, false],
    ] as const
  ) {
    assert.equal(isRateLike(times, times.map(() => value), band), expected, `${value}`);
    const outlier = times.map((_, k) => k === 300 ? value : (band.low + band.high) / 2);
    assert.equal(isRateLike(times, outlier, band) && !expected, false, `one of ${value}`);
  }
});

/** A symmetric zigzag from -1 to 1. */
const zigzag = (seconds: number, periodS: number) =>
  4 * Math.abs(seconds / periodS - Math.floor(seconds / periodS + 0.5)) - 1;

Deno.test("isRateLike() rejects values that vary by 10 % or more about their mean over 4 s", () => {
  const times = timesOf(60);
  const valuesOf = (amplitude: number) => times.map((t) => 70 * (1 + amplitude * zigzag(t, 8)));
  /** The relative deviation from the mean of the surrounding 4 s. */
  const variationOf = (values: Float64Array) => {
    const squares = [...values].map((value, k) => {
      const around = values.filter((_, other) => Math.abs(times[other]! - times[k]!) < 2.01);
      return (value / (around.reduce((sum, each) => sum + each) / around.length) - 1) ** 2;
    });
    return Math.sqrt(squares.reduce((sum, square) => sum + square) / squares.length);
  };
  const perAmplitude = variationOf(valuesOf(0.3)) / 0.3;
  for (const [variation, expected] of [[0.09, true], [0.11, false]] as const) {
    const values = valuesOf(variation / perAmplitude);
    assert.ok(Math.abs(variationOf(values) - variation) < 0.008, `${variationOf(values)}`);
    assert.equal(isRateLike(times, values, PULSE_REFERENCE), expected, `${variation}`);
  }
});

Deno.test("isRateLike() rejects values that reverse as often as the slowest wave", () => {
  const times = timesOf(60);
  for (
    const [band, reversalsPerS, expected] of [
      [PULSE_REFERENCE, 0.4, true],
      [PULSE_REFERENCE, 0.5, false],
      [BREATHING_REFERENCE, 0.04, true],
      [BREATHING_REFERENCE, 0.06, false],
    ] as const
  ) {
    const values = times.map((t) => 50 + 0.5 * zigzag(t, 2 / reversalsPerS));
    assert.equal(isRateLike(times, values, band), expected, `${reversalsPerS}`);
    // A display rounds its rates and repeats them.
    const steps = values.map((value) => Math.round(10 * value) / 10);
    assert.equal(isRateLike(times, steps, band), expected, `${reversalsPerS} in steps`);
  }
});

Deno.test("isRateLike() ignores missing values, and rejects a single row and no values", () => {
  const times = timesOf(20);
  const values = times.map((_, k) => k % 2 ? NaN : 70);
  assert.equal(isRateLike(times, values, PULSE_REFERENCE), true);
  assert.equal(isRateLike(times, values.fill(NaN), PULSE_REFERENCE), false);
  assert.equal(isRateLike(Float64Array.of(5), Float64Array.of(70), PULSE_REFERENCE), false);
  assert.equal(isRateLike(new Float64Array(), new Float64Array(), PULSE_REFERENCE), false);
  assert.equal(isRateLike(times.map((t) => 100 + t), values.fill(70), PULSE_REFERENCE), true);
});

Deno.test("rateReference() returns the mean of the rates after the start and up to the end", () => {
  const times = Float64Array.of(0, 1, 2, 3, 4);
  const { rateAt } = rateReference(times, Float64Array.of(10, 20, 40, 80, 160));
  assert.equal(rateAt(3, 2), 60, "the start is excluded, the end included");
  assert.equal(rateAt(2.9999999, 1.5), 60, "the end is rounded");
  assert.equal(rateAt(2.9, 2), 30);
  assert.equal(rateAt(10, 5), undefined);
  assert.equal(rateAt(-0.5, 5), undefined);
  const { rateAt: sparse } = rateReference(times, Float64Array.of(NaN, 20, NaN, 80, NaN));
  assert.equal(sparse(4, 4), 50);
  assert.equal(sparse(2, 1), undefined);
});

/** A table of a pulse wave of 75/min, a breathing wave of 18/min, and rates. */
function tableOf(header: string) {
  const rows = Array.from({ length: 2700 }, (_, k) => {
    const t = k / 30;
    const pulse = Math.sin(2 * Math.PI * 1.25 * t);
    const breathing = Math.sin(2 * Math.PI * 0.3 * t);
    return `${t},${pulse},${breathing},${t < 60 ? 60 : 90},${t < 60 ? 10 : 22}`;
  });
  return parseTable([header, ...rows].join("\n"), "ref.csv");
}
const TABLE = tableOf("t_s,ppg,resp,heart_rate,resp_rate");

/** The vital sign and the kind of each reference of these columns. */
function kindsOf(columns: string, table = TABLE): Record<string, string> {
  return Object.fromEntries(
    Object.entries(referencesOf(table, columns)).map(([vital, { description }]) => [
      vital,
      description,
    ]),
  );
}

Deno.test("referencesOf() finds the vital sign and the kind of a column by its name and values", () => {
  assert.deepEqual(kindsOf(" ppg , resp,"), {
    pulse: "column ppg of ref.csv, a waveform",
    breathing: "column resp of ref.csv, a waveform",
  });
  assert.deepEqual(kindsOf("heart_rate,resp_rate"), {
    pulse: "column heart_rate of ref.csv, a rate",
    breathing: "column resp_rate of ref.csv, a rate",
  });
  assert.deepEqual(kindsOf(""), {});
});

Deno.test("referencesOf() finds breathing by breath or resp, and a rate by rate or bpm", () => {
  for (const name of ["Breathing", "chest_breaths", "RESP", "Respiration"]) {
    const table = tableOf(`t_s,ppg,${name},heart_rate,b`);
    assert.deepEqual(Object.keys(kindsOf(name, table)), ["breathing"], name);
  }
  for (const name of ["rrx", "arr", "chest"]) {
    const table = tableOf(`t_s,ppg,${name},heart_rate,b`);
    assert.deepEqual(Object.keys(kindsOf(name, table)), ["pulse"], name);
  }
  // These values alone would be a waveform.
  for (
    const [name, kind] of [["x_RATE", "rate"], ["Bpm", "rate"], ["rates", "waveform"]] as const
  ) {
    const table = tableOf(`t_s,${name},resp,heart_rate,b`);
    assert.match(kindsOf(name, table).pulse ?? "", new RegExp(`, a ${kind}$`), name);
  }
});

Deno.test("referencesOf() uses a column rr only if its vital sign is stated", () => {
  for (const name of ["rr", "RR"]) {
    const table = tableOf(`t_s,ppg,resp,heart_rate,${name}`);
    assert.throws(() => referencesOf(table, name), /may be a respiratory rate or intervals/);
    assert.throws(() => referencesOf(table, `${name}:rate`), TableError);
    assert.deepEqual(Object.keys(kindsOf(`${name}:breathing`, table)), ["breathing"]);
    assert.deepEqual(Object.keys(kindsOf(`${name}:pulse`, table)), ["pulse"]);
  }
});

Deno.test("rateReference() knows no rate two intervals after its end, or after a gap began", () => {
  const rows = Array.from({ length: 21 }, (_, k) => k);
  const times = Float64Array.from(rows);
  const rates = Float64Array.from(rows, (k) => k > 8 && k < 15 ? NaN : 60);
  const { rateAt, spanS } = rateReference(times, rates);
  assert.deepEqual(spanS, [0, 20]);
  assert.deepEqual([8, 10, 10.1, 14.9, 15, 20, 22, 22.1].map((endS) => rateAt(endS, 10)), [
    ...[60, 60, undefined, undefined, 60, 60, 60, undefined],
  ]);
  const dense = rateReference(timesOf(20), timesOf(20).fill(70));
  assert.deepEqual([dense.rateAt(20.5, 10), dense.rateAt(20.6, 10)], [70, undefined]);
});

Deno.test("waveformReference() knows no rate 0.5 s after its end", () => {
  const { rateAt, spanS } = waveAt(75, { missing: (row) => row > 1500 });
  assert.deepEqual(spanS, [0, 50]);
  assert.ok(Math.abs(rateAt(50.5, 10)! - 75) < 0.5);
  for (const endS of [50.6, 55, 61, 90]) assert.equal(rateAt(endS, 10), undefined, `${endS}`);
});

Deno.test("referencesOf() prefers a stated vital sign and kind", () => {
  assert.deepEqual(kindsOf("ppg:breathing:rate,resp:pulse"), {
    breathing: "column ppg of ref.csv, a rate",
    pulse: "column resp of ref.csv, a waveform",
  });
  assert.deepEqual(kindsOf("heart_rate:waveform"), {
    pulse: "column heart_rate of ref.csv, a waveform",
  });
  assert.throws(() => referencesOf(TABLE, "x"), /Cannot find the column x/);
});

Deno.test("referencesOf() averages a breathing rate over at least 30 s, a pulse over the window", () => {
  const { pulse, breathing } = referencesOf(TABLE, "heart_rate,resp_rate");
  assert.equal(pulse!.rateAt(70, 10), 90);
  assert.ok(Math.abs(breathing!.rateAt(70, 10)! - (10 + 12 / 3)) < 0.03);
  assert.ok(Math.abs(breathing!.rateAt(80, 40)! - 16) < 0.03, "a longer window");
});

/** A reference of a sine wave of 60 s at 30 rows a second; `missing` drops rows. */
function waveAt(perMinute: number, { band = PULSE_REFERENCE, missing = (_row: number) => false }) {
  const times = timesOf(60);
  const wave = times.map((t, k) =>
    missing(k) ? NaN : 3 + 0.2 * t + Math.sin((2 * Math.PI * perMinute * t) / 60)
  );
  return waveformReference(times, wave, { band });
}

Deno.test("waveformReference() finds every rate of its band, despite a drift", () => {
  for (const perMinute of [38, 60, 110, 195]) {
    const actual = waveAt(perMinute, {}).rateAt(40, 10)!;
    assert.ok(Math.abs(actual - perMinute) < 0.5, `${perMinute}: ${actual}`);
  }
  for (const perMinute of [4, 12, 30, 48]) {
    const actual = waveAt(perMinute, { band: BREATHING_REFERENCE }).rateAt(55, 50)!;
    assert.ok(Math.abs(actual - perMinute) < 0.3, `${perMinute}: ${actual}`);
  }
});

/** A reference whose rate is 60/min for 30 s, then 90. */
function stepAt(lastS = 60) {
  const times = timesOf(lastS);
  let phase = 0;
  const wave = times.map((t) => Math.sin(phase += 2 * Math.PI * (t < 30 ? 1 : 1.5) / 30));
  return waveformReference(times, wave, { band: PULSE_REFERENCE });
}

Deno.test("waveformReference() counts the beats of a window under 5 s, also of one that ends inside it", () => {
  const { rateAt } = stepAt();
  for (const [endS, windowS, rate] of [[29, 2, 60], [33, 2, 90], [32.7, 2.5, 90]] as const) {
    const actual = rateAt(endS, windowS)!;
    assert.ok(Math.abs(actual - rate) < 1.5, `${windowS} s before ${endS} s: ${actual}`);
  }
  const half = rateAt(32, 4)!;
  assert.ok(Math.abs(half - 75) < 2, `half of both: ${half}`);
  // From 5 s on, the dominant frequency is nearer to that of the last 4 s than the mean of all beats.
  const [mean, dominant] = [rateAt(34, 4.8)!, rateAt(34, 5.2)!];
  assert.ok(Math.abs(mean - (4 * 90 + 0.8 * 60) / 4.8) < 1, `${mean}`);
  assert.ok(dominant - (4 * 90 + 1.2 * 60) / 5.2 > 3, `${dominant}`);
});

Deno.test("waveformReference() has beats up to its end, and none in a gap", () => {
  const atEnd = stepAt(40).rateAt(40, 2)!;
  assert.ok(Math.abs(atEnd - 90) < 1.5, `${atEnd}`);
  const { rateAt } = waveAt(75, { missing: (row) => row > 900 && row < 1080 });
  assert.equal(rateAt(35, 2), undefined);
  assert.equal(rateAt(0.5, 2), undefined);
});

Deno.test("waveformReference() finds the strongest wave in its band, and none beyond it", () => {
  const times = timesOf(60);
  const wave = times.map((t) =>
    Math.sin(2 * Math.PI * 1.5 * t) + 2 * Math.sin(2 * Math.PI * 4 * t) +
    2 * Math.sin(2 * Math.PI * 0.35 * t) + 0.5 * Math.sin(2 * Math.PI * 2.5 * t)
  );
  const actual = waveformReference(times, wave, { band: PULSE_REFERENCE }).rateAt(40, 10)!;
  assert.ok(Math.abs(actual - 90) < 1, `${actual}`);
});

Deno.test("waveformReference() fills gaps while at least 90 % of the window is known", () => {
  // A gap of over 0.25 s is not interpolated.
  const gap = (seconds: number) => (row: number) => row > 900 && row < 900 + seconds * 30;
  const known = waveAt(75, { missing: gap(0.9) }).rateAt(35, 10);
  assert.ok(Math.abs(known! - 75) < 1, `${known}`);
  assert.equal(waveAt(75, { missing: gap(1.2) }).rateAt(35, 10), undefined);
  const atStart = waveAt(75, { missing: (row) => row < 620 }).rateAt(30, 10);
  assert.ok(Math.abs(atStart! - 75) < 1, `${atStart}`);
});

Deno.test("waveformReference() knows no rate before a whole window, and takes the last one at the end", () => {
  const { rateAt } = waveAt(75, {});
  assert.equal(rateAt(8, 10), undefined);
  assert.ok(Math.abs(rateAt(10, 10)! - 75) < 0.5);
  assert.ok(Math.abs(rateAt(60.2, 10)! - 75) < 0.5);
  const empty = waveformReference(new Float64Array(), new Float64Array(), {
    band: PULSE_REFERENCE,
  });
  assert.equal(empty.rateAt(10, 10), undefined);
});
