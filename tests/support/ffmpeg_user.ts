/**
 * A program that reads a video and compresses it until it is killed; it says so once both run.
 * Started by tests, to see what becomes of its children.
 */
import { openFfmpegSource } from "../../src/capture/ffmpeg/source.ts";
import { JpegEncoder } from "../../src/frames/jpeg_encoder.ts";

const encoder = new JpegEncoder();
const source = await openFfmpegSource({ input: Deno.args[0]!, loop: true });
let told = false;
for await (const event of source) {
  if (event.kind !== "frame") continue;
  using frame = event.frame;
  await encoder.encode(frame.image);
  if (!told) console.log("running");
  told = true;
}
