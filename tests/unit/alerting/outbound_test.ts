import assert from "node:assert/strict";
import type { Alert } from "../../../src/alerting/alert.ts";
import type { Notifier, Target } from "../../../src/alerting/notifier.ts";
import { Outbound } from "../../../src/alerting/outbound.ts";
import { ALERT } from "../../support/alert_target.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
import { ManualClock, settle } from "../../support/manual_clock.ts";
import { waitFor } from "../../support/wait.ts";

/** A target in memory, which fails while a test wants it. */
class FakeTarget implements Target, Notifier {
  readonly minPriority = "low";
  readonly permissions = {};
  readonly sent: Alert[] = [];
  isFailing = false;
  disposed = 0;

  constructor(readonly name: string) {}

  readonly open = () => Promise.resolve(this);

  // deno-lint-ignore require-await
  async send(alert: Alert): Promise<void> {
    if (this.isFailing) throw new Error("it is away");
    this.sent.push(alert);
  }

  // deno-lint-ignore require-await
  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed++;
  }
}

async function open(
  targets: readonly Target[],
  { heartbeatUrl, problem = () => undefined }: {
    readonly heartbeatUrl?: URL;
    readonly problem?: () => string | undefined;
  } = {},
) {
  const clock = new ManualClock(ALERT.time);
  const log = new CollectingLog();
  const rules = {
    rules: { rules: [], minConfidence: 0 },
    targets,
    heartbeatUrl,
    repeatS: undefined,
  };
  return { clock, log, outbound: await Outbound.open({ rules, problem, clock, log }) };
}

Deno.test("Outbound sends each alert to every target, each on its own", async () => {
  const [first, second] = [new FakeTarget("first"), new FakeTarget("second")];
  first.isFailing = true;
  const { clock, outbound } = await open([first, second]);
  outbound.send(ALERT);
  await settle();
  assert.deepEqual([first.sent, second.sent], [[], [ALERT]]);
  first.isFailing = false;
  await clock.advance(1000);
  assert.deepEqual(first.sent, [ALERT]);
  await outbound[Symbol.asyncDispose]();
  assert.deepEqual([first.disposed, second.disposed], [1, 1]);
});

Deno.test("Outbound.flush() waits until everything is sent, up to its time", async () => {
  const target = new FakeTarget("a");
  target.isFailing = true;
  const { clock, outbound } = await open([target]);
  await outbound.flush(1000); // nothing waits
  outbound.send(ALERT);
  await settle();
  let isOver = false;
  const flushing = outbound.flush(400).then(() => isOver = true);
  await clock.advance(399);
  assert.equal(isOver, false);
  await clock.advance(1);
  assert.equal(isOver, true);
  await flushing;
  target.isFailing = false;
  const again = outbound.flush(60_000).then(() => isOver = false);
  await clock.advance(1050);
  assert.equal(isOver, false);
  await again;
  await outbound[Symbol.asyncDispose]();
});

Deno.test("Outbound.open() closes the targets before one that cannot be opened", async () => {
  const target = new FakeTarget("a");
  const broken = { ...target, name: "b", open: () => Promise.reject(new Error("no secret")) };
  await assert.rejects(open([target, broken]), /no secret/);
  assert.equal(target.disposed, 1);
});

Deno.test("Outbound requests the heartbeat while alerts are received and sent", async () => {
  let requests = 0;
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    requests++;
    return new Response();
  });
  const target = new FakeTarget("a");
  const link: { problem: string | undefined } = { problem: undefined };
  const { clock, log, outbound } = await open([target], {
    heartbeatUrl: new URL(`http://127.0.0.1:${server.addr.port}/`),
    problem: () => link.problem,
  });
  await waitFor("the first request", () => requests === 1);
  link.problem = "no connection to Redis";
  await waitFor("the pause", () => clock.sleepers > 1);
  await clock.advance(60_000);
  assert.equal(log.linesWith('No heartbeat reason="no connection to Redis"').length, 1);
  log.time.nowMs += 600_001;
  link.problem = undefined;
  target.isFailing = true;
  outbound.send(ALERT);
  await clock.advance(60_000);
  assert.equal(log.linesWith('No heartbeat reason="alerts cannot be sent"').length, 1);
  assert.equal(requests, 1);
  target.isFailing = false;
  await clock.advance(60_000);
  await waitFor("the second request", () => requests === 2);
  await outbound[Symbol.asyncDispose]();
});
