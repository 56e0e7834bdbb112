import assert from "node:assert/strict";
import {
  hasReference,
  pool,
  type Recording,
  stratify,
  subjectsOf,
  summarizeRecordings,
  windowsBySubject,
} from "../../../src/validation/recording.ts";
import type { WindowResult } from "../../../src/validation/windows.ts";

/** A recording with one error in beats/min for each window. */
function recording(
  name: string,
  { subject, errors, strata = {} }: {
    subject: string;
    errors: readonly number[];
    strata?: Readonly<Record<string, string>>;
  },
): Recording {
  const windows = errors.map((error, k): WindowResult => ({
    endS: 10 + k,
    strict: 70 + k + error,
    reference: 70 + k,
  }));
  return {
    name,
    subject,
    strata,
    exclusions: [],
    run: {
      pulse: { windows, firstValueS: 5 + errors.length },
      breathing: { windows: [{ endS: 10, withheld: "no_chest" }] },
      startS: 0,
      seconds: 10,
      samples: 300,
      conditions: new Map([["OK", errors.length]]),
    },
  };
}

const RECORDINGS = [
  recording("a", { subject: "s1", errors: [1, 2], strata: { light: "day", skin: "I" } }),
  recording("b", { subject: "s1", errors: [0], strata: { light: "lamp" } }),
  recording("c", { subject: "s2", errors: [-3, 3, 0], strata: { light: "day", skin: "VI" } }),
];

Deno.test("pool() joins the windows of all runs, with the median time to the first value", () => {
  const run = pool(RECORDINGS.map(({ run }) => run));
  assert.deepEqual(run.pulse.windows.length, 6);
  assert.equal(run.pulse.firstValueS, 7);
  assert.equal("firstValueS" in run.breathing, false);
  assert.deepEqual([run.seconds, run.samples, run.conditions.get("OK")], [30, 900, 6]);
});

Deno.test("summarizeRecordings() resamples subjects, not recordings or windows", () => {
  const { pulse, breathing } = summarizeRecordings(RECORDINGS);
  assert.deepEqual([pulse.n, pulse.subjects, breathing.n, breathing.subjects], [6, 2, 0, 0]);
  assert.deepEqual(pulse.reference_range, [70, 72]);
  assert.ok(Math.abs(pulse.arms! - Math.sqrt((1 + 4 + 9 + 9) / 6)) < 1e-12);
  // Two subjects: the interval reaches from one to the other.
  const [low, high] = pulse.arms_ci95!;
  assert.ok(Math.abs(low - Math.sqrt(5 / 3)) < 1e-12 && Math.abs(high - Math.sqrt(6)) < 1e-12);
});

Deno.test("stratify() summarizes each value of each stratum, also if it is not stated", () => {
  const strata = stratify(RECORDINGS).map(({ name, value, recordings, subjects, summaries }) => [
    ...[name, value, recordings, subjects],
    summaries.pulse.n,
  ]);
  assert.deepEqual(strata, [
    ["light", "day", 2, 2, 5],
    ["light", "lamp", 1, 1, 1],
    ["skin", "I", 1, 1, 2],
    ["skin", "", 1, 1, 1],
    ["skin", "VI", 1, 1, 3],
  ]);
  assert.deepEqual(stratify([recording("a", { subject: "s", errors: [1] })]), []);
});

Deno.test("subjectsOf() and windowsBySubject() join the recordings of a person", () => {
  assert.equal(subjectsOf(RECORDINGS), 2);
  const windows = windowsBySubject(RECORDINGS, "pulse");
  assert.deepEqual([...windows].map(([subject, { length }]) => [subject, length]), [
    ["s1", 3],
    ["s2", 3],
  ]);
});

Deno.test("hasReference() is true if any window of a vital sign has one", () => {
  assert.equal(hasReference(RECORDINGS[0]!), true);
  assert.equal(hasReference(recording("a", { subject: "s", errors: [] })), false);
});
