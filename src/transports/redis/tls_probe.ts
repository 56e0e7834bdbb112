/** Address of a server. */
interface Address {
  readonly host: string;
  readonly port: number;
}

/** Time limit of a probe, in milliseconds. */
const TIMEOUT_MS = 1000;

/**
 * Returns true if a server answers a TLS handshake, whether or not its certificate is trusted.
 *
 * @param signal ends the probe
 */
export function answersWithTls({ host, port }: Address, signal: AbortSignal): Promise<boolean> {
  return probe(signal, async (onAbort) => {
    using connection = await Deno.connectTls({ hostname: host, port });
    onAbort(() => connection.close());
    try {
      await connection.handshake();
    } catch (error) {
      return error instanceof Deno.errors.InvalidData && /certificate|alert/i.test(error.message);
    }
    return true;
  });
}

/**
 * Returns true if a server answers PING without TLS, as Redis does even to a client without a login.
 *
 * @param signal ends the probe
 */
export function answersWithoutTls({ host, port }: Address, signal: AbortSignal): Promise<boolean> {
  return probe(signal, async (onAbort) => {
    using connection = await Deno.connect({ hostname: host, port });
    onAbort(() => connection.close());
    await connection.write(new TextEncoder().encode("PING\r\n"));
    const reply = new Uint8Array(64);
    const length = await connection.read(reply) ?? 0;
    return /^(\+PONG|-[A-Z]+ )/.test(new TextDecoder().decode(reply.subarray(0, length)));
  });
}

/** Returns the result of a probe; false if it fails, takes too long or is ended. */
async function probe(
  signal: AbortSignal,
  run: (onAbort: (close: () => void) => void) => Promise<boolean>,
): Promise<boolean> {
  if (signal.aborted) return false;
  let close = () => {};
  const abort = () => close();
  const timer = setTimeout(abort, TIMEOUT_MS);
  signal.addEventListener("abort", abort);
  try {
    return await run((onAbort) => {
      close = onAbort;
      if (signal.aborted) onAbort();
    });
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}
