import assert from "node:assert/strict";
import { coreMetrics, START_US, summaryOf, trusted } from "../../support/fhir_intervals.ts";

const PERSON_2 = { boot_id: "boot", subject: 2 };

Deno.test("Interval.summary() has the measurement that is the median, with its window", () => {
  const values = [71, 75, 90, 72];
  const { pulse } = summaryOf(values.map((value, k) => coreMetrics(10 + k, trusted(value))));
  assert.deepEqual(pulse, {
    measurement: {
      value: 72,
      confidence: 0.95,
      startUs: START_US + 3e6,
      endUs: START_US + 13e6,
    },
  });
});

Deno.test("Interval.summary() has values of the newest person only", () => {
  const { pulse, breathing } = summaryOf([
    ...[60, 60, 60].map((value, k) => coreMetrics(k, trusted(value))),
    coreMetrics(20, { pulse: trusted(90)["pulse"] }, PERSON_2),
    coreMetrics(21, { withheld: { pulse: "motion", breathing: "motion" } }, PERSON_2),
  ]);
  assert.equal(pulse && "measurement" in pulse && pulse.measurement.value, 90);
  assert.equal(breathing && "measurement" in breathing && breathing.measurement.value, 16.2);
});

Deno.test("Interval.summary() has the most frequent reason if no value was trusted", () => {
  const reasons = ["warming_up", "motion", "motion", "too_dark"];
  const { pulse, breathing, endUs } = summaryOf(
    reasons.map((pulse, k) => coreMetrics(k, { withheld: { pulse } })),
  );
  assert.deepEqual(pulse, { withheld: "motion" });
  assert.equal(breathing, undefined);
  assert.equal(endUs, START_US + 3e6);
});

Deno.test("Interval.summary() does not depend on the order and on repeated messages", () => {
  const envelopes = [71, 75, 90, 72].map((value, k) =>
    coreMetrics(k, { ...trusted(value), withheld: { breathing: "motion" } })
  );
  const reversed = envelopes.toReversed();
  assert.deepEqual(summaryOf([...reversed, ...envelopes]), summaryOf(envelopes));
});

Deno.test("Interval.summary() ignores what no device publishes", () => {
  const strange = [
    { pulse: { strict: { value: "72" } }, breathing: { strict: { value: -1 } } },
    { pulse: 5, breathing: null, withheld: "no" },
    {
      pulse: {
        strict: { value: 1e9 },
        trace: [{ value: 1e9, timestamp: 5 }, 7],
        hrv: { sdnn: NaN },
      },
    },
  ];
  const summary = summaryOf(strange.map((payload, k) => coreMetrics(k, payload)), {
    waveforms: true,
  });
  assert.deepEqual(summary.pulse, undefined);
  assert.deepEqual(summary.breathing, undefined);
  assert.equal(summary.sdnn, undefined);
  assert.equal(summary.traces.pulse.size, 0);
  const odd = { pulse: { strict: { value: 72, confidence: 5, window_s: -1 } } };
  const { pulse } = summaryOf([coreMetrics(1, odd)]);
  assert.deepEqual(pulse, {
    measurement: { value: 72, confidence: undefined, startUs: undefined, endUs: START_US + 1e6 },
  });
});

Deno.test("Interval.summary() has the newest heart rate variability", () => {
  const hrv = (sdnn: number) => ({ pulse: { hrv: { sdnn, rmssd: 30, confidence: 0.8 } } });
  const { sdnn, rmssd } = summaryOf([coreMetrics(9, hrv(42)), coreMetrics(3, hrv(40))]);
  assert.deepEqual(sdnn, { value: 42, confidence: 0.8, startUs: undefined, endUs: START_US + 9e6 });
  assert.equal(rmssd!.value, 30);
});

Deno.test("Interval.summary() has waveforms only if they are collected", () => {
  const trace = [{ value: 0.5, timestamp: START_US }];
  const envelope = coreMetrics(1, { pulse: { trace }, breathing: { upper_trace: trace } });
  assert.equal(summaryOf([envelope]).traces.pulse.size, 0);
  const { traces } = summaryOf([envelope], { waveforms: true });
  assert.deepEqual([...traces.pulse], [[START_US, 0.5]]);
  assert.deepEqual([...traces.breathing], [[START_US, 0.5]]);
});
