const decoder = new TextDecoder();
const encoder = new TextEncoder();

/**
 * The envelope with `"replayed": true` in `payload.metadata`, all else unchanged, so that a
 * consumer tells what comes late from what is live. Bytes that are no envelope stay as they are.
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
