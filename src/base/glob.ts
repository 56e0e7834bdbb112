/**
 * Returns true if `text` matches a pattern in which `*` stands for any characters and `?` for one.
 * Takes at most the product of both lengths in time, whatever the pattern.
 *
 * @example
 * ```ts
 * matchesGlob("ward-*", "ward-7"); // true
 * ```
 */
export function matchesGlob(pattern: string, text: string): boolean {
  let at = 0;
  let patternAt = 0;
  /** Index after the last asterisk, and that of the text which it has reached. */
  let afterStar = -1;
  let starAt = 0;
  while (at < text.length) {
    const expected = pattern[patternAt];
    if (expected === "*") {
      afterStar = ++patternAt;
      starAt = at;
    } else if (expected === "?" || expected === text[at]) {
      patternAt++;
      at++;
    } else if (afterStar >= 0) {
      patternAt = afterStar;
      at = ++starAt;
    } else return false;
  }
  while (pattern[patternAt] === "*") patternAt++;
  return patternAt === pattern.length;
}
