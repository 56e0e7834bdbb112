import assert from "node:assert/strict";
import { measureLink } from "../../../../src/transports/redis/measure_link.ts";
import { ManualPerformance } from "../../../support/manual_performance.ts";

/** A client whose pings take the given times, in milliseconds. */
function clientOf(time: ManualPerformance, ...timesMs: number[]) {
  const payloads: (string | undefined)[] = [];
  return {
    payloads,
    ping: (payload?: string) => {
      payloads.push(payload);
      time.advance(timesMs.shift() ?? 0);
      return Promise.resolve();
    },
  };
}

Deno.test("measureLink() takes the time per byte of a slow link from a long ping", async () => {
  using time = new ManualPerformance();
  const client = clientOf(time, 12, 10, 150, 146);
  const { rttUs, usPerByte } = await measureLink(client, { maxBytes: 1e7 });
  assert.equal(Math.round(rttUs), 10_000);
  assert.equal(usPerByte.toFixed(2), (136_000 / 4096).toFixed(2));
  assert.deepEqual(client.payloads.map((payload) => payload?.length), [
    undefined,
    undefined,
    4096,
    4096,
  ]);
});

Deno.test("measureLink() reports no time per byte for a fast link, or one slow ping", async () => {
  using time = new ManualPerformance();
  for (const times of [[1, 1, 20], [1, 1, 500, 20], [300, 300, 319]]) {
    const { usPerByte } = await measureLink(clientOf(time, ...times), { maxBytes: 1e7 });
    assert.equal(usPerByte, 0, `${times}`);
  }
});

Deno.test("measureLink() sends no more than the limit of a reply, and no long ping without one", async () => {
  using time = new ManualPerformance();
  const client = clientOf(time);
  await measureLink(client, { maxBytes: 1024 });
  assert.deepEqual(client.payloads.map((payload) => payload?.length), [undefined, undefined, 1024]);
  const short = clientOf(time);
  await measureLink(short, { maxBytes: 0 });
  assert.deepEqual(short.payloads, [undefined, undefined]);
});
