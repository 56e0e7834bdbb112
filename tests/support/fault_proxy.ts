import { freePort } from "./redis_server.ts";

/** What a proxy does with bytes; changed while it runs. */
export interface Fault {
  /** Takes what the client sends and gives it to nobody. */
  readonly swallow?: boolean;
  /** Sends these bytes to the client in place of the server's. */
  readonly answer?: Uint8Array;
  /** Cuts each piece of the server's answers to its first half. */
  readonly halfReplies?: boolean;
  /** Hands the server's answers on one byte at a time. */
  readonly byteAtATime?: boolean;
  /** The link's rate towards the server, shared by all connections. */
  readonly bytesPerSecond?: number;
  /** How long a byte is on its way, in each direction. */
  readonly delayMs?: number;
}

/** A way to a server that a test makes worse while it is used. */
export interface Link extends AsyncDisposable {
  readonly hostname: string;
  readonly port: number;
  set fault(fault: Fault);
}

/** What a sender may have in the buffers of the link before it is held back. */
const LINK_BUFFER_BYTES = 64 * 1024;
/** Bytes that travel together on a slow link. */
const PACKET_BYTES = 1500;

/** A TCP proxy on 127.0.0.1 whose faults a test sets. */
export class FaultProxy implements AsyncDisposable {
  readonly hostname = "127.0.0.1";
  readonly port = freePort();
  fault: Fault = {};
  readonly #target: number;
  readonly #listener: Deno.TcpListener;
  readonly #connections = new Set<Deno.TcpConn>();
  #linkFreeMs = 0;
  #admitted: Promise<void> = Promise.resolve();
  #accepted = 0;

  constructor(target: { readonly port: number }) {
    this.#target = target.port;
    this.#listener = Deno.listen({ hostname: this.hostname, port: this.port });
    this.#accept();
  }

  /** How many connections were made so far. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Ends every connection; new ones are still accepted. */
  cut(): void {
    for (const connection of this.#connections) close(connection);
    this.#connections.clear();
  }

  // deno-lint-ignore require-await
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.cut();
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      this.#accepted++;
      this.#connections.add(client);
      this.#serve(client).catch(() => {});
    }
  }

  async #serve(client: Deno.TcpConn): Promise<void> {
    const server = await this.#reach(client);
    client.setNoDelay();
    server.setNoDelay();
    this.#connections.add(server);
    await Promise.all([this.#forward(client, server), this.#back(server, client)])
      .catch(() => {});
    for (const connection of [client, server]) {
      close(connection);
      this.#connections.delete(connection);
    }
  }

  async #reach(client: Deno.TcpConn): Promise<Deno.TcpConn> {
    try {
      return await Deno.connect({ hostname: this.hostname, port: this.#target });
    } catch (error) {
      close(client);
      this.#connections.delete(client);
      throw error;
    }
  }

  /** Client to server: a bottleneck that all connections share, packet by packet. */
  async #forward(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const writing = new Pipe(to);
    try {
      for await (const bytes of pieces(from)) {
        const { swallow, bytesPerSecond, delayMs = 0 } = this.fault;
        if (swallow) continue;
        for (let at = 0; at < bytes.length; at += PACKET_BYTES) {
          const packet = bytes.subarray(at, at + PACKET_BYTES);
          if (bytesPerSecond) await this.#takeLink(packet.length, bytesPerSecond);
          writing.push(packet, delayMs + Math.max(0, this.#linkFreeMs - performance.now()));
        }
      }
    } finally {
      await writing.end();
    }
  }

  /**
   * Waits for room in the link's buffer, then takes the link for the packet's time. Whoever came
   * first is let in first, as each connection has one packet before the buffer.
   */
  #takeLink(bytes: number, bytesPerSecond: number): Promise<void> {
    const bufferMs = LINK_BUFFER_BYTES / bytesPerSecond * 1000;
    const admitted = this.#admitted.then(async () => {
      const fullMs = this.#linkFreeMs - performance.now() - bufferMs;
      if (fullMs > 0) await sleep(fullMs);
      this.#linkFreeMs = Math.max(this.#linkFreeMs, performance.now()) +
        bytes / bytesPerSecond * 1000;
    });
    this.#admitted = admitted;
    return admitted;
  }

  async #back(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const writing = new Pipe(to);
    try {
      for await (const bytes of pieces(from)) {
        const { answer, halfReplies, byteAtATime, delayMs = 0 } = this.fault;
        if (answer) writing.push(answer, delayMs);
        else if (halfReplies) writing.push(bytes.subarray(0, Math.ceil(bytes.length / 2)), delayMs);
        else if (byteAtATime) {
          for (const byte of bytes) writing.push(new Uint8Array([byte]), delayMs + 1);
        } else writing.push(bytes, delayMs);
      }
    } finally {
      await writing.end();
    }
  }
}

/** Writes pieces in order, each no sooner than its delay after it was pushed. */
class Pipe {
  readonly #to: Deno.TcpConn;
  #chain: Promise<void> = Promise.resolve();

  constructor(to: Deno.TcpConn) {
    this.#to = to;
  }

  push(bytes: Uint8Array, delayMs: number): void {
    const dueMs = performance.now() + delayMs;
    this.#chain = this.#chain.then(async () => {
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      for (let at = 0; at < bytes.length;) at += await this.#to.write(bytes.subarray(at));
    });
    this.#chain.catch(() => {}); // told by end()
  }

  async end(): Promise<void> {
    await this.#chain.catch(() => {});
    await this.#to.closeWrite().catch(() => {});
  }
}

async function* pieces(from: Deno.TcpConn): AsyncGenerator<Uint8Array> {
  while (true) {
    const buffer = new Uint8Array(65_536);
    const read = await from.read(buffer).catch(() => null);
    if (read === null) return;
    yield buffer.subarray(0, read);
  }
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // it is closed already
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
