/**
 * Decodes a video with ffmpeg until it is killed; prints "running" once ffmpeg delivers frames.
 * Tests start it to check that its child does not outlive it.
 */
import { openFfmpegSource } from "../../src/capture/ffmpeg/source.ts";

const source = await openFfmpegSource({ input: Deno.args[0]!, loop: true });
let reported = false;
for await (const event of source) {
  if (event.kind !== "frame") continue;
  event.frame[Symbol.dispose]();
  if (!reported) console.log("running");
  reported = true;
}
