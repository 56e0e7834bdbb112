import { readCertificate } from "../../base/pem.ts";
import { definedPaths } from "../../config/permissions.ts";
import type { SourceKind } from "../source_kind.ts";
import type { CameraInputSettings } from "../camera_flags.ts";
import { videoFlags, videoInputOf, type VideoInputSettings } from "./flags.ts";
import { ffmpegPermissions } from "./permissions.ts";

/** A recorded video, or a URL that ffmpeg opens. */
export const videoKind = {
  name: "video",
  topics: { video: videoFlags },
  selectedBy: "--input_video_path=FILE",
  isSelected: ({ video }) => videoInputOf(video) !== undefined,
  permissions: ({ video }, program) => ({
    ...ffmpegPermissions(undefined, program),
    read: definedPaths(video.inputPath, video.inputTimePath, video.inputTlsCaPath),
  }),
  async check({ video }) {
    const { checkFfmpegInput } = await import("./source.ts");
    await checkFfmpegInput(inputOf(video));
    readAuthorities(video);
  },
  async open({ camera, video }, { clock, counters, log, analysisWidth }) {
    const { openFfmpegSource } = await import("./source.ts");
    readAuthorities(video);
    return await openFfmpegSource({
      ...inputOf(video),
      transform: camera.inputTransformMode,
      realtime: video.realtime,
      loop: video.loop,
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

/** @throws {ConfigError} if the file is missing or has no certificate: ffmpeg would only fail later */
function readAuthorities({ inputTlsCaPath }: VideoInputSettings): void {
  if (inputTlsCaPath !== undefined) readCertificate(inputTlsCaPath, "authorities of the camera");
}

function inputOf(video: VideoInputSettings) {
  const { inputTimePath: timesPath, inputTlsCaPath: tlsCaPath } = video;
  return {
    input: videoInputOf(video) ?? "",
    tlsCaPath,
    ...(timesPath === undefined ? {} : { timesPath }),
  };
}
