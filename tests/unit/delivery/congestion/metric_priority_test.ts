import assert from "node:assert/strict";
import { MetricPriority } from "../../../../src/delivery/congestion/metric_priority.ts";

const MS = 1000;
const CALM = 20;
const DELAYED = 200;

/** A priority that gets a delay every 50 ms, until a time in milliseconds. */
function startPriority({ isSlow = true, measuresLink = false } = {}) {
  const priority = new MetricPriority({ measuresLink });
  priority.reset({ isSlow });
  let nowMs = 0;
  const run = (delayMs: number, ms: number) => {
    for (const untilMs = nowMs + ms; nowMs < untilMs;) {
      nowMs += 50;
      priority.onDelay(delayMs * MS, nowMs * MS);
    }
  };
  const state = () => [priority.framesStopped, priority.edgeInterval];
  return { priority, run, state, nowUs: () => nowMs * MS };
}

Deno.test("MetricPriority stops frames once the delay has lasted for 250 ms, and not before", () => {
  const { run, state } = startPriority();
  run(CALM, 1000);
  run(DELAYED, 250);
  assert.deepEqual(state(), [false, 1]);
  run(DELAYED, 50);
  assert.deepEqual(state(), [true, 1]);
});

Deno.test("MetricPriority ignores a single delay, and delays of up to 150 ms", () => {
  const { run, state } = startPriority();
  for (let count = 0; count < 50; count++) {
    run(DELAYED, 200);
    run(CALM, 50);
  }
  run(150, 5000);
  assert.deepEqual(state(), [false, 1]);
});

Deno.test("MetricPriority thins edge metrics after the frames, one step every 500 ms", () => {
  const { run, state } = startPriority();
  run(DELAYED, 300);
  for (const interval of [2, 4, 8]) {
    run(DELAYED, 450);
    assert.deepEqual(state(), [true, interval / 2]);
    run(DELAYED, 50);
    assert.deepEqual(state(), [true, interval]);
  }
  run(DELAYED, 60_000);
  assert.deepEqual(state(), [true, 64], "no more than that");
});

Deno.test("MetricPriority thins edge metrics of a link that was fast only after 1.5 s more", () => {
  const { run, state } = startPriority({ isSlow: false });
  run(900, 300);
  assert.deepEqual(state(), [true, 1], "one step, although the delay is long");
  run(DELAYED, 1450);
  assert.deepEqual(state(), [true, 1]);
  run(DELAYED, 50);
  assert.deepEqual(state(), [true, 2]);
  run(DELAYED, 500);
  assert.deepEqual(state(), [true, 4], "then it is known to be slow");
});

Deno.test("MetricPriority takes two steps at a delay of more than 300 ms", () => {
  const { run, state } = startPriority();
  run(301, 300);
  assert.deepEqual(state(), [true, 2]);
});

Deno.test("MetricPriority takes one step back for each second of low delay", () => {
  const { run, state } = startPriority();
  run(DELAYED, 800);
  assert.deepEqual(state(), [true, 2]);
  run(CALM, 1000);
  assert.deepEqual(state(), [true, 2]);
  run(CALM, 50);
  assert.deepEqual(state(), [true, 1]);
  run(CALM, 1000);
  assert.deepEqual(state(), [false, 1]);
});

Deno.test("MetricPriority takes no step back while the delay is neither low nor high", () => {
  const { run, state } = startPriority();
  run(DELAYED, 300);
  run(100, 60_000);
  assert.deepEqual(state(), [true, 1]);
});

Deno.test("MetricPriority waits twice as long after each step back that failed, up to 60 s", () => {
  const { run, state } = startPriority();
  run(DELAYED, 300);
  for (const waitS of [1, 2, 4, 8, 16, 32, 60, 60]) {
    run(CALM, waitS * 1000);
    assert.deepEqual(state(), [true, 1], `${waitS} s`);
    run(CALM, 50);
    assert.deepEqual(state(), [false, 1], `${waitS} s`);
    run(90, 150); // on probation, a shorter delay is enough
    assert.deepEqual(state(), [true, 1], `${waitS} s`);
  }
});

Deno.test("MetricPriority waits for one second again after a step back that held for 10 s", () => {
  const { run, state } = startPriority();
  run(DELAYED, 300);
  run(CALM, 1050);
  run(DELAYED, 500);
  run(CALM, 2050);
  assert.deepEqual(state(), [false, 1]);
  run(CALM, 10_000);
  run(DELAYED, 300);
  assert.deepEqual(state(), [true, 1]);
  run(CALM, 1050);
  assert.deepEqual(state(), [false, 1]);
});

Deno.test("MetricPriority.stopFrames() stops frames at once and thins no edge metrics", () => {
  const { priority, state, nowUs } = startPriority();
  priority.stopFrames(nowUs());
  priority.stopFrames(nowUs());
  assert.deepEqual(state(), [true, 1]);
});

Deno.test("MetricPriority.reset() starts over", () => {
  const { priority, run, state } = startPriority();
  run(DELAYED, 2000);
  priority.reset({ isSlow: false });
  assert.deepEqual(state(), [false, 1]);
  run(DELAYED, 250);
  assert.deepEqual(state(), [false, 1]);
});

Deno.test("MetricPriority lets frames come back only after a measurement, each twice as late", () => {
  const { priority, run, state, nowUs } = startPriority({ measuresLink: true });
  run(DELAYED, 300);
  for (const waitMs of [1000, 2000, 4000]) {
    run(CALM, waitMs - 100);
    assert.equal(priority.measurementDue, false);
    run(CALM, 200);
    assert.equal(priority.measurementDue, true);
    priority.onLinkMeasured({ isSlow: true, hasRoom: false }, nowUs());
    assert.deepEqual([priority.measurementDue, ...state()], [false, true, 1]);
  }
  run(CALM, 8000);
  priority.onLinkMeasured({ isSlow: true, hasRoom: true }, nowUs());
  assert.deepEqual(state(), [false, 1]);
});

Deno.test("MetricPriority measures every 5 s, and sends everything once a slow link has become fast", () => {
  const { priority, run, state, nowUs } = startPriority({ measuresLink: true });
  run(DELAYED, 300);
  run(CALM, 1100);
  priority.onLinkMeasured({ isSlow: true, hasRoom: true }, nowUs());
  run(DELAYED, 9000); // frames have come back, and delay metrics
  assert.deepEqual(state(), [true, 64]);
  for (const measured of [{ isSlow: true, hasRoom: false }, { isSlow: true, hasRoom: true }]) {
    run(CALM, 4900);
    assert.equal(priority.measurementDue, false);
    run(CALM, 200);
    priority.onLinkMeasured(measured, nowUs());
    assert.deepEqual([priority.measurementDue, ...state()], [false, true, 64]);
  }
  run(CALM, 5100);
  priority.onLinkMeasured({ isSlow: false, hasRoom: true }, nowUs());
  assert.deepEqual(state(), [false, 1]);
});

Deno.test("MetricPriority keeps the time before a step back on a link that measurements show as fast", () => {
  // A link with a token bucket passes single messages at once, and delays a stream of frames.
  const { priority, run, state, nowUs } = startPriority({ isSlow: false, measuresLink: true });
  for (const waitMs of [1000, 2000, 4000, 8000]) {
    run(DELAYED, 1000);
    let waitedMs = 0;
    for (; priority.framesStopped; waitedMs += 100) {
      run(CALM, 100);
      if (priority.measurementDue) {
        priority.onLinkMeasured({ isSlow: false, hasRoom: true }, nowUs());
      }
      assert.ok(waitedMs <= waitMs + 5000, `${waitedMs} ms`);
    }
    assert.ok(waitedMs >= waitMs, `${waitedMs} ms`);
    assert.deepEqual(state(), [false, 1]);
  }
});

Deno.test("MetricPriority ignores a measurement that a delay or a new connection has overtaken", () => {
  for (const overtake of ["delay", "connection"] as const) {
    const { priority, run, state, nowUs } = startPriority({ measuresLink: true });
    run(DELAYED, 300);
    run(CALM, 1100);
    assert.equal(priority.measurementDue, true);
    if (overtake === "delay") run(DELAYED, 600);
    else priority.reset({ isSlow: true });
    const before = state();
    priority.onLinkMeasured({ isSlow: false, hasRoom: true }, nowUs());
    assert.deepEqual(state(), before);
  }
});
