/** Address of a server. */
interface Address {
  readonly host: string;
  readonly port: number;
}

/** Time limit of a probe, in milliseconds. */
const TIMEOUT_MS = 1000;

/**
 * The smallest ClientHello of TLS 1.2, with one cipher suite and no extension (RFC 5246, 7.4.1.2).
 * A server answers it with a handshake record or an alert. It is written as bytes because a
 * connection of `Deno.connectTls()` stays open until its peer answers.
 */
// deno-fmt-ignore
const CLIENT_HELLO = new Uint8Array([
  0x16, 3, 1, 0, 45, // record: handshake, 45 bytes
  1, 0, 0, 41, // ClientHello, 41 bytes
  3, 3, // TLS 1.2
  ...new Uint8Array(32), // random
  0, // no session
  0, 2, 0xc0, 0x2f, // TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
  1, 0, // no compression
]);
const PING = new TextEncoder().encode("*1\r\n$4\r\nPING\r\n");

/**
 * Returns true if a server answers a TLS handshake.
 *
 * @param signal ends the probe
 */
export function answersWithTls(address: Address, signal: AbortSignal): Promise<boolean> {
  const isRecord = ([type, version]: Uint8Array) =>
    (type === 0x15 || type === 0x16) && version === 3;
  return probe(address, { request: CLIENT_HELLO, isAnswer: isRecord, signal });
}

/**
 * Returns true if a server answers PING without TLS, as Redis does even to a client without a login.
 *
 * @param signal ends the probe
 */
export function answersWithoutTls(address: Address, signal: AbortSignal): Promise<boolean> {
  const isReply = (bytes: Uint8Array) => /^(\+PONG|-[A-Z]+ )/.test(new TextDecoder().decode(bytes));
  return probe(address, { request: PING, isAnswer: isReply, signal });
}

/** Sends a request; returns false if it fails, takes too long or is ended. */
async function probe({ host, port }: Address, { request, isAnswer, signal }: {
  readonly request: Uint8Array;
  readonly isAnswer: (bytes: Uint8Array) => boolean;
  readonly signal: AbortSignal;
}): Promise<boolean> {
  const ending = new AbortController();
  const end = () => ending.abort();
  const timer = setTimeout(end, TIMEOUT_MS);
  signal.addEventListener("abort", end);
  let connection: Deno.Conn | undefined;
  try {
    if (signal.aborted) return false;
    connection = await Deno.connect({ hostname: host, port, signal: ending.signal });
    const reply = new Uint8Array(64);
    await connection.write(request);
    const length = await Promise.race([connection.read(reply), aborted(ending.signal)]);
    return isAnswer(reply.subarray(0, length ?? 0));
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
    connection?.close();
  }
}

/** Rejects when the signal aborts. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}
