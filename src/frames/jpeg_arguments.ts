import { accessArguments } from "../capture/ffmpeg/access.ts";
import { NUT_OUTPUT } from "../capture/ffmpeg/arguments.ts";
import type { FfmpegExecutable } from "../capture/ffmpeg/executable.ts";
import type { RawFormat } from "./raw_image.ts";

/** Returns ffmpeg's arguments to read raw images from stdin and write JPEGs in NUT to stdout. */
export function encoderArguments(
  { width, height, pixelFormat, matrix }: RawFormat,
  { executable, quality }: { executable: FfmpegExecutable; quality: number },
): string[] {
  const jpegFormat = pixelFormat.includes("422")
    ? "yuvj422p"
    : pixelFormat.includes("444")
    ? "yuvj444p"
    : "yuvj420p";
  const { inputFormat, filter } = colorConversion({ pixelFormat, matrix, jpegFormat });
  return [
    ...["-loglevel", "error", "-threads", "1", "-filter_threads", "1"],
    // Without these, ffmpeg waits for a second image before it encodes the first.
    ...["-probesize", "32", "-analyzeduration", "0"],
    ...accessArguments({ protocols: ["pipe"], formats: ["rawvideo"] }, ["rawvideo"]),
    ...["-f", "rawvideo", "-pixel_format", inputFormat, "-video_size", `${width}x${height}`],
    ...["-framerate", "30", "-i", "pipe:0"],
    ...(filter ? ["-vf", filter] : []),
    ...executable.passthrough,
    ...["-c:v", "mjpeg", "-pix_fmt", jpegFormat, "-threads", "1"],
    // Optimized Huffman tables would save 5 % of the bytes and take a third more time.
    // These, and two tables of quantizers, are what RTP/JPEG can carry (RFC 2435).
    ...["-huffman", "default", "-force_duplicated_matrix", "1"],
    ...["-qmin", "1", "-qmax", "60", "-q:v", String(qscaleOf(quality))],
    ...NUT_OUTPUT,
  ];
}

/**
 * Selects the conversion to full-range BT.601, which JPEG requires (JFIF): none if the image has
 * it already, lookup tables if only the range differs, and ffmpeg's slower `scale` filter for
 * another matrix or chroma subsampling.
 */
function colorConversion(
  { pixelFormat, matrix, jpegFormat }: {
    pixelFormat: string;
    matrix: RawFormat["matrix"];
    jpegFormat: string;
  },
): { inputFormat: string; filter?: string } {
  if (matrix === "bt601" && pixelFormat === jpegFormat) return { inputFormat: pixelFormat };
  if (matrix === "bt601" && pixelFormat.replace("yuv", "yuvj") === jpegFormat) {
    // The input is declared full range, as ffmpeg would otherwise expand the range once more.
    const chroma = "(val-128)*255/224+128.5";
    return {
      inputFormat: jpegFormat,
      filter: `lutyuv=y=(val-16)*255/219+0.5:u=${chroma}:v=${chroma}`,
    };
  }
  return {
    inputFormat: pixelFormat,
    filter:
      `scale=in_color_matrix=${matrix}:out_color_matrix=bt601:out_range=pc:flags=accurate_rnd`,
  };
}

/**
 * Converts a JPEG quality (1 to 100, libjpeg's scale) to the quantizer scale of ffmpeg's MJPEG
 * encoder, 1 to 60, so that the quantizers are equal on average: MPEG's intra matrix times q/8 has
 * the mean of libjpeg's luma table at q = 16.
 */
export function qscaleOf(quality: number): number {
  const percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  return Math.min(60, Math.max(1, Math.round((percent * 16) / 100)));
}
