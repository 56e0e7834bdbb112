import { maskUrls } from "../../config/secret.ts";
import type { ColorEncoding } from "../frame.ts";

/** Description of an input that ffmpeg prints before it reads it. */
export interface InputInfo {
  /** Names of the container, such as `mov,mp4,m4a` or `mpjpeg`. */
  readonly format: string;
  /** Absent if the input does not end or its duration is unknown. */
  readonly durationS?: number;
  /** The first video stream that is not an attached picture. */
  readonly video?: VideoInfo;
}

export interface VideoInfo {
  /** Index of the stream in the input. */
  readonly index: number;
  readonly codec: string;
  /** Name of the pixel format, such as `yuv420p`; `none` if ffmpeg could not detect it. */
  readonly pixelFormat: string;
  readonly color: ColorEncoding;
  /** Coded size, before rotation. */
  readonly width: number;
  readonly height: number;
  readonly fps?: number;
  /** Rotation in degrees that a player applies; 0 by default. */
  readonly rotation: number;
}

/** Parses what `ffmpeg -i INPUT` prints to stderr; unknown text yields no video. */
export function parseInputInfo(text: string): InputInfo {
  const format = /^Input #0, (.+), from /m.exec(text)?.[1] ?? "";
  const duration = /^\s*Duration: (\d+):(\d+):(\d+(?:\.\d+)?)/m.exec(text);
  const video = parseVideo(text);
  return {
    format,
    ...(duration && {
      durationS: Number(duration[1]) * 3600 + Number(duration[2]) * 60 + Number(duration[3]),
    }),
    ...(video && { video }),
  };
}

function parseVideo(text: string): VideoInfo | undefined {
  const lines = text.split("\n");
  for (const [index, line] of lines.entries()) {
    const stream = /^\s*Stream #0:(\d+)[^ ]*: Video: (.*)$/.exec(line);
    if (!stream || line.includes("(attached pic)")) continue;
    const [codec = "", pixels = "", ...rest] = splitOutsideBrackets(stream[2]!);
    const size = rest.map((part) => /^(\d+)x(\d+)/.exec(part)).find((match) => match !== null);
    if (!size) continue;
    const fps = /, (\d+(?:\.\d+)?)(k?) fps/.exec(line);
    return {
      index: Number(stream[1]),
      codec: codec.split(" ")[0]!,
      pixelFormat: /^\w*/.exec(pixels)![0],
      color: parseColor(pixels),
      width: Number(size[1]),
      height: Number(size[2]),
      ...(fps && { fps: Number(fps[1]) * (fps[2] ? 1000 : 1) }),
      rotation: rotationOf(lines.slice(index + 1)),
    };
  }
  return undefined;
}

/** Finds the display matrix in the lines that belong to a stream. */
function rotationOf(following: readonly string[]): number {
  for (const line of following) {
    if (/^\s*Stream #/.test(line)) break;
    const rotation = /displaymatrix: rotation of (-?[\d.]+) degrees/.exec(line);
    if (rotation) return Number(rotation[1]);
  }
  return 0;
}

/** Parses `yuv420p(tv, smpte170m/smpte170m/bt709, progressive)`; default: limited BT.601. */
function parseColor(pixels: string): ColorEncoding {
  const name = /^\w*/.exec(pixels)![0];
  const words = /\(([^)]*)\)/.exec(pixels)?.[1]?.split(/,\s*/) ?? [];
  const full = words.includes("pc") || (name.startsWith("yuvj") && !words.includes("tv"));
  const space = words.find((word) => /^(bt|smpte|fcc|unknown|gbr)/.test(word))?.split("/")[0];
  return { range: full ? "full" : "limited", matrix: space === "bt709" ? "bt709" : "bt601" };
}

function splitOutsideBrackets(text: string): string[] {
  const parts = [""];
  let depth = 0;
  for (const character of text) {
    if (character === "(" || character === "[") depth++;
    if (character === ")" || character === "]") depth--;
    if (character === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += character;
  }
  return parts.map((part) => part.trim());
}

/** Lines that report a failure without its reason. */
const LINES_WITHOUT_REASON =
  /^(At least one output file|Error opening input files?\b|Conversion failed)/;

/** Extracts the reason of a failure from the end of stderr. */
export function failureReason(stderr: string, input: string): string {
  const lines = stderr.split(/[\r\n]+/)
    .map((line) => line.replace(/^\[[^\]]*\]\s*/, "").trim())
    .filter((line) =>
      line !== "" && !LINES_WITHOUT_REASON.test(line) && !/^(Input|Stream|Duration)/.test(line)
    )
    .map((line) => line.startsWith(`${input}: `) ? line.slice(input.length + 2) : line)
    .map((line) => line.replace(/^Error opening input: /, ""));
  return maskUrls(lines.at(-1) ?? "ffmpeg gave no reason");
}
