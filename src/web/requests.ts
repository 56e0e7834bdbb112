import { MAX_COMMAND_BYTES } from "../control/commands.ts";
import { errorResponse } from "./responses.ts";

/** Time limit for receiving the body of a request. */
const BODY_TIMEOUT_MS = 5000;

/** Reads the body, up to 5 s; returns undefined if it is larger than `maxBytes` (default 4096). */
export async function readBody(
  request: Request,
  maxBytes = MAX_COMMAND_BYTES,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const bytes = new Uint8Array(maxBytes);
  let length = 0;
  const reader = request.body?.getReader();
  const timer = setTimeout(() => reader?.cancel().catch(() => {}), BODY_TIMEOUT_MS);
  try {
    while (reader) {
      const { value, done } = await reader.read();
      if (done) break;
      if (length + value.length > bytes.length) return undefined;
      bytes.set(value, length);
      length += value.length;
    }
    return bytes.subarray(0, length);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Reads the body of a command, whose type must be JSON: browsers send no other site's form as such.
 *
 * @returns the bytes, or the response that refuses it
 */
export async function readJsonBody(
  request: Request,
  maxBytes?: number,
): Promise<Uint8Array<ArrayBuffer> | Response> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    return errorResponse(415, "The request is not JSON");
  }
  return await readBody(request, maxBytes) ?? errorResponse(413, "The request is too large");
}
