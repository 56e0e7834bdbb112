import type { ColorEncoding } from "../frame.ts";
import type { InputTransform } from "../transform.ts";
import { accessArguments, accessOf, type InputAccess } from "./access.ts";
import { SourceError } from "../frame.ts";
import { compareVersions, type FfmpegExecutable } from "./executable.ts";
import type { VideoInfo } from "./probe.ts";

/** Format of the images that ffmpeg writes. */
export interface OutputFormat {
  /** Planar 4:2:0, luma alone, or the unchanged JPEGs of the input. */
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

/** Largest image that is decoded by one thread, which costs the least CPU time. Chosen. */
const SINGLE_THREAD_PIXELS = 1280 * 720;

/**
 * Chooses the output format that loses no information and needs the least conversion. JPEGs that
 * need no rotation pass unchanged: they are published as they are and decoded in this program.
 */
export function chooseOutputFormat(video: VideoInfo, transform: InputTransform): OutputFormat {
  const upright = transform === "none" && video.rotation === 0;
  if (video.codec === "mjpeg" && upright && /^(yuvj4(20|22|44)p|gray)$/.test(video.pixelFormat)) {
    return { kind: "jpeg", color: { range: "full", matrix: "bt601" } };
  }
  if (/^gray/.test(video.pixelFormat)) {
    return { kind: "gray", color: { ...video.color, matrix: "bt601" } };
  }
  // swscale converts RGB to limited-range BT.601, and keeps the range and matrix of YUV.
  if (/^yuv|^nv|^p0|^uyvy|^yuyv/.test(video.pixelFormat)) {
    return { kind: "yuv420", color: video.color };
  }
  return { kind: "yuv420", color: { range: "limited", matrix: "bt601" } };
}

/** Containers without timestamps, for which ffmpeg would assume 25 fps. */
const UNTIMED_FORMATS = /^(mpjpeg|mjpeg|image2|h264|hevc)/;
/** Formats of a single still image. */
const STILL_IMAGE_FORMATS = /^image2$|_pipe$/;
/** Time without data after which ffmpeg gives up a connection, in microseconds. */
const NETWORK_TIMEOUT_US = "10000000";
/** libavutil of ffmpeg 5.0; before, the RTSP option `-timeout` made ffmpeg listen as a server. */
const RTSP_TIMEOUT_SINCE = [57, 0, 0] as const;

/**
 * Returns the address of an input if ffmpeg reads it from its stdin, so that the list of processes
 * does not show the credentials in a URL; undefined if it is an argument.
 */
export function addressForStdin(input: string, executable: FfmpegExecutable): string | undefined {
  return executable.build === "own" && accessOf(input).network ? input : undefined;
}

/**
 * Returns the arguments that open the input, up to and including its address.
 *
 * @throws {SourceError} for a scheme that is not supported, or if this ffmpeg does not verify the
 * certificate of the server
 */
export function inputArguments(
  input: string,
  { executable, live, loop = false, format = "", tlsCaPath }: {
    executable: FfmpegExecutable;
    live: boolean;
    loop?: boolean;
    /** Name of the container, if known. */
    format?: string;
    /** PEM file of the authorities for TLS servers. @default those of the system */
    tlsCaPath?: string | undefined;
  },
): string[] {
  const access = accessOf(input);
  const args = [
    ...accessArguments(access),
    ...tlsArguments(access, { executable, tlsCaPath }),
  ];
  if (input.startsWith("lavfi:")) {
    return [...(live ? ["-re"] : []), ...args, "-f", "lavfi", "-i", input.slice("lavfi:".length)];
  }
  if (/^rtsps?:/.test(input)) {
    const modern = compareVersions(executable.libavutil, RTSP_TIMEOUT_SINCE) >= 0;
    args.push("-rtsp_transport", "tcp", modern ? "-timeout" : "-stimeout", NETWORK_TIMEOUT_US);
  }
  if (/^(https?|tcp|rtmps?):/.test(input)) args.push("-rw_timeout", NETWORK_TIMEOUT_US);
  if (live && UNTIMED_FORMATS.test(format)) args.push("-use_wallclock_as_timestamps", "1");
  // ffmpeg repeats a still image itself: a new process for each pass would be one per frame.
  if (loop && STILL_IMAGE_FORMATS.test(format)) {
    args.push("-f", "image2", "-pattern_type", "none", "-loop", "1", "-framerate", "30");
  }
  if (addressForStdin(input, executable) !== undefined) return [...args, "-/i", "pipe:0"];
  return [...args, "-i", input];
}

/** Returns the options that verify the certificate of a TLS server and the name in it. */
function tlsArguments(
  { tls }: Pick<InputAccess, "tls">,
  { executable, tlsCaPath }: {
    executable: FfmpegExecutable;
    tlsCaPath?: string | undefined;
  },
): string[] {
  if (tls === undefined || executable.build === "own") return [];
  if (tls === "options" && executable.build === "gnutls") {
    return ["-tls_verify", "1", ...tlsCaPath === undefined ? [] : ["-ca_file", tlsCaPath]];
  }
  throw new SourceError(
    `Cannot verify the certificate of the camera with the ffmpeg ${executable.path} ` +
      `${executable.version}`,
    { hint: "Run scripts/build_ffmpeg, or use the packed program" },
  );
}

/**
 * Arguments that write NUT to stdout, each frame at once. The index that ffmpeg would write at the
 * end takes memory for each frame until then, which never comes for a live stream.
 */
export const NUT_OUTPUT: readonly string[] = [
  ...["-f", "nut", "-write_index", "0", "-flush_packets", "1", "pipe:1"],
];

/** Returns the arguments that select the video stream, convert it and write it to stdout. */
export function outputArguments(
  video: VideoInfo,
  { executable, format, transform }: {
    executable: FfmpegExecutable;
    format: OutputFormat;
    transform: InputTransform;
  },
): string[] {
  const select = ["-map", `0:${video.index}`, "-map_metadata", "-1"];
  if (format.kind === "jpeg") return [...select, "-c:v", "copy", ...NUT_OUTPUT];
  const filter = TRANSFORM_FILTERS[transform];
  const full = format.color.range === "full";
  const pixelFormat = format.kind === "gray" ? "gray" : full ? "yuvj420p" : "yuv420p";
  return [
    ...select,
    ...executable.passthrough,
    ...(filter ? ["-vf", filter] : []),
    ...["-c:v", "rawvideo", "-pix_fmt", pixelFormat],
    // By default, ffmpeg before 7 rounds timestamps to the mean frame rate.
    ...["-enc_time_base", "1/1000000"],
    ...NUT_OUTPUT,
  ];
}

/** Returns the arguments that limit the decoder threads. */
export function threadArguments(video: VideoInfo): string[] {
  return video.width * video.height <= SINGLE_THREAD_PIXELS ? ["-threads", "1"] : [];
}
