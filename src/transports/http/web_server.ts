import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, type Socket } from "node:net";
import { Readable } from "node:stream";

export interface WebServerOptions {
  readonly address: string;
  /** TCP port; 0 for any free port. */
  readonly port: number;
  readonly onRequest: (request: Request) => Promise<Response>;
  /** Further connections are closed immediately. */
  readonly maxConnections: number;
  /** Time after which a connection without a request is closed, in milliseconds. */
  readonly idleMs: number;
}

/**
 * HTTP/1.1 server with limits on connections and idle time. `Deno.serve` has neither: incomplete
 * requests would use up the file descriptors of the process, and none would be left for the camera.
 */
export class WebServer implements AsyncDisposable {
  readonly #options: WebServerOptions;
  readonly #server: Server;
  /** Open connections with their idle timers; undefined while a request is in progress. */
  readonly #sockets = new Map<Socket, ReturnType<typeof setTimeout> | undefined>();

  constructor(options: WebServerOptions) {
    this.#options = options;
    this.#server = createServer({ keepAlive: true }, (message, response) => {
      void this.#respond(message, response);
    });
    this.#server.maxConnections = options.maxConnections;
    this.#server.on("connection", (socket: Socket) => {
      socket.on("error", () => {}); // "close" follows
      socket.on("close", () => {
        clearTimeout(this.#sockets.get(socket));
        this.#sockets.delete(socket);
      });
      this.#startIdleTimer(socket);
    });
    this.#server.on("clientError", (_error, socket) => socket.destroy());
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
    return this.#sockets.size;
  }

  /** Stops listening and waits up to `timeoutMs` milliseconds for the responses in progress. */
  async close(timeoutMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const [socket, timer] of this.#sockets) if (timer !== undefined) socket.destroy();
    const timer = setTimeout(() => {
      for (const socket of this.#sockets.keys()) socket.destroy();
    }, timeoutMs);
    await closed;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(0);
  }

  #startIdleTimer(socket: Socket): void {
    clearTimeout(this.#sockets.get(socket));
    this.#sockets.set(socket, setTimeout(() => socket.destroy(), this.#options.idleMs));
  }

  async #respond(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = message;
    clearTimeout(this.#sockets.get(socket));
    this.#sockets.set(socket, undefined);
    response.on("close", () => {
      if (!this.#server.listening) socket.destroy();
      else if (!socket.destroyed) this.#startIdleTimer(socket);
    });
    try {
      await send(await this.#options.onRequest(toRequest(message)), { response, message });
    } catch {
      socket.destroy(); // an invalid URL or header
    }
  }
}

function toRequest(message: IncomingMessage): Request {
  const { method = "GET", url = "/", headers } = message;
  const pairs = Object.entries(headers)
    .flatMap(([name, value]) => value === undefined ? [] : [[name, String(value)]] as const);
  const hasBody = method !== "GET" && method !== "HEAD";
  return new Request(new URL(url, `http://${headers.host ?? "localhost"}`), {
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
