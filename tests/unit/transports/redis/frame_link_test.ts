import assert from "node:assert/strict";
import { FrameLink } from "../../../../src/transports/redis/frame_link.ts";
import { RedisLink } from "../../../../src/transports/redis/redis_link.ts";
import { silentLog } from "../../../../src/telemetry/log.ts";
import { FakeRedis } from "../../../support/fake_redis.ts";
import { freePort } from "../../../support/free_port.ts";
import { optionsFor } from "../../../support/redis_outbox.ts";
import { ManualPerformance } from "../../../support/manual_performance.ts";
import { waitFor } from "../../../support/wait.ts";

Deno.test("FrameLink connects for the first frame, and closes after a minute without one", async () => {
  await using server = new FakeRedis();
  using time = new ManualPerformance();
  await using frames = new FrameLink(
    new RedisLink("frames", { options: optionsFor(server), log: silentLog }),
  );
  frames.closeIfIdle();
  assert.equal(server.opened, 0);
  assert.equal(frames.open(), false, "it connects");
  await waitFor("the connection", () => frames.open(), { pollMs: 1 });
  time.advance(59_999);
  frames.closeIfIdle();
  assert.equal(frames.link.ready, true);
  assert.equal(frames.open(), true);
  time.advance(59_999);
  frames.closeIfIdle();
  assert.equal(frames.link.ready, true, "each frame counts");
  time.advance(1);
  frames.closeIfIdle();
  assert.deepEqual([frames.link.ready, frames.link.problem], [false, undefined]);
  await waitFor("the end", () => server.open === 0, { pollMs: 1 });
  await waitFor("another connection", () => frames.open(), { pollMs: 1 });
  assert.equal(server.opened, 2);
});

Deno.test("FrameLink gives up a connection that nothing needs any more, without a problem", async () => {
  using time = new ManualPerformance();
  const options = optionsFor({ port: freePort() });
  await using frames = new FrameLink(new RedisLink("frames", { options, log: silentLog }));
  frames.open();
  await waitFor("the problem", () => frames.link.problem !== undefined, { pollMs: 1 });
  time.advance(60_000);
  frames.closeIfIdle();
  assert.deepEqual([frames.link.started, frames.link.problem], [false, undefined]);
});

Deno.test("FrameLink opens no connection after it was disposed", async () => {
  await using server = new FakeRedis();
  const frames = new FrameLink(
    new RedisLink("frames", { options: optionsFor(server), log: silentLog }),
  );
  await frames[Symbol.asyncDispose]();
  assert.equal(frames.open(), false);
  assert.equal(frames.link.started, false);
});
