import { bool, optionalPath, topic, type ValuesOf } from "../../config/flag.ts";

/** A recorded video, or anything else that ffmpeg opens, instead of a camera. */
export const videoFlags = topic("Video", ["serve", "validate"], {
  inputPath: optionalPath(
    "input_video_path",
    "Read a recorded video or any URL that ffmpeg opens, instead of a camera.",
  ),
  inputTimePath: optionalPath(
    "input_video_time_path",
    "The time of each frame in milliseconds, one a line, instead of the video's own.",
  ),
  loop: bool("loop", "Start the video again at its end; without it, the program ends there.", {
    commands: ["serve"],
  }),
  realtime: bool("realtime", "Play a video or simulation at its own pace; --norealtime: at once.", {
    default: true,
    commands: ["serve"],
  }),
});

export type VideoInputSettings = ValuesOf<typeof videoFlags>;
