import { definedPaths } from "../../config/permissions.ts";
import type { SourceKind } from "../source_kind.ts";
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
} as const satisfies SourceKind<{ readonly video: VideoInputSettings }>;
