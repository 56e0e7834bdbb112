import type { KeyPair } from "./certificates.ts";

/** A TLS server on 127.0.0.1 that keeps what clients send after the handshake, and answers 401. */
export class TlsCamera implements AsyncDisposable {
  readonly port: number;
  readonly #listener: Deno.TlsListener;
  readonly #accepting: Promise<void>;
  readonly #conversations: Promise<void>[] = [];
  readonly #connections = new Set<Deno.TlsConn>();
  /** All that clients have sent. */
  received = "";
  /** Number of connections so far. */
  visits = 0;

  constructor({ cert, key }: KeyPair) {
    this.#listener = Deno.listenTls({
      hostname: "127.0.0.1",
      port: 0,
      cert: Deno.readTextFileSync(cert),
      key: Deno.readTextFileSync(key),
    });
    this.port = this.#listener.addr.port;
    this.#accepting = this.#accept();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const connection of this.#connections) connection.close();
    await Promise.all(this.#conversations);
  }

  async #accept(): Promise<void> {
    try {
      for await (const connection of this.#listener) {
        this.visits++;
        this.#connections.add(connection);
        this.#conversations.push(this.#answer(connection));
      }
    } catch {
      // The listener is closed.
    }
  }

  async #answer(connection: Deno.TlsConn): Promise<void> {
    const buffer = new Uint8Array(4096);
    try {
      while (true) {
        const count = await connection.read(buffer);
        if (count === null) break;
        const text = new TextDecoder().decode(buffer.subarray(0, count));
        this.received += text;
        const [protocol = ""] = /(RTSP|HTTP)\/1\.[01]/.exec(text) ?? [];
        const sequence = /^CSeq: *(\d+)/im.exec(text)?.[1] ?? "1";
        const answer = `${protocol} 401 Unauthorized\r\nCSeq: ${sequence}\r\n` +
          'WWW-Authenticate: Basic realm="camera"\r\nContent-Length: 0\r\n\r\n';
        await connection.write(new TextEncoder().encode(answer));
      }
    } catch {
      // The client has closed the connection, or does not trust the certificate.
    }
  }
}
