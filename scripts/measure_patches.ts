/**
 * Reports pulse rates that are published for videos without a face: the mean colors of the whole
 * image and of each of its ninths are used as skin.
 *
 *     deno run -A scripts/measure_patches.ts VIDEO...
 */
import { openFfmpegSource } from "../src/capture/ffmpeg/source.ts";
import { runWindows } from "../src/validation/windows.ts";
import type { RegionSample } from "../src/vision/region_sample.ts";
import { createVitalsEngine } from "../src/vitals/engine.ts";
import { RateNetwork } from "../src/vitals/pulse/rate_network/rate_network.ts";
import { STILL_FACE } from "../tests/support/face_samples.ts";
import { type Edges, meanRgb } from "../tests/support/region_mean.ts";

const THIRDS = [0, 1, 2];
const PATCHES: readonly Edges[] = [
  [0, 0, 1, 1],
  ...THIRDS.flatMap((row) =>
    THIRDS.map((column): Edges => [column / 3, row / 3, (column + 1) / 3, (row + 1) / 3])
  ),
];

if (!Deno.args.length) {
  console.error("Usage: deno run -A scripts/measure_patches.ts VIDEO...");
  Deno.exit(64);
}
using rateNetwork = await RateNetwork.open();
for (const input of Deno.args) {
  const patches = PATCHES.map((): RegionSample[] => []);
  await using source = await openFfmpegSource({ input, realtime: false });
  for await (const event of source) {
    if (event.kind !== "frame") continue;
    using frame = event.frame;
    const { timeUs, sequence, image } = frame;
    for (const [index, edges] of PATCHES.entries()) {
      const [r, g, b] = meanRgb(image, edges);
      patches[index]!.push({
        timeUs,
        sequence,
        regions: { skin: { r, g, b, pixels: 1000, clipped: 0 } },
        face: STILL_FACE,
        faceCount: 1,
        brightness: 110,
        clipped: 0,
        motion: 1,
      });
    }
  }
  let windows = 0;
  const published: string[] = [];
  for (const [index, samples] of patches.entries()) {
    const { pulse } = await runWindows(createVitalsEngine({ pulse: { rateNetwork } }), samples, {
      windowS: 10,
      stepS: 1,
    });
    windows += pulse.windows.length;
    for (const { strict } of pulse.windows) {
      if (strict !== undefined) {
        published.push(`${index ? `ninth ${index}` : "image"}: ${strict.toFixed(1)}`);
      }
    }
  }
  console.log(
    `${input}: published in ${published.length} of ${windows} windows`,
    published.join(", "),
  );
}
