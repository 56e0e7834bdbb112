import { reasonOf } from "../../base/errors.ts";
import { SourceError } from "../frame.ts";

const HINT = "Write one time in milliseconds per line, each greater than the previous";

/**
 * Parses a file of frame times: one time in milliseconds per line, strictly increasing.
 *
 * @returns microseconds since the first frame.
 * @throws {SourceError} that states the first invalid line.
 */
export function parseFrameTimes(text: string, path: string): readonly number[] {
  const times: number[] = [];
  let firstMs = 0;
  for (const [index, line] of text.split("\n").entries()) {
    const word = line.trim();
    if (word === "") continue;
    const ms = Number(word);
    if (!Number.isFinite(ms)) {
      throw new SourceError(
        `Cannot read the frame times in ${path}: line ${index + 1} is not a number: ${
          JSON.stringify(word.slice(0, 40))
        }`,
        { hint: HINT },
      );
    }
    if (times.length === 0) firstMs = ms;
    const us = Math.round((ms - firstMs) * 1000);
    if (times.length > 0 && us <= times.at(-1)!) {
      throw new SourceError(
        `Cannot read the frame times in ${path}: line ${index + 1} does not increase: ${word}`,
        { hint: HINT },
      );
    }
    times.push(us);
  }
  if (times.length === 0) {
    throw new SourceError(`Cannot read the frame times in ${path}: the file has no times`, {
      hint: HINT,
    });
  }
  return times;
}

/** Reads and parses a file of frame times. */
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
