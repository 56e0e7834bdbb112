import assert from "node:assert/strict";
import fc from "fast-check";
import { DEFAULT_REDIS_OPTIONS } from "../../../../src/transports/redis/options.ts";
import {
  type FailedAttempt,
  LONG_OUTAGE_MS,
  maxReconnectMs,
  reconnectDelayMs,
} from "../../../../src/transports/redis/reconnect_delay.ts";
import { Random } from "../../../support/random.ts";

const LONG: FailedAttempt = { attempt: 70, outageMs: 40_000, previousMs: 500, maxMs: 26_000 };

Deno.test("reconnectDelayMs() stays at 0.5 s until an outage has lasted for 30 s", () => {
  const delayAt = (outageMs: number) => reconnectDelayMs({ ...LONG, outageMs, random: 1 });
  assert.deepEqual([0, LONG_OUTAGE_MS - 1, LONG_OUTAGE_MS].map(delayAt), [500, 500, 26_000]);
  assert.equal(reconnectDelayMs({ ...LONG, maxMs: 500, random: 1 }), 500);
});

Deno.test("reconnectDelayMs() draws the first long delay from 0, and further ones are the maximum", () => {
  const first = [0, 0.5, 1].map((random) => reconnectDelayMs({ ...LONG, random }));
  assert.deepEqual(first, [0, 13_000, 26_000]);
  const further = [0, 0.5, 1].map((random) =>
    reconnectDelayMs({ ...LONG, previousMs: 501, random })
  );
  assert.deepEqual(further, [26_000, 26_000, 26_000]);
});

Deno.test("reconnectDelayMs() never exceeds the maximum", () => {
  const fraction = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(fc.property(fraction, fc.nat(), fc.nat(), (random, previousMs, outageMs) => {
    const delayMs = reconnectDelayMs({ ...LONG, random, previousMs, outageMs });
    assert.ok(delayMs >= 0 && delayMs <= 26_000);
  }));
});

Deno.test("reconnectDelayMs() lets 1,000 devices begin under 200 connections/s, all back within 29 s", () => {
  const generator = new Random(7);
  const random = () => generator.uniform();
  for (const outageS of [45, 60, 75, 90, 200, 600]) {
    const arrivals = Array.from({ length: 1000 }, () => {
      let atMs = LONG_OUTAGE_MS + 500 * random();
      let previousMs = 500;
      while (atMs < outageS * 1000) {
        previousMs = reconnectDelayMs({ ...LONG, previousMs, random: random() });
        atMs += previousMs;
      }
      // The other two connections of a device follow its first one within 3 s.
      return [0, 3 * random(), 3 * random()].map((s) => atMs / 1000 - outageS + s);
    }).flat().sort((a, b) => a - b);
    assert.ok(arrivals.at(-1)! <= 29, `${outageS} s: ${arrivals.at(-1)}`);
    // The most within any second: from each connection to the last one less than a second later.
    const counts = arrivals.map((from, at) =>
      arrivals.findLastIndex((to) => to < from + 1) - at + 1
    );
    assert.ok(Math.max(...counts) < 200, `${outageS} s: ${Math.max(...counts)}`);
  }
});

Deno.test("maxReconnectMs() is short on loopback only, unless it is set", () => {
  const maxMs = (changes: object) => maxReconnectMs({ ...DEFAULT_REDIS_OPTIONS, ...changes });
  assert.equal(maxMs({}), 500);
  assert.equal(maxMs({ host: "redis.example.org" }), 26_000);
  assert.equal(maxMs({ sentinels: ["10.0.0.1:26379"] }), 26_000);
  assert.equal(maxMs({ reconnectMaxMs: 3000 }), 3000);
});
