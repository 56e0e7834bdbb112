import { bool, optionalPath, topic, type ValuesOf } from "../../config/flag.ts";

/** A recorded video, or a URL that ffmpeg can open, as the input. */
export const videoFlags = topic("Video", ["serve", "validate"], {
  inputPath: optionalPath(
    "input_video_path",
    "Use a recorded video, or any URL that ffmpeg can open, as the input.",
  ),
  inputTimePath: optionalPath(
    "input_video_time_path",
    "File with the time of each frame in milliseconds, one per line; overrides the video's timestamps.",
  ),
  loop: bool("loop", "Restart the video at its end; without this flag, the program stops there.", {
    commands: ["serve"],
  }),
  realtime: bool(
    "realtime",
    "Process a video or simulation at its own frame rate; --norealtime: as fast as possible.",
    {
      default: true,
      commands: ["serve"],
    },
  ),
});

export type VideoInputSettings = ValuesOf<typeof videoFlags>;
