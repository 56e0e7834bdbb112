/**
 * `ready`: a Redis that needs no other password; `password`: a Redis that refuses commands without
 * one; `other`: another program; `none`: nothing listens.
 */
export type RedisPresence = "ready" | "password" | "other" | "none";

export interface ProbeOptions {
  /** TCP port of 127.0.0.1. */
  readonly port: number;
  /** Password to authenticate with; it has no space. @default none */
  readonly password?: string;
  /** Time for an answer, in milliseconds. @default 500 */
  readonly timeoutMs?: number;
}

/** A reply to PING is one line; nothing longer is read. */
const MAX_REPLY_BYTES = 512;

/** Finds out by PING what listens at a port of this machine. */
export async function probeRedis(
  { port, password, timeoutMs = 500 }: ProbeOptions,
): Promise<RedisPresence> {
  let connection: Deno.TcpConn;
  try {
    connection = await Deno.connect({ hostname: "127.0.0.1", port });
  } catch {
    return "none";
  }
  let isOpen = true;
  const close = () => {
    if (isOpen) connection.close();
    isOpen = false;
  };
  const timer = setTimeout(close, timeoutMs);
  try {
    const commands = `${password === undefined ? "" : `AUTH ${password}\r\n`}PING\r\n`;
    await connection.write(new TextEncoder().encode(commands));
    const decoder = new TextDecoder();
    const bytes = new Uint8Array(MAX_REPLY_BYTES);
    for (let text = "";;) {
      const count = await connection.read(bytes);
      if (count === null) return "other";
      text += decoder.decode(bytes.subarray(0, count), { stream: true });
      const presence = presenceIn(text);
      if (presence !== undefined) return presence;
      if (text.length > MAX_REPLY_BYTES) return "other";
    }
  } catch {
    return "other";
  } finally {
    clearTimeout(timer);
    close();
  }
}

/** Interprets the replies so far; undefined while more must be read. */
export function presenceIn(text: string): RedisPresence | undefined {
  for (const line of text.split("\r\n").slice(0, -1)) {
    if (line === "+PONG") return "ready";
    // A server that loads its data, or has lost its master, answers later.
    if (/^-(LOADING|BUSY|MASTERDOWN) /.test(line)) return "ready";
    if (/^-(NOAUTH|NOPERM|WRONGPASS) /.test(line)) return "password";
    if (line !== "+OK") return "other";
  }
  return undefined;
}
