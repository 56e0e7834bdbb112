import { makeNewFilesPrivate } from "../base/private_files.ts";
import { EXIT, UsageError } from "../base/errors.ts";
import { SystemClock } from "../telemetry/clock.ts";
import type { CommandContext } from "./command.ts";
import { openSimulation } from "../capture/simulator/open.ts";
import { stopSignal } from "../app/stop_signal.ts";
import { VideoFile } from "../frames/video_file.ts";
import { redisOptions } from "../transports/redis/settings.ts";

/** Writes a simulated video with its ground truth, or publishes a fleet of devices. */
export async function run(context: CommandContext): Promise<number> {
  const { devices } = context.settings.fleet;
  return await (devices > 0 ? publishFleet(context) : writeVideo(context));
}

async function publishFleet({ settings, log, print }: CommandContext): Promise<number> {
  const { runFleet } = await import("../fleet/run.ts");
  const { reportJson, reportText } = await import("../fleet/report.ts");
  using stop = stopSignal(log);
  const report = await runFleet({
    fleet: settings.fleet,
    redis: redisOptions(settings.redis),
    bufferDurationS: settings.vitals.bufferDurationS,
    durationS: settings.simulation.durationS,
    signal: stop.signal,
    log,
  });
  print(settings.output.json ? reportJson(report) : reportText(report));
  return EXIT.ok;
}

/** Writes the video as fast as possible. */
async function writeVideo({ settings, log, print }: CommandContext): Promise<number> {
  makeNewFilesPrivate();
  const { outputPath, truthPath, durationS } = settings.simulation;
  if (outputPath === undefined) {
    throw new UsageError(
      "Cannot simulate without a file to write: add --output=clip.avi, or --devices=10 for a fleet",
    );
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
