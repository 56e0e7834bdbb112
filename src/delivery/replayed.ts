const decoder = new TextDecoder();
const encoder = new TextEncoder();

/**
 * Returns the envelope with `"replayed": true` in `payload.metadata`, otherwise unchanged, so that
 * consumers can tell replayed messages from live ones. Bytes that are no envelope are returned as
 * they are.
 */
export function markReplayed(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  try {
    const envelope = JSON.parse(decoder.decode(bytes));
    const { metadata, ...payload } = envelope.payload;
    return encoder.encode(JSON.stringify({
      ...envelope,
      payload: { ...payload, metadata: { ...metadata, replayed: true } },
    }));
  } catch {
    return bytes;
  }
}
