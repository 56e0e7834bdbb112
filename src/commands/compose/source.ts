import type { FrameSource } from "../../capture/frame.ts";
import { openFfmpegSource } from "../../capture/ffmpeg/source.ts";
import type { Settings } from "../../config/flags.ts";
import type { Clock } from "../../telemetry/clock.ts";
import type { Counters } from "../../telemetry/counters.ts";
import type { Log } from "../../telemetry/log.ts";

/** What a source needs of its surroundings. */
export interface SourceContext {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
}

/**
 * The source that the settings choose.
 *
 * @throws {SourceError} where it cannot give frames
 */
export async function openSource(settings: Settings, context: SourceContext): Promise<FrameSource> {
  const { video, camera } = settings;
  return await openFfmpegSource({
    input: video.inputPath!,
    transform: camera.inputTransformMode,
    realtime: video.realtime,
    loop: video.loop,
    ...(video.inputTimePath === undefined ? {} : { timesPath: video.inputTimePath }),
    ...context,
  });
}
