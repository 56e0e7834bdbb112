import assert from "node:assert/strict";
import fc from "fast-check";
import { epochUs, monotonicUs } from "../../../../src/base/time.ts";
import { StateBuilder } from "../../../../src/transports/mqtt/state.ts";
import { coreMetrics, okStatus, recordingState } from "../../../support/mqtt_sink.ts";

const at = (seconds: number) => monotonicUs(seconds * 1e6);

Deno.test("StateBuilder has no key before the first envelope", () => {
  assert.deepEqual(new StateBuilder({ bufferDurationS: 0.2 }).at(at(0)), {});
});

Deno.test("StateBuilder has the strict values, the capture time, the status and the recording", () => {
  const state = new StateBuilder({ bufferDurationS: 0.2 });
  const envelope = coreMetrics({ pulse: 71.5 }, 1_700_000_000_200_000);
  state.take({
    ...envelope,
    payload: {
      ...envelope.payload,
      breathing: { strict: { value: 14.2, confidence: 0.9, window_s: 30 } },
    },
  }, at(10));
  state.take(okStatus(), at(10));
  state.take(recordingState(true), at(10));
  assert.deepEqual(state.at(at(10)), {
    pulse: 71.5,
    pulse_confidence: 0.95,
    breathing: 14.2,
    breathing_confidence: 0.9,
    timestamp: 1_700_000_000_200_000,
    status: "OK",
    recording: true,
  });
});

Deno.test("StateBuilder forgets a value when it is withheld", () => {
  const state = new StateBuilder({ bufferDurationS: 0.2 });
  state.take(coreMetrics({ pulse: 71.5 }), at(10));
  state.take(coreMetrics({ withheld: "motion" }), at(10.2));
  const built = state.at(at(10.2));
  assert.equal("pulse" in built || "pulse_confidence" in built, false);
  assert.deepEqual([built.withheld_pulse, built.withheld_breathing], ["motion", "motion"]);
});

for (const bufferDurationS of [0.2, 5]) {
  Deno.test(`StateBuilder drops metrics 2 s after the next were due, at intervals of ${bufferDurationS} s`, () => {
    const state = new StateBuilder({ bufferDurationS });
    state.take(coreMetrics({ pulse: 71.5 }), at(10));
    state.take(okStatus(), at(10));
    assert.equal(state.at(at(10 + bufferDurationS + 2)).pulse, 71.5);
    assert.deepEqual(state.at(at(10 + bufferDurationS + 2.1)), { status: "OK" });
    state.take(coreMetrics({ pulse: 72 }), at(20));
    assert.equal(state.at(at(20)).pulse, 72);
  });
}

Deno.test("StateBuilder ignores edge metrics", () => {
  const state = new StateBuilder({ bufferDurationS: 0.2 });
  state.take({
    type: "edge_metrics",
    timestamp: epochUs(1),
    payload: {
      signal: { brightness: 0.5, saturated_fraction: 0, fps: 30 },
      metadata: { sequence: 1, boot_id: "test" },
    },
  }, at(10));
  assert.deepEqual(state.at(at(10)), {});
});

Deno.test("StateBuilder never has a null, a 0 for a missing value, or both a value and a reason", () => {
  const step = fc.record({
    pulse: fc.option(fc.double({ min: 30, max: 220, noNaN: true }), { nil: undefined }),
    waitS: fc.double({ min: 0, max: 4, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const state = new StateBuilder({ bufferDurationS: 0.2 });
      let nowS = 0;
      for (const { pulse, waitS } of steps) {
        state.take(
          coreMetrics(pulse === undefined ? { withheld: "no_face" } : { pulse }),
          at(nowS),
        );
        const built = state.at(at(nowS + waitS));
        const isFresh = waitS <= 2.2;
        assert.equal(built.pulse, isFresh ? pulse : undefined);
        assert.equal("withheld_pulse" in built, isFresh && pulse === undefined);
        assert(Object.values(built).every((value) => value !== null && value !== undefined));
        nowS += waitS;
      }
    }),
  );
});
