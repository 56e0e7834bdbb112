/**
 * Decodes a video and encodes it with ffmpeg until it is killed; prints "running" once both ffmpeg
 * processes run. Tests start it to check that its children do not outlive it.
 */
import { openFfmpegSource } from "../../src/capture/ffmpeg/source.ts";
import { JpegEncoder } from "../../src/frames/jpeg_encoder.ts";

const encoder = new JpegEncoder();
const source = await openFfmpegSource({ input: Deno.args[0]!, loop: true });
let reported = false;
for await (const event of source) {
  if (event.kind !== "frame") continue;
  using frame = event.frame;
  await encoder.encode(frame.image);
  if (!reported) console.log("running");
  reported = true;
}
