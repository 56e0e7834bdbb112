import assert from "node:assert/strict";
import type { FrameDemand } from "../../../src/delivery/backend.ts";
import { FakeBackend } from "../../support/fake_backend.ts";
import {
  fakeFrame,
  type FakeOutbox,
  framesOf,
  startFakeOutbox,
} from "../../support/fake_outbox.ts";

const UNWATCHED = { watched: false, patterns: 0 } as const;

/** A backend that answers who watches. */
class WatchedBackend extends FakeBackend {
  demand: FrameDemand | undefined = UNWATCHED;
  asked = 0;

  // deno-lint-ignore require-await
  async frameDemand(): Promise<FrameDemand | undefined> {
    this.asked++;
    return this.demand;
  }
}

/** Offers a frame every 50 ms for `ms` milliseconds; returns how many were sent. */
async function offerFor({ outbox, clock, backend }: FakeOutbox, ms: number): Promise<number> {
  const before = framesOf(backend.sent).length;
  for (let waitedMs = 0; waitedMs < ms; waitedMs += 50) {
    if (outbox.framesWanted) outbox.offer(fakeFrame(clock, waitedMs));
    await clock.advance(50);
  }
  return framesOf(backend.sent).length - before;
}

async function start({ demand, receivers = 0, idleFrameIntervalMs = 10_000 }: {
  demand: FrameDemand | undefined;
  receivers?: number | undefined;
  idleFrameIntervalMs?: number;
}) {
  const backend = new WatchedBackend();
  backend.demand = demand;
  backend.receivers = receivers;
  const ends = startFakeOutbox({ idleFrameIntervalMs }, backend);
  backend.setReady(true);
  await ends.clock.advance(0);
  return { ends, backend };
}

Deno.test("Outbox sends no frame while no client watches, and all within 300 ms of the first watcher", async () => {
  const { ends, backend } = await start({ demand: UNWATCHED });
  await using _ends = ends;
  assert.equal(await offerFor(ends, 60_000), 0);
  backend.demand = { watched: true, patterns: 0 };
  backend.receivers = 1;
  assert.ok(await offerFor(ends, 300) >= 1);
  const { asked } = backend;
  assert.equal(await offerFor(ends, 1000), 20);
  assert.equal(backend.asked, asked, "while frames are received, nothing is asked");
});

Deno.test("Outbox sends no further frame once a frame had no receiver and no client watches", async () => {
  const { ends, backend } = await start({ demand: { watched: true, patterns: 0 }, receivers: 1 });
  await using _ends = ends;
  await offerFor(ends, 1000);
  backend.demand = UNWATCHED;
  assert.equal(await offerFor(ends, 1000), 20, "the reply to a frame counts");
  backend.receivers = 0;
  assert.ok(await offerFor(ends, 60_000) <= 5);
});

Deno.test("Outbox finds subscribers by pattern by one frame every idle_frame_interval_s", async () => {
  const { ends, backend } = await start({ demand: UNWATCHED });
  await using _ends = ends;
  await offerFor(ends, 1000);
  backend.demand = { watched: false, patterns: 1 };
  assert.equal(await offerFor(ends, 300), 1, "a new pattern is tried at once");
  assert.equal(await offerFor(ends, 60_000), 6);
  backend.demand = { watched: false, patterns: 2 };
  assert.equal(await offerFor(ends, 300), 1);
  backend.demand = { watched: false, patterns: undefined };
  assert.equal(await offerFor(ends, 60_000), 6, "patterns that cannot be counted");
  backend.receivers = 1;
  await offerFor(ends, 10_200);
  assert.equal(await offerFor(ends, 1000), 20);
});

Deno.test("Outbox sends no idle frame if idle_frame_interval_s is 0", async () => {
  const { ends } = await start({
    demand: { watched: false, patterns: undefined },
    idleFrameIntervalMs: 0,
  });
  await using _ends = ends;
  assert.equal(await offerFor(ends, 60_000), 0);
});

Deno.test("Outbox sends frames to a backend that knows neither watchers nor receivers", async () => {
  const { ends, backend } = await start({ demand: undefined });
  await using _ends = ends;
  backend.receivers = undefined;
  assert.equal(await offerFor(ends, 1000), 20);
});

Deno.test("Outbox follows a lease where receivers are not counted, as in a cluster", async () => {
  const { ends, backend } = await start({ demand: { watched: false, patterns: undefined } });
  await using _ends = ends;
  backend.receivers = undefined;
  assert.equal(await offerFor(ends, 9000), 1);
  backend.demand = { watched: true, patterns: undefined };
  assert.ok(await offerFor(ends, 1000) >= 16);
  backend.demand = { watched: false, patterns: undefined };
  await offerFor(ends, 300);
  assert.ok(await offerFor(ends, 30_000) <= 3);
});

Deno.test("Outbox does not send frames without a watcher because another sink wants them", async () => {
  const { ends, backend } = await start({ demand: UNWATCHED });
  await using _ends = ends;
  ends.outbox.offer(fakeFrame(ends.clock, 1));
  await ends.clock.advance(100);
  assert.deepEqual([framesOf(backend.sent), ends.dropped("frame")], [[], 0]);
});

Deno.test("Outbox sends frames always with sendsFramesAlways", async () => {
  const backend = new WatchedBackend();
  backend.receivers = 0;
  await using ends = startFakeOutbox({ sendsFramesAlways: true }, backend);
  backend.setReady(true);
  assert.equal(await offerFor(ends, 1000), 20);
  assert.equal(backend.asked, 0);
});

Deno.test("Outbox asks for watchers anew on each connection", async () => {
  const { ends, backend } = await start({ demand: { watched: true, patterns: 0 }, receivers: 1 });
  await using _ends = ends;
  await offerFor(ends, 1000);
  backend.setReady(false);
  backend.demand = UNWATCHED;
  backend.setReady(true);
  assert.equal(ends.outbox.framesWanted, false);
  assert.equal(await offerFor(ends, 10_000), 0);
});
