/**
 * Returns true if `text` matches a glob pattern of Redis: `*`, `?`, `[a-c]`, `[^a]`, and a backslash
 * before a character that stands for itself. Takes time proportional to the product of both lengths
 * at most.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  return compileGlob(pattern)(text);
}

/** Returns the test of a pattern, for one that is compared with many texts. */
export function compileGlob(pattern: string): (text: string) => boolean {
  const parts = partsOf(pattern);
  return (text) => matchesParts(parts, text);
}

/** Returns true for a pattern such as `ward-*`, and false for a name. */
export function isPattern(text: string): boolean {
  return /[*?[\\]/.test(text);
}

function matchesParts(parts: readonly CharacterTest[], text: string): boolean {
  let part = 0;
  let at = 0;
  /** Where to go on after a mismatch: behind the last star, one character later. */
  let retry: { readonly part: number; at: number } | undefined;
  while (at < text.length) {
    const test = parts[part];
    if (test === ANY_TEXT) retry = { part: ++part, at };
    else if (test?.(text[at]!)) [part, at] = [part + 1, at + 1];
    else if (retry) [part, at] = [retry.part, ++retry.at];
    else return false;
  }
  return parts.slice(part).every((test) => test === ANY_TEXT);
}

type CharacterTest = (character: string) => boolean;

const ANY_TEXT: CharacterTest = () => true;
const ANY_CHARACTER: CharacterTest = () => true;

/** Parses a pattern into one test for each character, or `ANY_TEXT`. */
function partsOf(pattern: string): readonly CharacterTest[] {
  const parts: CharacterTest[] = [];
  for (const [token] of pattern.matchAll(/\*+|\?|\[\^?(?:\\.|[^\]\\])*\]?|\\?./gsu)) {
    if (token.startsWith("*")) parts.push(ANY_TEXT);
    else if (token === "?") parts.push(ANY_CHARACTER);
    else if (token.startsWith("[")) parts.push(classTest(token));
    else for (const each of token.replace(/^\\(?=.)/su, "")) parts.push((other) => other === each);
  }
  return parts;
}

/** Returns the test for a character class, such as `[a-z_]`. */
function classTest(token: string): CharacterTest {
  const negated = token.startsWith("[^");
  const body = token.slice(negated ? 2 : 1).replace(/\]$/, "");
  const ranges = [...body.matchAll(/\\?(.)(?:-\\?(.))?/gsu)].map(([, from = "", to = from]) =>
    from <= to ? [from, to] as const : [to, from] as const
  );
  return (character) =>
    ranges.some(([from, to]) => character >= from && character <= to) !== negated;
}
