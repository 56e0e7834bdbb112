/**
 * Parses what ffmpeg writes with `-progress`, lines of `key=value`, and yields the number of frames
 * of each report. Lines that are no such number are skipped; a line without an end is cut.
 */
export async function* progressFrames(
  output: ReadableStream<Uint8Array>,
): AsyncGenerator<number, void, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of output) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!.slice(0, MAX_LINE);
    for (const line of lines) {
      const frames = /^frame=\s*(\d{1,15})\s*$/.exec(line)?.[1];
      if (frames !== undefined) yield Number(frames);
    }
  }
}

/** Characters of a line that are kept; no line that is parsed is longer. */
const MAX_LINE = 100;
