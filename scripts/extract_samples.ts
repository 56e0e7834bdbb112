/**
 * Writes the region samples of a video as JSON lines, for work on the vitals.
 * Usage: deno run -A scripts/extract_samples.ts VIDEO > samples.jsonl
 */
import { openFfmpegSource } from "../src/capture/ffmpeg/source.ts";
import { SourceError } from "../src/capture/frame.ts";
import { Vision } from "../src/vision/vision.ts";

const [input] = Deno.args;
if (!input || Deno.args.length > 1) {
  console.error("Usage: deno run -A scripts/extract_samples.ts VIDEO > samples.jsonl");
  Deno.exit(64);
}
const encoder = new TextEncoder();
const output = Deno.stdout.writable.getWriter();
try {
  await using vision = await Vision.open();
  await using source = await openFfmpegSource({ input, realtime: false });
  for await (const event of source) {
    if (event.kind !== "frame") continue;
    using frame = event.frame;
    const sample = await vision.observeInOrder(frame);
    await output.write(encoder.encode(JSON.stringify(sample) + "\n"));
  }
} catch (error) {
  if (!(error instanceof SourceError)) throw error;
  console.error(error.describe());
  Deno.exit(error.exitStatus);
}
await output.close();
