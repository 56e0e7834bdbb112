import assert from "node:assert/strict";
import { LinkLoad } from "../../../src/ipc/link_load.ts";

/** Plays `seconds` of frames, thinned as asked, and metrics between them over a link. */
function play(
  load: LinkLoad,
  { startUs, seconds, bytes, usPerByte, roundTripUs }: {
    startUs: number;
    seconds: number;
    bytes: number;
    usPerByte: number;
    roundTripUs: number;
  },
): { endUs: number; sent: number; displaced: number } {
  let freeUs = startUs;
  let sent = 0;
  let displaced = 0;
  let nextUs = startUs;
  const underWay: { readonly sentUs: number; readonly acknowledgedUs: number }[] = [];
  for (let nowUs = startUs; nowUs < startUs + seconds * 1e6; nowUs += 33_333) {
    const metricUs = Math.max(freeUs, nowUs) + roundTripUs;
    load.metric({ sentUs: nowUs, acknowledgedUs: metricUs, bytes: 500 });
    if (nowUs < nextUs) continue;
    nextUs = nowUs + 33_333 / (1 - 0.9 * load.degradation) - 1;
    while (underWay[0] && underWay[0].acknowledgedUs <= nowUs) underWay.shift();
    if (freeUs > nowUs + 250_000) {
      displaced++;
      load.displaced(nowUs, underWay[0]?.sentUs ?? nowUs);
      continue;
    }
    freeUs = Math.max(freeUs, nowUs) + bytes * usPerByte;
    sent++;
    const frame = { sentUs: nowUs, acknowledgedUs: freeUs + roundTripUs };
    underWay.push(frame);
    load.frame({ ...frame, bytes });
  }
  return { endUs: startUs + seconds * 1e6, sent, displaced };
}

Deno.test("a fast link is not thinned, near or far", () => {
  for (const roundTripUs of [500, 300_000]) {
    const load = new LinkLoad();
    play(load, { startUs: 0, seconds: 20, bytes: 60_000, usPerByte: 0.01, roundTripUs });
    assert.equal(load.degradation, 0);
  }
});

Deno.test("a machine that is busy for moments is not taken for a slow link", () => {
  const load = new LinkLoad();
  load.metric({ sentUs: 0, acknowledgedUs: 300, bytes: 500 });
  for (let frame = 1; frame < 1200; frame++) {
    const sentUs = frame * 8333;
    // Two of three acknowledgements are read late, as the event loop has other work.
    const waitUs = frame % 3 === 0 ? 600 : 9000;
    if (waitUs > 8333) load.displaced(sentUs + 8333, sentUs);
    load.frame({ sentUs, acknowledgedUs: sentUs + waitUs, bytes: 50_000 });
  }
  assert.equal(load.degradation, 0);
});

Deno.test("a slow link is thinned within seconds until the frames fit, and nothing is displaced then", () => {
  const load = new LinkLoad();
  load.metric({ sentUs: 0, acknowledgedUs: 300_000, bytes: 500 });
  const link = { bytes: 20_000, usPerByte: 8, roundTripUs: 300_000 }; // 1 Mbit/s
  const { endUs } = play(load, { startUs: 0, seconds: 10, ...link });
  assert.ok(load.degradation >= 0.7, `${load.degradation}`);
  const later = play(load, { startUs: endUs, seconds: 60, ...link });
  assert.equal(later.displaced, 0);
  assert.ok(later.sent > 100);
});

Deno.test("frames come back in steps when the link is fast again", () => {
  const load = new LinkLoad();
  const slow = { bytes: 60_000, usPerByte: 8, roundTripUs: 20_000 };
  const { endUs } = play(load, { startUs: 0, seconds: 10, ...slow });
  assert.equal(load.degradation, 1);
  const fast = { ...slow, usPerByte: 0.01 };
  const { endUs: between } = play(load, { startUs: endUs, seconds: 10, ...fast });
  assert.ok(load.degradation > 0.5 && load.degradation < 0.9, `${load.degradation}`);
  play(load, { startUs: between, seconds: 40, ...fast });
  assert.equal(load.degradation, 0);
});

Deno.test("a long round trip lets more frames be under way, a slow link only one", () => {
  const proven = (roundTripUs: number) => {
    const load = new LinkLoad();
    assert.equal(load.hasRoomBeside({ frames: 1, bytes: 60_000 }), false, "one shows the way");
    for (let i = 0; i < 20; i++) {
      const sentUs = i * 1e6;
      load.frame({ sentUs, acknowledgedUs: sentUs + roundTripUs, bytes: 60_000 });
    }
    return load;
  };
  const near = proven(1000);
  assert.equal(near.hasRoomBeside({ frames: 3, bytes: 180_000 }), false);
  const far = proven(300_000);
  assert.equal(far.hasRoomBeside({ frames: 3, bytes: 180_000 }), true);
  const slow = new LinkLoad();
  slow.metric({ sentUs: 0, acknowledgedUs: 300_000, bytes: 60_000 });
  for (let i = 0; i < 5; i++) {
    slow.frame({ sentUs: i * 1e6, acknowledgedUs: i * 1e6 + 780_000, bytes: 60_000 });
  }
  assert.equal(slow.hasRoomBeside({ frames: 1, bytes: 60_000 }), false);
  assert.equal(slow.hasRoomBeside({ frames: 0, bytes: 0 }), true);
  slow.sent(60_000, 5_000_000);
  assert.ok(slow.restUs(60_000, 5_500_000) > 0, "metrics have their turn");
  assert.equal(slow.restUs(60_000, 6_000_000), 0);
  near.sent(60_000, 2000);
  assert.equal(near.restUs(60_000, 2000), 0);
  far.reset();
  assert.equal(far.hasRoomBeside({ frames: 1, bytes: 60_000 }), false, "a new link is unknown");
});

Deno.test("frames that give way while the link is still to show what it carries reduce nothing", () => {
  const load = new LinkLoad();
  load.metric({ sentUs: 0, acknowledgedUs: 300_000, bytes: 500 });
  for (let frame = 1; frame < 8; frame++) {
    load.displaced(frame * 200_000, frame * 200_000 - 100_000);
    load.frame({ sentUs: frame * 200_000 - 300_000, acknowledgedUs: frame * 200_000, bytes: 6e4 });
  }
  assert.equal(load.degradation, 0);
});

Deno.test("a frame that is long overdue reduces those that follow in great steps", () => {
  const load = new LinkLoad();
  load.metric({ sentUs: 0, acknowledgedUs: 300_000, bytes: 500 });
  for (let nowUs = 1e6; nowUs < 3e6; nowUs += 33_333) load.displaced(nowUs, 1e6);
  assert.ok(load.degradation >= 0.7, `${load.degradation}`);
});
