/** Longest message but a frame that is parsed, in characters; those of the server have under 30,000. */
export const MAX_CHARACTERS = 262_144;
/** Deepest nesting of a message that is parsed; that of the server is 6. Chosen. */
export const MAX_DEPTH = 32;

/**
 * Parses JSON that any publisher may have written.
 *
 * @param maxCharacters length above which it is not parsed
 * @returns undefined if it is invalid, too long, or deeper than `MAX_DEPTH`, which would overflow the
 *   stack of a function that follows its structure
 */
export function parseUntrusted(text: string, maxCharacters = MAX_CHARACTERS): unknown {
  if (text.length > maxCharacters || isDeep(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const [QUOTE, BACKSLASH] = ['"', "\\"].map((character) => character.charCodeAt(0));
const OPENING = [..."{["].map((character) => character.charCodeAt(0));
const CLOSING = [..."}]"].map((character) => character.charCodeAt(0));

/** Returns true if brackets outside strings are nested more deeply than `MAX_DEPTH`. */
function isDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === QUOTE) at = endOfString(text, at);
    else if (OPENING.includes(character)) {
      if (++depth > MAX_DEPTH) return true;
    } else if (CLOSING.includes(character)) depth--;
  }
  return false;
}

/** Returns the index of the quote that ends the string at `start`, or the length of the text. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let first = end;
    while (text.charCodeAt(first - 1) === BACKSLASH) first--;
    if ((end - first) % 2 === 0) return end;
  }
  return text.length;
}
