/**
 * Reads the rating from the output of `7zr b -mmt1`: that of the last line, "Tot", compression and
 * decompression together. It is the rating per CPU time ("R/U"), on which other processes have no
 * influence.
 *
 * @returns the rating in MIPS as 7-zip defines it: it assumes a number of instructions for each byte
 * @throws {Error} if the output has no such line
 */
export function parseRating(output: string): number {
  const rating = /^Tot:\s+\d+\s+(\d+)\s+\d+\s*$/m.exec(output)?.[1];
  if (rating === undefined) throw new Error(`Cannot find the rating of 7-zip: ${output}`);
  return Number(rating);
}
