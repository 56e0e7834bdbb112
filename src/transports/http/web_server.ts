import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, type Socket } from "node:net";
import { Readable } from "node:stream";

export interface WebServerOptions {
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  readonly onRequest: (request: Request) => Promise<Response>;
  /** Connections beyond this are closed at once. */
  readonly maxConnections: number;
  /** A connection on which nothing is asked for so long is closed, milliseconds. */
  readonly idleMs: number;
}

/**
 * HTTP/1.1 with an end to what peers may hold: `Deno.serve` counts no connections and waits for
 * ever for the rest of a request, until the process has no file descriptor left for its camera.
 */
export class WebServer implements AsyncDisposable {
  readonly #options: WebServerOptions;
  readonly #server: Server;
  /** Each with the timer that ends it, while no request is under way. */
  readonly #sockets = new Map<Socket, ReturnType<typeof setTimeout> | undefined>();

  constructor(options: WebServerOptions) {
    this.#options = options;
    this.#server = createServer({ keepAlive: true }, (message, response) => {
      void this.#answer(message, response);
    });
    this.#server.maxConnections = options.maxConnections;
    this.#server.on("connection", (socket: Socket) => {
      socket.on("error", () => {}); // whoever goes away harms only himself
      socket.on("close", () => {
        clearTimeout(this.#sockets.get(socket));
        this.#sockets.delete(socket);
      });
      this.#expectRequest(socket);
    });
    this.#server.on("clientError", (_error, socket) => socket.destroy());
  }

  /** Rejects where the address cannot be listened on. */
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

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? this.#options.port;
  }

  /** Open connections. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Lets answers that are under way end for so long, milliseconds. */
  async close(ms: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const [socket, timer] of this.#sockets) if (timer !== undefined) socket.destroy();
    const timer = setTimeout(() => {
      for (const socket of this.#sockets.keys()) socket.destroy();
    }, ms);
    await closed;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(0);
  }

  #expectRequest(socket: Socket): void {
    clearTimeout(this.#sockets.get(socket));
    this.#sockets.set(socket, setTimeout(() => socket.destroy(), this.#options.idleMs));
  }

  async #answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = message;
    clearTimeout(this.#sockets.get(socket));
    this.#sockets.set(socket, undefined);
    response.on("close", () => {
      if (!this.#server.listening) socket.destroy();
      else if (!socket.destroyed) this.#expectRequest(socket);
    });
    try {
      await send(await this.#options.onRequest(requestOf(message)), { to: response, message });
    } catch {
      socket.destroy(); // a URL or a header that none can be made of
    }
  }
}

function requestOf(message: IncomingMessage): Request {
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

/** Passes an answer on as fast as the peer takes it, and stops making it when he goes. */
async function send(
  answer: Response,
  { to: response, message }: { readonly to: ServerResponse; readonly message: IncomingMessage },
): Promise<void> {
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  const reader = answer.body?.getReader();
  if (!reader || message.method === "HEAD") {
    await reader?.cancel();
    response.end();
    return;
  }
  const gone = new Promise<void>((resolve) => response.once("close", resolve));
  gone.then(() => reader.cancel().catch(() => {}));
  while (true) {
    const { value, done } = await reader.read();
    if (done) break;
    if (response.write(value)) continue;
    await Promise.race([gone, new Promise((resolve) => response.once("drain", resolve))]);
  }
  response.end();
}
