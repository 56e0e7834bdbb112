const BLOCK_BYTES = 65_536;
const NEWLINE = 10;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/**
 * Returns the length of the complete JSON lines at the start of a file, in bytes. After a power cut
 * a file can end with an incomplete line, or with zeros in blocks that were allocated but not
 * written.
 */
export async function completeLinesLength(file: Deno.FsFile): Promise<number> {
  let end = (await file.stat()).size;
  while (end > 0) {
    const start = Math.max(0, end - BLOCK_BYTES);
    const block = await readAt(file, start, end - start);
    const lineEnd = lastCompleteLineEnd(block, { isFileStart: start === 0 });
    if (lineEnd !== undefined) return start + lineEnd;
    // No line ends in this block: continue with the block before, and with a newline that is the
    // first byte of this one, since the line that it ends is there.
    end = block[0] === NEWLINE && block.length > 1 ? start + 1 : start;
  }
  return 0;
}

/**
 * Returns the offset after the last line of `block` that is delimited like a JSON object, or
 * undefined. If the line starts before the block, only its end is checked.
 */
export function lastCompleteLineEnd(
  block: Uint8Array,
  { isFileStart }: { isFileStart: boolean },
): number | undefined {
  let newline = block.lastIndexOf(NEWLINE);
  while (newline >= 0) {
    const previous = block.lastIndexOf(NEWLINE, newline - 1);
    const hasStart = newline > 0 && (previous >= 0 || isFileStart);
    const startsWithBrace = !hasStart || block[previous + 1] === OPEN_BRACE;
    if (newline > 0 && block[newline - 1] === CLOSE_BRACE && startsWithBrace) return newline + 1;
    if (newline === 0) break;
    newline = previous;
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
