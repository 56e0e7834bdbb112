import { openFfmpegSource } from "../../capture/ffmpeg/source.ts";
import type { FrameSource } from "../../capture/frame.ts";
import { SimulatedCamera } from "../../capture/simulator/camera.ts";
import { TRUTH_HEADER, truthRow } from "../../capture/simulator/truth.ts";
import { V4l2Source } from "../../capture/v4l2/source.ts";
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
 * The source that the settings choose: exactly one input is named, the settings' rules see to it.
 *
 * @throws {SourceError} where it cannot give frames
 */
export async function openSource(settings: Settings, context: SourceContext): Promise<FrameSource> {
  const { video, camera, publish, simulate } = settings;
  if (simulate.enabled) return simulatedCamera(settings, context.clock);
  if (video.inputPath !== undefined) {
    return await openFfmpegSource({
      input: video.inputPath,
      transform: camera.inputTransformMode,
      realtime: video.realtime,
      loop: video.loop,
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
    jpegQuality: publish.jpegQuality,
    ...context,
  });
}

function simulatedCamera(settings: Settings, clock: Clock): SimulatedCamera {
  const { simulate, camera, video } = settings;
  const { truthPath } = simulate;
  if (truthPath !== undefined) Deno.writeTextFileSync(truthPath, TRUTH_HEADER);
  return new SimulatedCamera({
    width: camera.widthPx,
    height: camera.heightPx,
    fps: camera.maxFps,
    pulse: simulate.pulseBpm,
    breathing: simulate.breathingBpm,
    noise: simulate.noise,
    motion: simulate.motion,
    light: simulate.light,
    frameDrop: simulate.frameDrop,
    seed: simulate.seed,
    realtime: video.realtime,
    clock,
    ...(truthPath === undefined ? {} : {
      onTruth: (truth) => Deno.writeTextFileSync(truthPath, truthRow(truth), { append: true }),
    }),
  });
}
