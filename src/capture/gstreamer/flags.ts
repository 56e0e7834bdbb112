import type { Rule } from "../../config/flag_table.ts";
import type { CameraInputSettings } from "../camera_flags.ts";

/** User information in a URL; every user can read the command line, and GStreamer logs URLs. */
const CREDENTIALS = /:\/\/[^\s/@]*@/;

/** URLs, and the elements of a network that have none. */
const NETWORK = /:\/\/|\b(udp|tcp|rtsp|rtmp2?|srt|rist|souphttp|webrtc|ndi)(client|server)?src\b/;

/** Returns true if the pipeline may read from the network. */
export function readsNetwork({ use, pipeline }: CameraInputSettings): boolean {
  return use && NETWORK.test(pipeline ?? "");
}

/** Checks the settings of `--camera_source=gstreamer`. */
export const gstreamerRule: Rule<{ readonly camera: CameraInputSettings }> = ({ camera }) => {
  const { use, source, pipeline, codec, inputTransformMode } = camera;
  if (!use || source !== "gstreamer") {
    return pipeline === undefined
      ? undefined
      : "Cannot use --camera_pipeline without --use_camera and --camera_source=gstreamer";
  }
  if (pipeline === undefined) {
    return "Cannot use --camera_source=gstreamer without --camera_pipeline";
  }
  if (CREDENTIALS.test(pipeline)) {
    return "Cannot use a URL with credentials in --camera_pipeline: use --input_video_url_file";
  }
  if (codec !== "auto") {
    return `Cannot use --codec=${codec} with GStreamer: name the format in --camera_pipeline`;
  }
  if (inputTransformMode !== "none") {
    return `Cannot use --input_transform_mode=${inputTransformMode} with GStreamer: ` +
      "add the element videoflip to --camera_pipeline";
  }
  return undefined;
};
