import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import { type AddressInfo, type Socket } from "node:net";
import { Readable } from "node:stream";
import { Connections, type ConnectionsOptions } from "./connections.ts";

/** Certificate and key as PEM. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

export interface WebServerOptions extends ConnectionsOptions {
  readonly address: string;
  /** TCP port; 0 for any free port. */
  readonly port: number;
  /** With them the server uses TLS 1.2 or later. */
  readonly tls?: TlsFiles | undefined;
  readonly onRequest: (request: Request, client: { readonly address: string }) => Promise<Response>;
  /** Further connections are closed immediately. */
  readonly maxConnections: number;
}

/**
 * HTTP/1.1 server with limits on connections and idle time. `Deno.serve` has neither: incomplete
 * requests would use up the file descriptors of the process, and none would be left for the camera.
 */
export class WebServer implements AsyncDisposable {
  readonly #options: WebServerOptions;
  readonly #server: Server | TlsServer;
  readonly #connections: Connections;

  constructor(options: WebServerOptions) {
    this.#options = options;
    this.#connections = new Connections(options);
    const respond = (message: IncomingMessage, response: ServerResponse) =>
      void this.#respond(message, response);
    this.#server = options.tls
      ? createTlsServer({ ...options.tls, minVersion: "TLSv1.2", keepAlive: true }, respond)
      : createServer({ keepAlive: true }, respond);
    this.#server.maxConnections = options.maxConnections;
    this.#server.on("connection", (socket: Socket) => this.#connections.add(socket));
    this.#server.on("secureConnection", (socket: Socket) => this.#connections.add(socket));
    this.#server.on("clientError", (_error, socket) => socket.destroy());
  }

  /** Uses another certificate for new connections. */
  setCertificate(tls: TlsFiles): void {
    if ("setSecureContext" in this.#server) this.#server.setSecureContext(tls);
  }

  /** Starts to listen; rejects if the address is not available. */
  async start(): Promise<void> {
    const { address, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, address, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
  }

  /** The port that the server listens on. */
  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? this.#options.port;
  }

  /** Number of open connections. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Stops listening and waits up to `timeoutMs` milliseconds for the responses in progress. */
  async close(timeoutMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#connections.closeIdle();
    const timer = setTimeout(() => this.#connections.closeAll(), timeoutMs);
    await closed;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(0);
  }

  async #respond(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = message;
    const client = { address: socket.remoteAddress ?? "" };
    this.#connections.busy(socket);
    response.on("close", () => {
      if (!this.#server.listening) socket.destroy();
      else if (!socket.destroyed) this.#connections.idle(socket);
    });
    try {
      const request = toRequest(message, this.#options.tls ? "https" : "http");
      await send(await this.#options.onRequest(request, client), { response, message });
    } catch {
      socket.destroy(); // an invalid URL or header
    }
  }
}

function toRequest(message: IncomingMessage, scheme: "http" | "https"): Request {
  const { method = "GET", url = "/", headers } = message;
  const pairs = Object.entries(headers)
    .flatMap(([name, value]) => value === undefined ? [] : [[name, String(value)]] as const);
  const hasBody = method !== "GET" && method !== "HEAD";
  return new Request(new URL(url, `${scheme}://${headers.host ?? "localhost"}`), {
    method,
    headers: pairs as [string, string][],
    ...hasBody ? { body: Readable.toWeb(message) as ReadableStream<Uint8Array<ArrayBuffer>> } : {},
  });
}

/** Sends a response with backpressure, and cancels its body if the client disconnects. */
async function send(
  { status, headers, body }: Response,
  { response, message }: { readonly response: ServerResponse; readonly message: IncomingMessage },
): Promise<void> {
  response.writeHead(status, Object.fromEntries(headers));
  const reader = body?.getReader();
  if (!reader || message.method === "HEAD") {
    await reader?.cancel();
    response.end();
    return;
  }
  const disconnected = new Promise<void>((resolve) => response.once("close", resolve));
  disconnected.then(() => reader.cancel().catch(() => {}));
  while (true) {
    const { value, done } = await reader.read();
    if (done) break;
    if (response.write(value)) continue;
    await Promise.race([disconnected, new Promise((resolve) => response.once("drain", resolve))]);
  }
  response.end();
}
