/** The pulse of a live stream that the network holds, or whose start arrives at once. */
import assert from "node:assert/strict";
import { LiveTimeline } from "../../../src/capture/ffmpeg/live_timeline.ts";
import { accuracyOf, published, WRONG_BY } from "../../support/clip_accuracy.ts";
import { measureClip } from "../../support/seeded_clip.ts";

const SECONDS = 34;
const HOLD_AT_S = 20;
/** From this confidence on, a value must be right. */
const CONFIDENT = 0.7;

/** Arrival of each frame of a stream that is held once, after which its frames come at once. */
function heldStream({ holdS, backlogS }: { readonly holdS: number; readonly backlogS: number }) {
  const timeline = new LiveTimeline();
  let startUs: number | undefined;
  let newestUs = -Infinity;
  return (timeUs: number) => {
    startUs ??= timeUs;
    const ptsUs = timeUs - startUs;
    const held = ptsUs >= HOLD_AT_S * 1e6 && ptsUs < (HOLD_AT_S + holdS) * 1e6;
    const dueUs = held ? (HOLD_AT_S + holdS) * 1e6 : Math.max(ptsUs, backlogS * 1e6);
    newestUs = Math.max(startUs + dueUs, newestUs + 3_000);
    return timeline.timeUs(ptsUs, newestUs);
  };
}

for (
  const stream of [
    { holdS: 0.5, backlogS: 0 },
    { holdS: 1.2, backlogS: 0 },
    { holdS: 1.7, backlogS: 5 },
    { holdS: 5, backlogS: 0 },
  ]
) {
  const { holdS, backlogS } = stream;
  Deno.test(`LiveTimeline and VitalsEngine have no confident wrong pulse in a stream that is held for ${holdS} s, with a backlog of ${backlogS} s`, async () => {
    const clip = await measureClip([{ seconds: SECONDS, person: { pulse: 50, breathing: 14 } }], {
      seed: 1,
      stamp: heldStream(stream),
    });
    const confident = published(clip, "pulse").filter(({ estimate }) =>
      estimate.pulse.strict!.confidence >= CONFIDENT
    );
    assert.ok(confident.length > 50, `${confident.length} values`);
    const { largestError } = accuracyOf({ ...clip, estimates: confident }, "pulse");
    assert.ok(largestError <= WRONG_BY.pulse, `an error of ${largestError}`);
  });
}
