import type { KeyPair } from "./certificates.ts";

/** A server on 127.0.0.1 that only makes TLS handshakes. */
export class TlsListener implements AsyncDisposable {
  readonly hostname = "127.0.0.1";
  readonly port: number;
  readonly #listener: Deno.TlsListener;
  readonly #accepting: Promise<void>;
  readonly #connections = new Set<Deno.TlsConn>();

  constructor({ cert, key }: KeyPair) {
    this.#listener = Deno.listenTls({
      hostname: this.hostname,
      port: 0,
      cert: Deno.readTextFileSync(cert),
      key: Deno.readTextFileSync(key),
    });
    this.port = this.#listener.addr.port;
    this.#accepting = this.#accept();
  }

  async #accept(): Promise<void> {
    try {
      for await (const connection of this.#listener) {
        this.#connections.add(connection);
        connection.handshake().catch(() => {}); // the client may not trust the certificate
      }
    } catch {
      // The listener is closed.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const connection of this.#connections) connection.close();
  }
}
