import assert from "node:assert/strict";
import { BackendError, type Delivery } from "../../../src/delivery/backend.ts";
import type { Outgoing } from "../../../src/envelopes/message.ts";
import { FakeBackend } from "../../support/fake_backend.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
import { fakeFrame, framesOf, startFakeOutbox } from "../../support/fake_outbox.ts";

/** The smallest step of the clock. */
const MICROSECOND_MS = 0.001;

for (
  const { options, limitMs } of [
    { options: {}, limitMs: 500 },
    { options: { maxFrameAgeMs: 80 }, limitMs: 80 },
  ]
) {
  Deno.test(`FrameQueue sends a frame of ${limitMs} ms and drops an older one at that limit`, async () => {
    for (
      const { ageMs, sent } of [
        { ageMs: limitMs, sent: [1, 2] },
        { ageMs: limitMs + MICROSECOND_MS, sent: [1] },
      ]
    ) {
      await using ends = startFakeOutbox({ framesInFlight: 1, ...options });
      ends.backend.setReady(true);
      ends.backend.acknowledging = false;
      ends.outbox.offer(fakeFrame(ends.clock, 1));
      ends.outbox.offer(fakeFrame(ends.clock, 2));
      await ends.clock.advance(ageMs);
      ends.backend.acknowledge();
      await ends.clock.advance(0);
      assert.deepEqual(framesOf(ends.backend.sent), sent);
      assert.equal(
        ends.counters.get("outbox_dropped_total", { class: "frame", reason: "too_old" }),
        2 - sent.length,
      );
    }
  });
}

Deno.test("FrameQueue has as many frames in flight as its limit, and no more", async () => {
  for (const framesInFlight of [1, 2]) {
    await using ends = startFakeOutbox({ framesInFlight });
    ends.backend.setReady(true);
    // Acknowledged frames open the congestion window.
    for (let sequence = 1; sequence <= 3; sequence++) {
      ends.outbox.offer(fakeFrame(ends.clock, sequence));
      await ends.clock.advance(33);
    }
    ends.backend.acknowledging = false;
    for (let sequence = 4; sequence <= 8; sequence++) {
      ends.outbox.offer(fakeFrame(ends.clock, sequence));
    }
    assert.equal(ends.backend.inFlight, framesInFlight);
  }
});

Deno.test("FrameQueue drops frames without a link, and the one that waits when the link is lost", async () => {
  await using ends = startFakeOutbox({ framesInFlight: 1 });
  const lost = () =>
    ends.counters.get("outbox_dropped_total", { class: "frame", reason: "not_connected" });
  ends.outbox.offer(fakeFrame(ends.clock, 1));
  assert.equal(lost(), 1);
  ends.backend.setReady(true);
  ends.backend.acknowledging = false;
  ends.outbox.offer(fakeFrame(ends.clock, 2));
  ends.outbox.offer(fakeFrame(ends.clock, 3));
  ends.backend.setReady(false);
  assert.equal(lost(), 2);
  ends.backend.acknowledging = true;
  ends.backend.setReady(true);
  await ends.clock.advance(100);
  assert.deepEqual(framesOf(ends.backend.sent), [2]);
});

Deno.test("FrameQueue wants frames unless the last one had no receiver on this link", async () => {
  await using ends = startFakeOutbox();
  assert.equal(ends.outbox.framesWanted, false);
  ends.backend.setReady(true);
  assert.equal(ends.outbox.framesWanted, true);
  ends.backend.receivers = 0;
  ends.outbox.offer(fakeFrame(ends.clock, 1));
  await ends.clock.advance(0);
  assert.equal(ends.outbox.framesWanted, false);
  ends.backend.setReady(false);
  ends.backend.setReady(true);
  assert.equal(ends.outbox.framesWanted, true);
});

/** A backend that has to prepare for frames. */
class PreparingBackend extends FakeBackend {
  open = false;
  asked = 0;

  openForFrames(): boolean {
    this.asked++;
    return this.open;
  }
}

Deno.test("FrameQueue prepares the backend for the first frame that is wanted, and counts none as dropped meanwhile", async () => {
  const backend = new PreparingBackend();
  await using ends = startFakeOutbox({}, backend);
  backend.setReady(true);
  assert.equal(backend.asked, 0, "no frame was offered");
  ends.outbox.offer(fakeFrame(ends.clock, 1));
  backend.open = true;
  ends.outbox.offer(fakeFrame(ends.clock, 2));
  await ends.clock.advance(0);
  assert.deepEqual([framesOf(backend.sent), ends.dropped("frame")], [[2], 0]);
  backend.receivers = 0;
  ends.outbox.offer(fakeFrame(ends.clock, 3));
  await ends.clock.advance(0);
  const { asked } = backend;
  ends.outbox.offer(fakeFrame(ends.clock, 4));
  assert.equal(backend.asked, asked, "no client wants it");
});

Deno.test("FrameQueue prepares a backend at the start only if frames are sent from then on", async () => {
  for (const opensForFrames of [true, false]) {
    const backend = new PreparingBackend();
    await using _ends = startFakeOutbox({ sendsFramesAlways: true, opensForFrames }, backend);
    assert.equal(backend.asked, opensForFrames ? 1 : 0);
    backend.setReady(true);
    assert.equal(backend.asked, opensForFrames ? 1 : 0);
  }
});

/** A backend that refuses every frame while it is set to. */
class RefusingBackend extends FakeBackend {
  refusing = true;

  override send(outgoing: Outgoing): Promise<Delivery> {
    if (!this.refusing) return super.send(outgoing);
    const options = { retriable: false, reason: "rejected" } as const;
    return Promise.reject(new BackendError("The frame is too large", options));
  }
}

Deno.test("FrameQueue reports a rejected frame as a problem for 3 s", async () => {
  await using ends = startFakeOutbox({}, new RefusingBackend());
  ends.backend.setReady(true);
  ends.outbox.offer(fakeFrame(ends.clock, 1));
  await ends.clock.advance(3000 - MICROSECOND_MS);
  assert.equal(ends.outbox.problem, "The frame is too large");
  await ends.clock.advance(MICROSECOND_MS);
  assert.equal(ends.outbox.problem, undefined);
});

Deno.test("FrameQueue waits for a late acknowledgement although a newer frame was rejected at once", async () => {
  const backend = new RefusingBackend();
  backend.refusing = false;
  await using ends = startFakeOutbox({}, backend);
  backend.setReady(true);
  for (let sequence = 1; sequence <= 3; sequence++) {
    ends.outbox.offer(fakeFrame(ends.clock, sequence));
    await ends.clock.advance(33);
  }
  backend.acknowledging = false;
  ends.outbox.offer(fakeFrame(ends.clock, 4));
  await ends.clock.advance(20);
  backend.refusing = true;
  ends.outbox.offer(fakeFrame(ends.clock, 5));
  await ends.clock.advance(20);
  backend.refusing = false;
  ends.outbox.offer(fakeFrame(ends.clock, 6));
  assert.deepEqual(framesOf(backend.sent), [1, 2, 3, 4]);
  assert.equal(ends.dropped("frame"), 1, "frame 5 was sent, and rejected");
});

/** A backend that acknowledges each frame after a delay, as over a slow link. */
class SlowBackend extends FakeBackend {
  delays = 0;
  delay: () => Promise<void> = () => Promise.resolve();

  override async send(outgoing: Outgoing): Promise<Delivery> {
    const delivery = await super.send(outgoing);
    this.delays++;
    await this.delay();
    return delivery;
  }
}

/**
 * Starts an outbox whose next large frame has to wait for a gap, as the link has just needed 0.4 s
 * for a small one.
 */
async function startPaced() {
  const backend = new SlowBackend();
  const ends = startFakeOutbox({ maxFrameAgeMs: 60_000 }, backend);
  const { clock, outbox } = ends;
  const offer = (sequence: number, bytes: number) => {
    const frame = fakeFrame(clock, sequence);
    outbox.offer({ ...frame, image: { ...frame.image, jpeg: new Uint8Array(bytes) } });
  };
  backend.delay = () => clock.sleep(400);
  backend.measured = { rttUs: 1000, usPerByte: 0 };
  backend.setReady(true);
  offer(1, 100);
  await clock.advance(401);
  return { ...ends, backend, offer };
}

Deno.test("FrameQueue leaves a gap before a large frame, and then sends the newest by itself", async () => {
  const ends = await startPaced();
  ends.offer(3, 3000);
  await ends.clock.advance(100);
  ends.offer(4, 3000);
  ends.offer(5, 3000);
  assert.deepEqual(framesOf(ends.backend.sent), [1]);
  assert.equal(ends.clock.sleepers, 6, "one gap, beside the loops of four queues and the demand");
  while (framesOf(ends.backend.sent).length < 2) await ends.clock.advance(50);
  assert.deepEqual(framesOf(ends.backend.sent), [1, 5]);
  await ends.clock.advance(401);
  ends.offer(6, 3000);
  assert.deepEqual(framesOf(ends.backend.sent), [1, 5], "the next has to wait too");
  await ends.clock.advance(5000);
  assert.deepEqual(framesOf(ends.backend.sent), [1, 5, 6]);
  await ends[Symbol.asyncDispose]();
});

Deno.test("FrameQueue logs rejected and dropped frames every 10 s, and counts each", async () => {
  const log = new CollectingLog();
  await using ends = startFakeOutbox({}, new RefusingBackend(), log);
  ends.backend.setReady(true);
  for (const [nowMs, lines] of [[0, 1], [9000, 1], [11_000, 2]] as const) {
    log.time.nowMs = nowMs;
    ends.outbox.offer(fakeFrame(ends.clock, 1));
    await ends.clock.advance(33);
    assert.equal(log.linesWith("The frame is too large").length, lines, `${nowMs}`);
    assert.equal(log.linesWith("Dropped frames").length, lines, `${nowMs}`);
  }
  assert.equal(
    ends.counters.get("outbox_dropped_total", { class: "frame", reason: "rejected" }),
    3,
  );
});

Deno.test("FrameQueue does not take a lost link for a rejection", async () => {
  await using ends = startFakeOutbox();
  ends.backend.setReady(true);
  ends.backend.acknowledging = false;
  ends.outbox.offer(fakeFrame(ends.clock, 1));
  ends.backend.setReady(false);
  await ends.clock.advance(0);
  assert.equal(ends.outbox.problem, undefined);
  assert.equal(ends.counters.get("outbox_dropped_total", { class: "frame", reason: "link" }), 1);
});

Deno.test("FrameQueue sends no frame that waits for its gap once it is closed", async () => {
  const ends = await startPaced();
  ends.offer(3, 3000);
  await ends[Symbol.asyncDispose]();
  ends.backend.setReady(true);
  await ends.clock.advance(5000);
  assert.deepEqual(framesOf(ends.backend.sent), [1]);
});
