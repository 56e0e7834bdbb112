import assert from "node:assert/strict";
import { Hub } from "../../../../src/web/hub.ts";
import { trendRoute } from "../../../../src/web/routes/trends.ts";
import type { Trends } from "../../../../src/web/trends/trends.ts";
import { fakeStatus } from "../../../support/fake_stream.ts";

/** Calls the route, whose trends are busy or have one row, and returns the ranges that were read. */
async function call(query: string, isBusy = false) {
  const ranges: unknown[] = [];
  const trends = {
    read: (_device: string, range: unknown) => {
      ranges.push(range);
      return Promise.resolve(
        isBusy ? "busy" : { time: [1_000_000], intervalS: 5, columns: { pulse: [70] } },
      );
    },
  } as unknown as Trends;
  const hub = new Hub();
  for (const bed of ["bed-1", "bed-2"]) {
    hub.publishEnvelope(bed, { topic: "status", envelope: fakeStatus(1) });
  }
  const route = trendRoute(hub, trends);
  const target = { query: new URLSearchParams(query), rest: "" };
  const response = await route.handle(new Request("http://a/"), target);
  return { status: response.status, text: await response.text(), ranges };
}

Deno.test("trendRoute() reads the range that the query names", async () => {
  const { status, text, ranges } = await call("device=bed-1&from=7&to=9");
  assert.equal(status, 200);
  assert.deepEqual(ranges, [{ fromUs: 7, toUs: 9 }]);
  assert.deepEqual(JSON.parse(text), {
    device: "bed-1",
    interval_s: 5,
    columns: { time: [1_000_000], pulse: [70] },
  });
  assert.deepEqual((await call("device=bed-1")).ranges, [{}]);
  assert.deepEqual((await call("device=bed-1&to=9")).ranges, [{ toUs: 9 }]);
});

Deno.test("trendRoute() refuses an unknown device, times that are none, and more than it can read", async () => {
  for (
    const [query, status] of [
      ["device=other", 404],
      ["", 404],
      ["device=bed-1&from=x", 400],
      ["device=bed-1&to=-1", 400],
      ["device=bed-1&from=9007199254740992", 400],
      ["device=bed-1&from=9007199254740991", 200],
      ["device=bed-1&to=", 400],
    ] as const
  ) {
    assert.equal((await call(query)).status, status, query);
  }
  assert.equal((await call("device=bed-1", true)).status, 503);
});
