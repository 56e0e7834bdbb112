const encoder = new TextEncoder();

/** The longest payload that can be a word, in bytes. */
const MAX_WORD_BYTES = 16;
const WORDS: Readonly<Record<string, string>> = {
  ON: '{"recording":true}',
  OFF: '{"recording":false}',
};

/**
 * Returns the JSON command for the payload of `recording/set`: `ON` and `OFF`, which switches of Home
 * Assistant send, become commands; anything else is returned as it is, for the command handler.
 */
export function recordingCommandOf(payload: Uint8Array): Uint8Array {
  if (payload.length > MAX_WORD_BYTES) return payload;
  const word = new TextDecoder().decode(payload).trim().toUpperCase();
  const command = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
  return command === undefined ? payload : encoder.encode(command);
}
