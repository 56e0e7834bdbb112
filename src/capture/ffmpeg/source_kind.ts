import { definedPaths } from "../../config/permissions.ts";
import type { SourceKind } from "../source_kind.ts";
import type { CameraInputSettings } from "../v4l2/flags.ts";
import { videoFlags, type VideoInputSettings } from "./flags.ts";
import { ffmpegPermissions } from "./permissions.ts";

/** A recorded video, or a URL that ffmpeg opens. */
export const videoKind = {
  name: "video",
  topics: { video: videoFlags },
  selectedBy: "--input_video_path=FILE",
  isSelected: ({ video }) => video.inputPath !== undefined,
  permissions: ({ video }, program) => ({
    ...ffmpegPermissions(undefined, program),
    read: definedPaths(video.inputPath, video.inputTimePath),
  }),
  async check({ video }) {
    const { checkFfmpegInput } = await import("./source.ts");
    await checkFfmpegInput({ input: video.inputPath ?? "", ...timesOf(video) });
  },
  async open({ camera, video }, { clock, counters, log, analysisWidth }) {
    const { openFfmpegSource } = await import("./source.ts");
    return await openFfmpegSource({
      input: video.inputPath ?? "",
      transform: camera.inputTransformMode,
      realtime: video.realtime,
      loop: video.loop,
      ...timesOf(video),
      analysisWidth,
      clock,
      counters,
      log,
    });
  },
} as const satisfies SourceKind<{
  readonly camera: CameraInputSettings;
  readonly video: VideoInputSettings;
}>;

function timesOf({ inputTimePath: timesPath }: VideoInputSettings) {
  return timesPath === undefined ? {} : { timesPath };
}
