/** The parts of an envelope that are required to save it. */
export interface SavedEnvelope {
  readonly type: string;
  readonly timestamp: number;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Longest message that is saved, in characters; those of the server have under 10 000. Chosen. */
export const MAX_CHARACTERS = 262_144;
/** Deepest nesting of a message that is saved; that of the server is 6. Chosen. */
export const MAX_DEPTH = 32;

/**
 * Parses an envelope from untrusted text.
 *
 * @returns undefined if it is invalid, longer than `MAX_CHARACTERS` or deeper than `MAX_DEPTH`
 */
export function parseEnvelope(text: string): SavedEnvelope | undefined {
  if (text.length > MAX_CHARACTERS || isDeep(text)) return undefined;
  try {
    const value = JSON.parse(text);
    const isValid = typeof value?.type === "string" && Number.isFinite(value.timestamp) &&
      typeof value.payload === "object" && value.payload !== null && !Array.isArray(value.payload);
    return isValid ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Returns true if brackets outside strings are nested more deeply than `MAX_DEPTH`. */
function isDeep(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '"') quoted = !quoted;
    else if (quoted) {
      if (character === "\\") i++;
    } else if (character === "{" || character === "[") {
      if (++depth > MAX_DEPTH) return true;
    } else if (character === "}" || character === "]") depth--;
  }
  return false;
}

/** Returns true for envelopes with the current recording state: a change, or a status that is not replayed. */
export function isRecordingState({ type, payload }: SavedEnvelope): boolean {
  if (type === "recording_state") return true;
  return type === "status" && typeof payload["recording"] === "boolean" &&
    metadataOf(payload)["replayed"] !== true;
}

/** Returns the session id of a `recording_state`; without one, its timestamp. */
export function sessionIdOf({ timestamp, payload }: SavedEnvelope): string {
  const id = payload["session_id"];
  return typeof id === "string" && id !== "" ? id : String(timestamp);
}

/** Returns the session in the metadata of a metrics message; undefined if they name none. */
export function sessionOfMetrics({ payload }: SavedEnvelope): string | undefined {
  const id = metadataOf(payload)["session_id"];
  return typeof id === "string" && id !== "" ? id : undefined;
}

function metadataOf(payload: SavedEnvelope["payload"]): Readonly<Record<string, unknown>> {
  const metadata = payload["metadata"];
  return typeof metadata === "object" && metadata !== null
    ? metadata as Readonly<Record<string, unknown>>
    : {};
}
