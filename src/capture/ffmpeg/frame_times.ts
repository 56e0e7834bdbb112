import { reasonOf } from "../../base/errors.ts";
import { SourceError } from "../frame.ts";

const HINT = "Write one time in milliseconds a line, each greater than the one before";

/**
 * Reads a file of frame times: one number of milliseconds a line, growing.
 *
 * @returns microseconds since the first frame.
 * @throws {SourceError} naming the line that is no such time.
 */
export function parseFrameTimes(text: string, path: string): readonly number[] {
  const times: number[] = [];
  let firstMs = 0;
  for (const [number, line] of text.split("\n").entries()) {
    const word = line.trim();
    if (word === "") continue;
    const ms = Number(word);
    if (!Number.isFinite(ms)) {
      throw new SourceError(
        `Cannot read the frame times in ${path}: line ${number + 1} is no number: ${
          JSON.stringify(word.slice(0, 40))
        }`,
        { hint: HINT },
      );
    }
    if (times.length === 0) firstMs = ms;
    const us = Math.round((ms - firstMs) * 1000);
    if (times.length > 0 && us <= times.at(-1)!) {
      throw new SourceError(
        `Cannot read the frame times in ${path}: line ${number + 1} does not grow: ${word}`,
        { hint: HINT },
      );
    }
    times.push(us);
  }
  if (times.length === 0) {
    throw new SourceError(`Cannot read the frame times in ${path}: it holds none`, { hint: HINT });
  }
  return times;
}

/** Reads such a file from the disk. */
export async function readFrameTimes(path: string): Promise<readonly number[]> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (cause) {
    const reason = reasonOf(cause);
    throw new SourceError(`Cannot read the frame times in ${path}: ${reason}`, {
      cause,
      hint: "Check --input_video_time_path",
    });
  }
  return parseFrameTimes(text, path);
}
