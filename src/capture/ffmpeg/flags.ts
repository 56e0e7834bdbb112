import { bool, optionalPath, secret, topic, type ValuesOf } from "../../config/flag.ts";
import type { Rule } from "../../config/flag_table.ts";
import { NO_SECRET } from "../../config/secret.ts";

/** A recorded video, or a URL that ffmpeg can open, as the input. */
export const videoFlags = topic("Video", ["serve", "validate"], {
  inputPath: optionalPath(
    "input_video_path",
    "Use a recorded video, or a URL of a camera without credentials, as the input.",
  ),
  inputUrl: secret(
    "input_video_url",
    "Use a URL of a camera as the input; prefer --input_video_url_file.",
    {
      default: NO_SECRET,
      secretFrom: { fileFlag: "input_video_url_file", credential: "input_video_url" },
    },
  ),
  inputUrlFile: optionalPath(
    "input_video_url_file",
    "File that contains the URL of a camera, with its credentials.",
  ),
  inputTlsCaPath: optionalPath(
    "input_video_tls_ca_path",
    "PEM file of the certificate authorities for the camera's URL; default: those of the system.",
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

interface WithVideo {
  readonly video: VideoInputSettings;
}

/** Returns the path or URL of the input; undefined if the settings select none. */
export function videoInputOf({ inputPath, inputUrl }: VideoInputSettings): string | undefined {
  return inputPath ?? (inputUrl.isEmpty ? undefined : inputUrl.reveal());
}

export const videoRules: readonly Rule<WithVideo>[] = [
  ({ video: { inputPath, inputUrl } }) =>
    inputPath !== undefined && !inputUrl.isEmpty
      ? "Cannot use --input_video_path and --input_video_url together: choose one input"
      : undefined,
  // A URL in a text ends at a space, so maskUrls() would show the password that follows.
  ({ video }) =>
    /^[a-z][a-z0-9+.-]*:\/\/.*\s/is.test(videoInputOf(video) ?? "")
      ? "Cannot use a URL of a camera with spaces: write each as %20"
      : undefined,
];
