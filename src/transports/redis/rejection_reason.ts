const TIMEOUT_MS = 500;

/**
 * Reads why a Redis server rejects connections, such as "-ERR max number of clients reached". The
 * server sends the reason and closes the connection. A client that has already written loses it to
 * the TCP reset that follows, so this connection only reads.
 *
 * @param signal ends the reading
 * @returns the error without its leading `-`, or undefined if the server sent none.
 */
export async function rejectionReason(
  { host, port }: { readonly host: string; readonly port: number },
  signal: AbortSignal = new AbortController().signal,
): Promise<string | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let close = () => {};
  const end = () => close();
  signal.addEventListener("abort", end);
  try {
    using connection = await Deno.connect({ hostname: host, port });
    if (signal.aborted) return undefined;
    // Unlike close(), disposing may be repeated: the signal and the timer may both end the reading.
    close = () => connection[Symbol.dispose]();
    timer = setTimeout(end, TIMEOUT_MS);
    const reply = new Uint8Array(256);
    const length = await connection.read(reply);
    const text = new TextDecoder().decode(reply.subarray(0, length ?? 0));
    return text.startsWith("-") ? text.slice(1).trim() : undefined;
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
}
