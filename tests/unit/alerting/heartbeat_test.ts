import assert from "node:assert/strict";
import { sendHeartbeats } from "../../../src/alerting/heartbeat.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
import { HeldTimers } from "../../support/held_timers.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { waitFor } from "../../support/wait.ts";

Deno.test("sendHeartbeats() requests its URL every minute while there is no problem", async () => {
  let requests = 0;
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => {
    requests++;
    return new Response(null, { status: requests === 3 ? 500 : 200 });
  });
  const clock = new ManualClock();
  const log = new CollectingLog();
  const ending = new AbortController();
  const link = { problem: undefined as string | undefined };
  const url = new URL(`http://127.0.0.1:${server.addr.port}/`);
  const running = sendHeartbeats({ url, problem: () => link.problem, clock, log }, ending.signal);
  for (let minute = 1; minute <= 3; minute++) {
    await waitFor(`request ${minute}`, () => requests === minute && clock.sleepers === 1);
    await clock.advance(59_900);
    assert.equal(requests, minute);
    await clock.advance(100);
  }
  await waitFor("the fourth request", () => requests === 4 && clock.sleepers === 1);
  assert.deepEqual(log.linesWith("No heartbeat").map((line) => /reason="(.*)"/.exec(line)?.[1]), [
    "HTTP 500",
  ]);
  link.problem = "no connection to Redis";
  await clock.advance(600_000);
  assert.equal(requests, 4);
  ending.abort();
  await running;
});

/** Runs the heartbeats to a server until the test ends. */
async function withHeartbeats(
  respond: (request: Request) => Response | Promise<Response>,
  run: (context: { readonly log: CollectingLog; readonly clock: ManualClock }) => Promise<void>,
): Promise<void> {
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, respond);
  const clock = new ManualClock();
  const log = new CollectingLog();
  const ending = new AbortController();
  const url = new URL(`http://127.0.0.1:${server.addr.port}/`);
  const running = sendHeartbeats({ url, problem: () => undefined, clock, log }, ending.signal);
  await run({ log, clock });
  ending.abort();
  await running;
}

Deno.test("sendHeartbeats() follows no redirection, and reports it", async () => {
  let requests = 0;
  const respond = () => {
    requests++;
    return new Response(null, { status: 302, headers: { location: "/other" } });
  };
  await withHeartbeats(respond, async ({ log }) => {
    await waitFor("a report", () => log.linesWith('reason="HTTP 302"').length === 1);
    assert.equal(requests, 1);
  });
});

Deno.test("sendHeartbeats() gives a request 10 s", async () => {
  using timers = new HeldTimers();
  const end = Promise.withResolvers<Response>();
  const arrived = Promise.withResolvers<void>();
  const respond = () => {
    arrived.resolve();
    return end.promise;
  };
  await withHeartbeats(respond, async ({ log, clock }) => {
    await arrived.promise;
    timers.advance(9900);
    await clock.advance(0);
    assert.deepEqual(log.lines, []);
    timers.advance(100);
    await waitFor("a report", () => log.linesWith("no answer in time").length === 1);
    end.resolve(new Response());
  });
});

Deno.test("sendHeartbeats() ends during a request without a report", async () => {
  const end = Promise.withResolvers<Response>();
  const arrived = Promise.withResolvers<void>();
  const respond = () => {
    arrived.resolve();
    return end.promise;
  };
  let lines: readonly string[] = [];
  await withHeartbeats(respond, async ({ log }) => {
    await arrived.promise;
    lines = log.lines;
    end.resolve(new Response());
  });
  assert.deepEqual(lines, []);
});
