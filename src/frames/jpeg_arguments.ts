import type { FfmpegExecutable } from "../capture/ffmpeg/executable.ts";
import type { RawFormat } from "./raw_image.ts";

/** ffmpeg's options for raw pictures of one format on stdin, and their JPEGs in NUT on stdout. */
export function encoderArguments(
  { width, height, pixelFormat, matrix }: RawFormat,
  { executable, quality }: { executable: FfmpegExecutable; quality: number },
): string[] {
  const jpegFormat = pixelFormat.includes("422")
    ? "yuvj422p"
    : pixelFormat.includes("444")
    ? "yuvj444p"
    : "yuvj420p";
  const filter = conversionFilter({ pixelFormat, matrix, jpegFormat });
  return [
    ...["-loglevel", "error", "-threads", "1", "-filter_threads", "1"],
    // It must not wait for a second picture to learn about the first.
    ...["-probesize", "32", "-analyzeduration", "0"],
    ...["-f", "rawvideo", "-pixel_format", filter.readAs, "-video_size", `${width}x${height}`],
    ...["-framerate", "30", "-i", "pipe:0"],
    ...(filter.graph ? ["-vf", filter.graph] : []),
    ...executable.passthrough,
    ...["-c:v", "mjpeg", "-pix_fmt", jpegFormat, "-threads", "1"],
    // Fitted Huffman tables would save 5 % of the bytes and cost a third more time.
    ...["-huffman", "default"],
    ...["-qmin", "1", "-qmax", "60", "-q:v", String(qscaleOf(quality))],
    ...["-f", "nut", "-flush_packets", "1", "pipe:1"],
  ];
}

/**
 * How pictures become BT.601 of full range, as a JPEG has it: nothing where they are, tables where
 * only the range differs, the slow way for another matrix or sampling.
 */
function conversionFilter(
  { pixelFormat, matrix, jpegFormat }: {
    pixelFormat: string;
    matrix: RawFormat["matrix"];
    jpegFormat: string;
  },
): { readAs: string; graph?: string } {
  if (matrix === "bt601" && pixelFormat === jpegFormat) return { readAs: pixelFormat };
  if (matrix === "bt601" && pixelFormat.replace("yuv", "yuvj") === jpegFormat) {
    // Read as of full range already, or ffmpeg would stretch it once more.
    const chroma = "(val-128)*255/224+128.5";
    return { readAs: jpegFormat, graph: `lutyuv=y=(val-16)*255/219+0.5:u=${chroma}:v=${chroma}` };
  }
  return {
    readAs: pixelFormat,
    graph: `scale=in_color_matrix=${matrix}:out_color_matrix=bt601:out_range=pc:flags=accurate_rnd`,
  };
}

/**
 * The quantiser scale of ffmpeg's MJPEG whose tables are on average as coarse as libjpeg's at a
 * quality: MPEG's intra matrix times q/8 has the mean of libjpeg's luma table at q = 16.
 */
export function qscaleOf(quality: number): number {
  const percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  return Math.min(60, Math.max(1, Math.round((percent * 16) / 100)));
}
