import { node } from "../base/node.ts";

/**
 * Characters that a terminal or a viewer does not show as themselves: control characters, formats
 * such as those that change the direction of the text, separators of lines, and halves of pairs.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Escapes invisible characters as in JSON, `\u202e`: text from outside could forge what is seen. */
export function escapeInvisible(text: string): string {
  return text.replaceAll(INVISIBLE, (character) => {
    const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
  });
}

/** Known only to this process, so that an id cannot be found by hashing the likely ones. */
const KEY = crypto.getRandomValues(new Uint8Array(32));

/** Returns a label for a session id by which lines of one run can be related, but not the id. */
export function hashedId(id: string): string {
  return `#${node.crypto.createHmac("sha256", KEY).update(id).digest("hex").slice(0, 12)}`;
}
