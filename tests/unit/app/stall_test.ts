import assert from "node:assert/strict";
import { detectStall } from "../../../src/app/stall.ts";
import type { Clock } from "../../../src/telemetry/clock.ts";
import { Health, type HealthEvent } from "../../../src/telemetry/health.ts";

function healthAfter(seconds: number, alive: readonly HealthEvent[]): Health {
  let nowUs = 0;
  const clock: Clock = {
    monotonicUs: () => nowUs,
    epochUs: (us) => us,
    sleep: () => Promise.resolve(),
  };
  const health = new Health(clock);
  nowUs = seconds * 1e6;
  for (const event of alive) health.record(event);
  return health;
}

const ALL = ["frame", "metric", "acknowledgement"] as const;

Deno.test("a server whose signs of life are young is not stalled", () => {
  const condition = { status: "OK", metricsWanted: true } as const;
  assert.equal(detectStall({ ...condition, health: healthAfter(100, ALL) }), undefined);
  assert.equal(detectStall({ ...condition, health: healthAfter(10, []) }), undefined);
});

Deno.test("a frozen OK is stalled, whichever sign is missing", () => {
  for (const missing of ALL) {
    const health = healthAfter(100, ALL.filter((sign) => sign !== missing));
    const reason = detectStall({ health, status: "OK", metricsWanted: true });
    assert.match(reason ?? "", /^No .* for 100\.0 s$/, missing);
  }
});

Deno.test("what the server itself says is missing does not get it killed", () => {
  const silent = healthAfter(100, []);
  const status = "CAMERA_DISCONNECTED";
  assert.equal(detectStall({ health: silent, status, metricsWanted: true }), undefined);
  const unheard = healthAfter(100, ["frame", "metric"]);
  const degraded = { health: unheard, status: "PUBLISH_DEGRADED", metricsWanted: true } as const;
  assert.equal(detectStall(degraded), undefined);
});

Deno.test("while no metrics are wanted, none are missed", () => {
  const health = healthAfter(100, ["frame"]);
  assert.equal(detectStall({ health, status: "OK", metricsWanted: false }), undefined);
});
