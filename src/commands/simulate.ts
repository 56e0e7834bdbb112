import { makeNewFilesPrivate } from "../base/private_files.ts";
import { EXIT, UsageError } from "../base/errors.ts";
import { SystemClock } from "../telemetry/clock.ts";
import type { CommandContext } from "./command.ts";
import { openSimulation } from "../capture/simulator/open.ts";
import { stopSignal } from "../app/stop_signal.ts";
import { VideoFile } from "../frames/video_file.ts";

/** Writes a simulated video and its ground truth as fast as possible. */
export async function run({ settings, log, print }: CommandContext): Promise<number> {
  makeNewFilesPrivate();
  const { outputPath, truthPath, durationS } = settings.simulation;
  if (outputPath === undefined) {
    throw new UsageError("Cannot simulate without a file to write: add --output=clip.avi");
  }
  using stop = stopSignal(log);
  await using camera = openSimulation(settings, {
    clock: new SystemClock(),
    truthPath,
    stamped: false,
    realtime: false,
    durationS,
  });
  const { maxFps: fps } = settings.camera;
  let video: VideoFile | undefined;
  let frames = 0;
  try {
    for await (const event of camera) {
      if (event.kind !== "frame") continue;
      using frame = event.frame;
      video ??= await VideoFile.create(outputPath, { template: frame.image, fps });
      await video.write(frame.image, { ptsUs: Math.round((frame.sequence * 1e6) / fps) });
      frames++;
      if (stop.signal.aborted) break;
    }
    await video?.finish();
  } finally {
    await video?.[Symbol.asyncDispose]();
  }
  print(
    `Wrote ${frames} frames to ${outputPath}${truthPath ? ` and the truth to ${truthPath}` : ""}`,
  );
  return EXIT.ok;
}
