const PATIENCE_MS = 500;

/**
 * What a server says to those it turns away at the door, such as "-ERR max number of clients
 * reached". A client that has already written loses these words to the reset that follows:
 * here nothing is written.
 *
 * @returns the words without their sign, or undefined where it said nothing.
 */
export async function rejectionReason(
  { host, port }: { readonly host: string; readonly port: number },
): Promise<string | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    using connection = await Deno.connect({ hostname: host, port });
    timer = setTimeout(() => connection.close(), PATIENCE_MS);
    const words = new Uint8Array(256);
    const read = await connection.read(words);
    const text = new TextDecoder().decode(words.subarray(0, read ?? 0));
    return text.startsWith("-") ? text.slice(1).trim() : undefined;
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
