import { accessArguments } from "../../capture/ffmpeg/access.ts";
import type { FfmpegExecutable } from "../../capture/ffmpeg/executable.ts";
import type { H264Encoder } from "./target.ts";

/** How the frames become video: their JPEGs unchanged, compressed again, or as H.264. */
export type PushFormat = "copy" | "mjpeg" | H264Encoder;

/** Variable of the child's environment that holds the URL: every user can read the arguments. */
export const URL_VARIABLE = "PHYSIOLOGY_VIDEO_PUSH_TARGET";

/** Quantizer scale for JPEGs that are compressed again: no loss that can be seen. Chosen. */
const MJPEG_QSCALE = "4";

/** Size of the video, even as 4:2:0 requires, and 4:2:0 of limited range, which browsers decode. */
const H264_FILTER = "scale=trunc(iw/2)*2:trunc(ih/2)*2:out_range=tv,format=yuv420p";

const FORMATS: Readonly<Record<PushFormat, readonly string[]>> = {
  copy: ["-c:v", "copy"],
  // RTP/JPEG has the standard Huffman tables and two tables of quantizers (RFC 2435).
  mjpeg: [
    ...["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-huffman", "default"],
    ...["-force_duplicated_matrix", "1", "-q:v", MJPEG_QSCALE, "-threads", "1"],
  ],
  libx264: [
    ...["-vf", H264_FILTER, "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency"],
    ...["-profile:v", "baseline", "-threads", "2"],
  ],
  h264_v4l2m2m: ["-vf", H264_FILTER, "-c:v", "h264_v4l2m2m", "-b:v", "2M"],
};

/** A key frame each second, so that a viewer who joins waits no longer, and the frames' own times. */
const TIMING = [
  "-enc_time_base",
  "1/90000",
  "-force_key_frames",
  "expr:gte(t,n_forced)",
  "-g",
  "60",
];

/** Returns ffmpeg's arguments to read JPEGs in NUT from stdin and to push them; see `URL_VARIABLE`. */
export function pushArguments(
  format: PushFormat,
  { url, executable }: { readonly url: string; readonly executable: FfmpegExecutable },
): string[] {
  const isH264 = format === "libx264" || format === "h264_v4l2m2m";
  return [
    ...["-hide_banner", "-nostdin", "-nostats", "-loglevel", "error", "-progress", "pipe:1"],
    // Without these, ffmpeg waits for more images before it sends the first.
    ...["-fflags", "nobuffer", "-probesize", "32", "-analyzeduration", "0", "-threads", "1"],
    ...accessArguments({ protocols: ["pipe"], formats: ["nut"] }, ["mjpeg"]),
    ...["-f", "nut", "-i", "pipe:0", "-map", "0:v"],
    ...FORMATS[format],
    ...format === "copy" ? [] : executable.passthrough,
    ...isH264 ? TIMING : [],
    ...["-f", "rtsp", "-rtsp_transport", "tcp"],
    executable.build === "own" ? `env:${URL_VARIABLE}` : url,
  ];
}
