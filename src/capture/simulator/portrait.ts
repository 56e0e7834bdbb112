import { assetPath } from "../../base/assets.ts";
import { accessArguments, accessOf } from "../ffmpeg/access.ts";
import { ffmpegCommand, rightsFor } from "../ffmpeg/command.ts";
import { findFfmpeg } from "../ffmpeg/executable.ts";
import { failureReason } from "../ffmpeg/probe.ts";
import { SourceError } from "../frame.ts";

/** The portrait, scaled to the size at which it is drawn. */
export interface Portrait {
  readonly width: number;
  readonly height: number;
  /** Interleaved 8-bit RGB, row by row. */
  readonly rgb: Uint8Array;
}

/** Width over height of the portrait that is packed with the program. */
export const PORTRAIT_ASPECT = 512 / 600;

/**
 * Decodes the portrait and scales it to a height in pixels.
 *
 * @throws {SourceError} if the file or ffmpeg is missing.
 */
export async function loadPortrait(height: number): Promise<Portrait> {
  const path = assetPath("portrait");
  const executable = await findFfmpeg();
  const width = Math.round(height * PORTRAIT_ASPECT);
  const url = `file:${path}`;
  const args = [
    ...["-hide_banner", "-nostdin", "-loglevel", "error"],
    ...accessArguments(accessOf(url)),
    ...["-i", url, "-vf", `scale=${width}:${height}:flags=area`, "-frames:v", "1"],
    ...["-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"],
  ];
  const { path: program, ...options } = ffmpegCommand(executable, args, rightsFor(url));
  const { stdout, stderr } = await new Deno.Command(program, {
    ...options,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (stdout.length !== width * height * 3) {
    const reason = failureReason(new TextDecoder().decode(stderr), url);
    throw new SourceError(`Cannot open the portrait ${path}: ${reason}`, {
      hint: "Run scripts/setup, which downloads the portrait",
    });
  }
  return { width, height, rgb: stdout };
}
