const BLOCK_BYTES = 65_536;
const NEWLINE = 10;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/**
 * How many bytes at the start of a file are whole lines. A power cut leaves half a line at the
 * end, or a stretch of zeros where the file had grown but its blocks were not written.
 */
export async function wholeLinesBytes(file: Deno.FsFile): Promise<number> {
  let end = (await file.stat()).size;
  while (end > 0) {
    const start = Math.max(0, end - BLOCK_BYTES);
    const block = await readAt(file, start, end - start);
    const whole = lastWholeLineEnd(block, { isFileStart: start === 0 });
    if (whole !== undefined) return start + whole;
    // No line ends in this block: look further up, and let the next block overlap nothing.
    end = start;
  }
  return 0;
}

/**
 * The offset after the last line of `block` that looks like a JSON object, or undefined. A line
 * whose start lies before the block is judged by its end alone.
 */
export function lastWholeLineEnd(
  block: Uint8Array,
  { isFileStart }: { isFileStart: boolean },
): number | undefined {
  let newline = block.lastIndexOf(NEWLINE);
  while (newline >= 0) {
    const before = block.lastIndexOf(NEWLINE, newline - 1);
    const hasStart = newline > 0 && (before >= 0 || isFileStart);
    const startsWell = !hasStart || block[before + 1] === OPEN_BRACE;
    if (newline > 0 && block[newline - 1] === CLOSE_BRACE && startsWell) return newline + 1;
    if (newline === 0) break;
    newline = before;
  }
  return isFileStart ? 0 : undefined;
}

async function readAt(file: Deno.FsFile, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await file.seek(offset, Deno.SeekMode.Start);
  let filled = 0;
  while (filled < length) {
    const read = await file.read(bytes.subarray(filled));
    if (read === null) break;
    filled += read;
  }
  return bytes.subarray(0, filled);
}
