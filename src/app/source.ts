import { openFfmpegSource } from "../capture/ffmpeg/source.ts";
import type { FrameSource } from "../capture/frame.ts";
import { V4l2Source } from "../capture/v4l2/source.ts";
import type { Settings } from "./flags.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Counters } from "../telemetry/counters.ts";
import type { Log } from "../telemetry/log.ts";
import { openSimulation } from "../capture/simulator/open.ts";

/** What a source needs of its context. */
export interface SourceContext {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
}

/** Pixels enough for the regions' means; less to decode and to measure. */
const ANALYSIS_WIDTH = 320;
/** Wider than any picture: never scaled. */
const WHOLE_WIDTH = 32_768;

/**
 * The source that the settings choose: exactly one input is named, the settings' rules see to it.
 *
 * @throws {SourceError} where it cannot give frames
 */
export async function openSource(settings: Settings, context: SourceContext): Promise<FrameSource> {
  const { video, camera, publish, simulate } = settings;
  // What is drawn on has to be as large as what is published.
  const analysisWidth = publish.enableHud ? WHOLE_WIDTH : ANALYSIS_WIDTH;
  if (simulate.enabled) {
    return openSimulation(settings, {
      clock: context.clock,
      truthPath: simulate.truthPath,
      stamped: true,
      realtime: video.realtime,
    });
  }
  if (video.inputPath !== undefined) {
    return await openFfmpegSource({
      input: video.inputPath,
      transform: camera.inputTransformMode,
      realtime: video.realtime,
      loop: video.loop,
      analysisWidth,
      ...(video.inputTimePath === undefined ? {} : { timesPath: video.inputTimePath }),
      ...context,
    });
  }
  return new V4l2Source({
    device: camera.device ?? `/dev/video${camera.deviceIndex}`,
    width: camera.widthPx,
    height: camera.heightPx,
    fps: camera.maxFps,
    codec: camera.codec,
    transform: camera.inputTransformMode,
    powerLine: camera.powerLineFrequency,
    analysisWidth,
    jpegQuality: publish.framePublish === "never" ? 0 : publish.jpegQuality,
    ...context,
  });
}
