import { epochUs, monotonicUs } from "../../../src/base/time.ts";
import assert from "node:assert/strict";
import { detectStall } from "../../../src/app/stall.ts";
import type { Clock } from "../../../src/telemetry/clock.ts";
import { Health, type HealthEvent } from "../../../src/telemetry/health.ts";

/** Health of a server that runs for `seconds` and in which only `recent` events happened now. */
function healthAfter(seconds: number, recent: readonly HealthEvent[]): Health {
  let nowUs = 0;
  const clock: Clock = {
    monotonicUs: () => monotonicUs(nowUs),
    epochUs: (us) => epochUs(us),
    sleep: () => Promise.resolve(),
  };
  const health = new Health(clock);
  nowUs = seconds * 1e6;
  for (const event of recent) health.record(event);
  return health;
}

const ALL = ["frame", "metric", "acknowledgement"] as const;

Deno.test("detectStall() returns undefined while all health events are recent", () => {
  const state = { status: "OK", metricsWanted: true } as const;
  assert.equal(detectStall({ ...state, health: healthAfter(100, ALL) }), undefined);
  assert.equal(detectStall({ ...state, health: healthAfter(10, []) }), undefined);
});

Deno.test("detectStall() returns the missing health event while the status is OK", () => {
  for (const missing of ALL) {
    const health = healthAfter(100, ALL.filter((event) => event !== missing));
    const reason = detectStall({ health, status: "OK", metricsWanted: true });
    assert.match(reason ?? "", /^No .* for 100\.0 s$/, missing);
  }
});

Deno.test("detectStall() ignores what the status reports already", () => {
  const silent = healthAfter(100, []);
  const status = "CAMERA_DISCONNECTED";
  assert.equal(detectStall({ health: silent, status, metricsWanted: true }), undefined);
  const unacknowledged = healthAfter(100, ["frame", "metric"]);
  const degraded = {
    health: unacknowledged,
    status: "PUBLISH_DEGRADED",
    metricsWanted: true,
  } as const;
  assert.equal(detectStall(degraded), undefined);
});

Deno.test("detectStall() requires no metrics while none are published", () => {
  const health = healthAfter(100, ["frame"]);
  assert.equal(detectStall({ health, status: "OK", metricsWanted: false }), undefined);
});

Deno.test("detectStall() allows 20 s between two events of a kind", () => {
  for (const missing of ALL) {
    for (const [seconds, stalled] of [[18, false], [22, true]] as const) {
      const health = healthAfter(seconds, ALL.filter((event) => event !== missing));
      const reason = detectStall({ health, status: "OK", metricsWanted: true });
      assert.equal(reason !== undefined, stalled, `${missing} ${seconds} s`);
    }
  }
});

Deno.test("detectStall() requires frames and metrics while Redis is unreachable, and nothing at the end", () => {
  const status = "PUBLISH_DEGRADED";
  for (const missing of ["frame", "metric"] as const) {
    const health = healthAfter(100, ALL.filter((event) => event !== missing));
    assert.ok(detectStall({ health, status, metricsWanted: true }), missing);
  }
  const health = healthAfter(100, []);
  assert.equal(detectStall({ health, status: "STOPPING", metricsWanted: true }), undefined);
  assert.match(detectStall({ health, status: "OK", metricsWanted: false }) ?? "", /^No frame/);
});
