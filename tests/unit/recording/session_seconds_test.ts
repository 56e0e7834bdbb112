import assert from "node:assert/strict";
import type { ReceivedEnvelope } from "../../../src/envelopes/received.ts";
import { secondsOf, type SessionSecond } from "../../../src/recording/session_seconds.ts";
import { heapInUse } from "../../support/heap.ts";

const GRID = { startUs: 0, firstUs: 0, rateHz: 2 };

function metrics(second: number, pulse: Readonly<Record<string, unknown>>): ReceivedEnvelope {
  return { type: "core_metrics", timestamp: second * 1e6, payload: { pulse } };
}

function status(second: number, name: string): ReceivedEnvelope {
  return { type: "status", timestamp: second * 1e6, payload: { name } };
}

const sample = (second: number, value: number) => ({ timestamp: second * 1e6, value });
const trace = (...samples: readonly (readonly [number, number])[]) => ({
  trace: samples.map(([second, value]) => sample(second, value)),
});

function secondsIn(
  envelopes: readonly ReceivedEnvelope[],
  maxEmptySeconds = 1000,
): SessionSecond[] {
  const seconds = secondsOf({ sessionId: "a", grid: GRID, envelopes, maxEmptySeconds });
  return [...seconds].filter((second) => second !== undefined);
}

const indexes = (seconds: readonly SessionSecond[]) => seconds.map(({ index }) => index);
const pulseIn = (seconds: readonly SessionSecond[]) =>
  seconds.map(({ waveforms }) => [...waveforms.pulse]);
const beatsIn = (seconds: readonly SessionSecond[]) =>
  seconds.map(({ events }) =>
    events.filter(({ text }) => text === "Beat").map(({ timeUs }) => timeUs / 1e6)
  );

Deno.test("secondsOf() yields each second with its points, and NaN in gaps", () => {
  const seconds = secondsIn([
    metrics(0.9, trace([0, 1], [0.5, 2])),
    metrics(3.9, trace([3, 3], [3.25, 4], [3.75, 6])),
  ]);
  assert.deepEqual(indexes(seconds), [0, 1, 2, 3]);
  assert.deepEqual(pulseIn(seconds), [[1, 2], [NaN, NaN], [NaN, NaN], [3, 5]]);
});

Deno.test("secondsOf() yields the last trusted value of a second", () => {
  const strict = (value: unknown) => ({ strict: { value, confidence: 0.9 } });
  const seconds = secondsIn([
    metrics(0.2, strict(60)),
    metrics(0.4, strict(61)),
    metrics(0.6, {}),
    metrics(1.2, strict("62")),
  ]);
  assert.deepEqual(seconds.map(({ values }) => values.pulse), [
    { value: 61, confidence: 0.9 },
    { value: NaN, confidence: NaN },
  ]);
});

Deno.test("secondsOf() takes corrections and beats of the last 30 s, and those up to 1 s ahead", () => {
  const beat = (at: number, from: number) =>
    beatsIn(secondsIn([metrics(0, {}), metrics(from, { beats: [{ timestamp: at * 1e6 }] })]))
      .flat();
  for (const [at, isTaken] of [[6, true], [5, false], [36, true], [36.1, false]] as const) {
    assert.deepEqual(beat(at, 35), isTaken ? [at] : [], `${at}`);
  }
  const corrected = secondsIn([
    metrics(10, trace([9, 1], [9.5, 1], [10, 1])),
    metrics(38, trace([9.5, 7], [7.5, 5])),
  ]);
  assert.deepEqual(pulseIn(corrected)[7], [NaN, NaN]);
  assert.deepEqual(pulseIn(corrected)[9], [1, 7]);
});

Deno.test("secondsOf() puts events into the second of their time, or into the next one that is open", () => {
  const seconds = secondsIn([
    metrics(0, {}),
    metrics(60, {}),
    status(2, "LATE"),
    status(70, "AHEAD"),
    metrics(75, {}),
  ]);
  const at = seconds.flatMap(({ index, events }) =>
    events.filter(({ text }) => text.startsWith("Status")).map(({ text }) => [text, index])
  );
  assert.deepEqual(at, [["Status: LATE", 30], ["Status: AHEAD", 70]]);
});

Deno.test("secondsOf() fills gaps up to a number of seconds in all, and leaves out longer ones", () => {
  const at = (...seconds: readonly number[]) =>
    indexes(secondsIn(seconds.map((second) => metrics(second, {})), 3));
  assert.deepEqual(at(0, 4), [0, 1, 2, 3, 4]);
  assert.deepEqual(at(0, 5), [0, 5]);
  assert.deepEqual(at(0, 3, 6, 8), [0, 1, 2, 3, 6, 7, 8]);
  assert.deepEqual(at(0, 1e10), [0, 1e10]);
  assert.deepEqual(at(0, 1.1e10), [0]);
});

Deno.test("secondsOf() puts events of an interruption, and samples after it, behind it", () => {
  const seconds = secondsIn([
    metrics(0.5, trace([0, 1], [0.5, 1])),
    status(50, "INSIDE"),
    metrics(100.5, trace([99.5, 8], [100, 2], [100.5, 3])),
  ], 10);
  assert.deepEqual(indexes(seconds), [0, 100]);
  assert.deepEqual(pulseIn(seconds), [[1, 1], [2, 3]]);
  assert.ok(seconds[1]!.events.some(({ text }) => text === "Status: INSIDE"));
});

Deno.test("secondsOf() extends a session to the events of the minute after its last metrics", () => {
  const last = (second: number) => {
    const seconds = secondsIn([metrics(5, {}), status(second, "END")]);
    assert.ok(seconds.at(-1)!.events.some(({ text }) => text === "Status: END"));
    return seconds.at(-1)!.index;
  };
  assert.equal(last(65), 65);
  assert.equal(last(66), 5);
});

Deno.test("secondsOf() works in memory that does not depend on the length of the session", () => {
  function* envelopes(count: number) {
    for (let k = 0; k < count; k++) {
      const at = k / 5;
      const samples = Array.from({ length: 6 }, (_, n) => [at + n / 30, 1] as const);
      yield metrics(at, { ...trace(...samples), beats: [{ timestamp: at * 1e6 }] });
    }
  }
  const heapAfter = (count: number) => {
    let seconds = 0;
    let heap = 0;
    const grid = { ...GRID, rateHz: 30 };
    for (const second of secondsOf({ sessionId: "a", grid, envelopes: envelopes(count) })) {
      if (second) seconds++;
      if (second?.index === count / 5 - 40) heap = heapInUse();
    }
    assert.equal(seconds, count / 5);
    return heap;
  };
  const short = heapAfter(1000);
  const long = heapAfter(20_000);
  assert.ok(long < short + 200_000, `${short} and ${long} bytes`);
});
