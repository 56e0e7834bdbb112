import assert from "node:assert/strict";
import { OutageRecorder } from "../../../src/fleet/outages.ts";

/** Samples of `[ready, attempts, readersReady]`, one every half second. */
function outagesOf(samples: readonly (readonly [number, number, boolean])[]) {
  const recorder = new OutageRecorder(10);
  for (const [at, [ready, attempts, readersReady]] of samples.entries()) {
    recorder.add({ atS: at / 2, ready, attempts, readersReady });
  }
  return recorder.outages;
}

Deno.test("OutageRecorder finds an outage, its end for devices and readers, and its attempts", () => {
  const outages = outagesOf([
    [10, 10, true],
    [10, 10, true],
    [4, 10, true],
    [0, 30, false],
    [0, 70, false],
    [6, 76, false],
    [10, 80, false],
    [10, 80, true],
    [10, 80, true],
  ]);
  assert.deepEqual(outages, [{
    startS: 1,
    fewestReady: 0,
    firstBackS: 2.5,
    allBackS: 3,
    readersBackS: 3.5,
    peakAttemptsBefore: 60,
    peakAttemptsAfter: 46,
  }]);
});

Deno.test("OutageRecorder takes the start of the fleet for no outage", () => {
  assert.deepEqual(outagesOf([[0, 0, false], [5, 5, true], [10, 10, true]]), []);
});

Deno.test("OutageRecorder reports an outage that does not end, and two as two", () => {
  const [first, second] = outagesOf([
    [10, 10, true],
    [9, 10, true],
    [10, 11, true],
    [10, 11, true],
    [0, 11, false],
  ]);
  assert.equal(first?.allBackS, 1);
  assert.deepEqual(second, {
    startS: 2,
    fewestReady: 0,
    peakAttemptsBefore: 0,
    peakAttemptsAfter: 0,
  });
});

Deno.test("OutageRecorder reports an outage that begins and ends between two samples", () => {
  const outages = outagesOf([[10, 10, true], [10, 10, true], [10, 18, true], [10, 18, true]]);
  assert.deepEqual(outages, [{
    startS: 1,
    fewestReady: 2,
    firstBackS: 1,
    allBackS: 1,
    readersBackS: 1,
    peakAttemptsBefore: 0,
    peakAttemptsAfter: 8,
  }]);
});

Deno.test("OutageRecorder counts connections that begin more than once between two samples", () => {
  const [outage] = outagesOf([[10, 10, true], [10, 10, true], [10, 25, true]]);
  assert.deepEqual([outage?.fewestReady, outage?.peakAttemptsAfter], [0, 15]);
});
