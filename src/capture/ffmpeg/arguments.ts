import type { ColorEncoding } from "../frame.ts";
import type { InputTransform } from "../transform.ts";
import { compareVersions, type FfmpegExecutable } from "./executable.ts";
import type { VideoInfo } from "./probe.ts";

/** What comes out of ffmpeg for an input. */
export interface OutputPlan {
  /** `I420` planes, grey alone, or the input's own JPEGs. */
  readonly kind: "yuv420" | "gray" | "jpeg";
  readonly color: ColorEncoding;
}

const TRANSFORM_FILTERS: Readonly<Record<InputTransform, string | undefined>> = {
  none: undefined,
  clockwise_90: "transpose=clock",
  counterclockwise_90: "transpose=cclock",
  clockwise_180: "hflip,vflip",
  mirror_horizontal: "hflip",
  mirror_vertical: "vflip",
};

/** Decoding in one thread costs the least; over this many pixels it might be too slow. */
const ONE_THREAD_PIXELS = 1280 * 720;

/**
 * Chooses the output that loses nothing and converts least. JPEGs pass as they are, where they
 * need no turning: they are published untouched, and decoded here, scaled.
 */
export function planOutput(video: VideoInfo, transform: InputTransform): OutputPlan {
  const upright = transform === "none" && video.rotation === 0;
  if (video.codec === "mjpeg" && upright && /^(yuvj4(20|22|44)p|gray)$/.test(video.pixelFormat)) {
    return { kind: "jpeg", color: { range: "full", matrix: "bt601" } };
  }
  if (/^gray/.test(video.pixelFormat)) {
    return { kind: "gray", color: { ...video.color, matrix: "bt601" } };
  }
  // swscale gives limited BT.601 from RGB, and keeps the range and matrix of YUV.
  if (/^yuv|^nv|^p0|^uyvy|^yuyv/.test(video.pixelFormat)) {
    return { kind: "yuv420", color: video.color };
  }
  return { kind: "yuv420", color: { range: "limited", matrix: "bt601" } };
}

/** These containers hold no times: ffmpeg would invent 25 frames a second. */
const TIMELESS = /^(mpjpeg|mjpeg|image2|h264|hevc)/;
const PHOTOGRAPH = /^image2$|_pipe$/;
/** A peer that says nothing for so long is given up, in microseconds. */
const NETWORK_TIMEOUT_US = "10000000";
/** libavutil of ffmpeg 5.0, where `-timeout` of RTSP no longer waits for callers. */
const RTSP_TIMEOUT_SINCE = [57, 0, 0] as const;

/** Options that open the input, up to and with `-i`. */
export function inputArguments(
  input: string,
  { executable, live, loop = false, format = "" }: {
    executable: FfmpegExecutable;
    live: boolean;
    loop?: boolean;
    /** The container, where it is known. */
    format?: string;
  },
): string[] {
  if (input.startsWith("lavfi:")) {
    return [...(live ? ["-re"] : []), "-f", "lavfi", "-i", input.slice("lavfi:".length)];
  }
  const args: string[] = [];
  if (/^rtsps?:/.test(input)) {
    const modern = compareVersions(executable.libavutil, RTSP_TIMEOUT_SINCE) >= 0;
    args.push("-rtsp_transport", "tcp", modern ? "-timeout" : "-stimeout", NETWORK_TIMEOUT_US);
  }
  if (/^(https?|tcp|rtmps?):/.test(input)) args.push("-rw_timeout", NETWORK_TIMEOUT_US);
  if (live && TIMELESS.test(format)) args.push("-use_wallclock_as_timestamps", "1");
  // A photograph in a loop is a video; an ffmpeg for each of its frames would be too many.
  if (loop && PHOTOGRAPH.test(format)) {
    args.push("-f", "image2", "-pattern_type", "none", "-loop", "1", "-framerate", "30");
  }
  return [...args, "-i", input];
}

/** Options from the streams to the pipe. */
export function outputArguments(
  video: VideoInfo,
  { executable, plan, transform }: {
    executable: FfmpegExecutable;
    plan: OutputPlan;
    transform: InputTransform;
  },
): string[] {
  const into = ["-f", "nut", "-flush_packets", "1", "pipe:1"];
  const select = ["-map", `0:${video.index}`, "-map_metadata", "-1"];
  if (plan.kind === "jpeg") return [...select, "-c:v", "copy", ...into];
  const filter = TRANSFORM_FILTERS[transform];
  const full = plan.color.range === "full";
  const pixelFormat = plan.kind === "gray" ? "gray" : full ? "yuvj420p" : "yuv420p";
  return [
    ...select,
    ...executable.passthrough,
    ...(filter ? ["-vf", filter] : []),
    ...["-c:v", "rawvideo", "-pix_fmt", pixelFormat],
    // Without it ffmpeg before 7 rounds times to the mean frame rate.
    ...["-enc_time_base", "1/1000000"],
    ...into,
  ];
}

/** How many threads decode. */
export function threadArguments(video: VideoInfo): string[] {
  return video.width * video.height <= ONE_THREAD_PIXELS ? ["-threads", "1"] : [];
}
