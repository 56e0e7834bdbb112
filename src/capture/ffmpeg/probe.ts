import { maskPasswords } from "../../config/secret.ts";
import type { ColorEncoding } from "../frame.ts";

/** What ffmpeg says about an input before it reads it. */
export interface InputInfo {
  /** Names of the container, such as `mov,mp4,m4a` or `mpjpeg`. */
  readonly format: string;
  /** Absent for an input that does not end, or does not say when. */
  readonly durationS?: number;
  /** The first video stream that is no cover picture. */
  readonly video?: VideoInfo;
}

export interface VideoInfo {
  /** The stream's number in the input. */
  readonly index: number;
  readonly codec: string;
  /** Such as `yuv420p`; `none` where ffmpeg could not tell. */
  readonly pixelFormat: string;
  readonly color: ColorEncoding;
  /** As coded, before rotation. */
  readonly width: number;
  readonly height: number;
  readonly fps?: number;
  /** Degrees by which a player turns the picture; 0 where nothing is said. */
  readonly rotation: number;
}

/** Reads what `ffmpeg -i INPUT` prints to stderr; a text from anywhere gives at worst no video. */
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
  for (const [number, line] of lines.entries()) {
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
      rotation: rotationOf(lines.slice(number + 1)),
    };
  }
  return undefined;
}

/** Looks for the display matrix among the lines that belong to a stream. */
function rotationOf(following: readonly string[]): number {
  for (const line of following) {
    if (/^\s*Stream #/.test(line)) break;
    const rotation = /displaymatrix: rotation of (-?[\d.]+) degrees/.exec(line);
    if (rotation) return Number(rotation[1]);
  }
  return 0;
}

/** `yuv420p(tv, smpte170m/smpte170m/bt709, progressive)`: what is not said is limited BT.601. */
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

/** Lines that say that something failed, but not why. */
const EMPTY_TALK = /^(At least one output file|Error opening input files?\b|Conversion failed)/;

/** Picks ffmpeg's own reason out of its last words. */
export function failureReason(stderr: string, input: string): string {
  const lines = stderr.split(/[\r\n]+/)
    .map((line) => line.replace(/^\[[^\]]*\]\s*/, "").trim())
    .filter((line) =>
      line !== "" && !EMPTY_TALK.test(line) && !/^(Input|Stream|Duration)/.test(line)
    )
    .map((line) => line.startsWith(`${input}: `) ? line.slice(input.length + 2) : line)
    .map((line) => line.replace(/^Error opening input: /, ""));
  return maskPasswords(lines.at(-1) ?? "it gave no reason");
}
