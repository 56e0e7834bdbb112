/** Largest response that is read; that to a transaction of this program has a few kilobytes. */
const MAX_RESPONSE_BYTES = 1 << 20;

/**
 * Reads the JSON of a response; returns undefined if it is none.
 *
 * @throws {Error} if it is larger than 1 MiB
 */
export async function readJson(response: Response): Promise<unknown> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.length;
    if (bytes > MAX_RESPONSE_BYTES) throw new Error("the response has more than 1 MiB");
    parts.push(part);
  }
  try {
    return JSON.parse(await new Blob(parts).text());
  } catch {
    return undefined;
  }
}
