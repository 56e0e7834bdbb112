import { freePort } from "./redis_server.ts";

/** Faults of a proxy; they may change while it runs. */
export interface Fault {
  /** Discards what the client sends. */
  readonly discard?: boolean;
  /** Replaces each of the server's replies by these bytes. */
  readonly answer?: Uint8Array;
  /** Truncates each chunk from the server to its first half. */
  readonly halfReplies?: boolean;
  /** Forwards the server's replies one byte at a time. */
  readonly byteAtATime?: boolean;
  /** Bandwidth towards the server, shared by all connections. */
  readonly bytesPerSecond?: number;
  /** Propagation delay in each direction, in milliseconds. */
  readonly delayMs?: number;
  /** Fraction of packets that are lost in each direction; only on a `NarrowNetwork`. */
  readonly loss?: number;
}

/** A network link to a server, with faults that a test sets. */
export interface Link extends AsyncDisposable {
  readonly hostname: string;
  readonly port: number;
  set fault(fault: Fault);
}

/** Size of the link's buffer: senders wait while it is full. */
const LINK_BUFFER_BYTES = 64 * 1024;
/** Packet size on a link with limited bandwidth. */
const PACKET_BYTES = 1500;

/** A TCP proxy on 127.0.0.1 with faults that a test sets. */
export class FaultProxy implements AsyncDisposable {
  readonly hostname = "127.0.0.1";
  readonly port = freePort();
  fault: Fault = {};
  readonly #target: number;
  readonly #listener: Deno.TcpListener;
  readonly #connections = new Set<Deno.TcpConn>();
  /** Connections of which one end has forgotten the other. */
  readonly #halfOpen = new WeakSet<Deno.TcpConn>();
  #linkFreeMs = 0;
  #admitted: Promise<void> = Promise.resolve();
  #accepted = 0;
  readonly #accepting: Promise<void>;
  readonly #serving = new Set<Promise<void>>();
  readonly #ending = new AbortController();

  constructor(target: { readonly port: number }) {
    this.#target = target.port;
    this.#listener = Deno.listen({ hostname: this.hostname, port: this.port });
    this.#accepting = this.#accept();
  }

  /** Number of connections accepted so far. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Closes all connections. New ones are still accepted. */
  cut(): void {
    for (const connection of this.#connections) close(connection);
    this.#connections.clear();
  }

  /** Discards all later data of the present connections without closing them. */
  halfOpen(): void {
    for (const connection of this.#connections) this.#halfOpen.add(connection);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    this.#listener.close();
    this.cut();
    await this.#accepting;
    await Promise.all(this.#serving);
  }

  async #accept(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      let client: Deno.TcpConn;
      try {
        client = await this.#listener.accept();
      } catch (error) {
        // A client may reset its connection before it is accepted.
        if (error instanceof Deno.errors.NotConnected) continue;
        if (this.#ending.signal.aborted) return;
        throw error;
      }
      if (this.#ending.signal.aborted) return client.close();
      this.#accepted++;
      this.#connections.add(client);
      const serving = this.#serve(client).catch(() => {})
        .finally(() => this.#serving.delete(serving));
      this.#serving.add(serving);
    }
  }

  async #serve(client: Deno.TcpConn): Promise<void> {
    const connections = [client];
    try {
      const server = await Deno.connect({ hostname: this.hostname, port: this.#target });
      connections.push(server);
      if (!this.#connections.has(client)) return; // cut while the other end was opened
      this.#connections.add(server);
      client.setNoDelay();
      server.setNoDelay();
      await Promise.all([this.#forward(client, server), this.#backward(server, client)]);
    } finally {
      for (const connection of connections) {
        close(connection);
        this.#connections.delete(connection);
      }
    }
  }

  /** Forwards client to server, packet by packet through a bottleneck shared by all connections. */
  async #forward(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const writer = new DelayedWriter(to, this.#ending.signal);
    try {
      for await (const bytes of chunksOf(from)) {
        const { discard, bytesPerSecond, delayMs = 0 } = this.fault;
        if (discard || this.#halfOpen.has(from)) continue;
        for (let at = 0; at < bytes.length; at += PACKET_BYTES) {
          const packet = bytes.subarray(at, at + PACKET_BYTES);
          if (bytesPerSecond) await this.#occupyLink(packet.length, bytesPerSecond);
          writer.push(packet, delayMs + Math.max(0, this.#linkFreeMs - performance.now()));
        }
      }
    } finally {
      await writer.end();
    }
  }

  /**
   * Waits for room in the link's buffer, then occupies the link for the transmission time. Packets
   * are admitted in order of arrival: each connection has one packet in front of the buffer.
   */
  #occupyLink(bytes: number, bytesPerSecond: number): Promise<void> {
    const bufferMs = LINK_BUFFER_BYTES / bytesPerSecond * 1000;
    const admitted = this.#admitted.then(async () => {
      const fullMs = this.#linkFreeMs - performance.now() - bufferMs;
      if (fullMs > 0) await sleep(fullMs, this.#ending.signal);
      this.#linkFreeMs = Math.max(this.#linkFreeMs, performance.now()) +
        bytes / bytesPerSecond * 1000;
    });
    this.#admitted = admitted;
    return admitted;
  }

  async #backward(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const writer = new DelayedWriter(to, this.#ending.signal);
    try {
      for await (const bytes of chunksOf(from)) {
        const { answer, halfReplies, byteAtATime, delayMs = 0 } = this.fault;
        if (this.#halfOpen.has(from)) continue;
        if (answer) writer.push(answer, delayMs);
        else if (halfReplies) writer.push(bytes.subarray(0, Math.ceil(bytes.length / 2)), delayMs);
        else if (byteAtATime) {
          for (const byte of bytes) writer.push(new Uint8Array([byte]), delayMs + 1);
        } else writer.push(bytes, delayMs);
      }
    } finally {
      await writer.end();
    }
  }
}

/** Writes chunks in order, each no earlier than its delay after it was pushed. */
class DelayedWriter {
  readonly #to: Deno.TcpConn;
  readonly #ending: AbortSignal;
  #chain: Promise<void> = Promise.resolve();

  constructor(to: Deno.TcpConn, ending: AbortSignal) {
    this.#to = to;
    this.#ending = ending;
  }

  push(bytes: Uint8Array, delayMs: number): void {
    const dueMs = performance.now() + delayMs;
    this.#chain = this.#chain.then(async () => {
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await sleep(waitMs, this.#ending);
      for (let at = 0; at < bytes.length;) at += await this.#to.write(bytes.subarray(at));
    });
    this.#chain.catch(() => {}); // end() waits for it
  }

  async end(): Promise<void> {
    await this.#chain.catch(() => {});
    await this.#to.closeWrite().catch(() => {});
  }
}

async function* chunksOf(from: Deno.TcpConn): AsyncGenerator<Uint8Array> {
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
    // It is already closed.
  }
}

/** Waits for a time, or until the proxy is disposed. */
function sleep(ms: number, ending: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (ending.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      ending.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    ending.addEventListener("abort", end);
  });
}
