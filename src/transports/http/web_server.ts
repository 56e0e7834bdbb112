import type { Buffer } from "node:buffer";
import { createServer, type IncomingMessage, type Server, ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import { type AddressInfo, type Socket } from "node:net";
// @ts-types="@types/ws"
import { type WebSocket, WebSocketServer } from "ws";
import { Connections, type ConnectionsOptions } from "./connections.ts";
import { sendResponse, toRequest } from "./fetch_messages.ts";

/** Certificate and key as PEM. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

export interface WebSocketOptions {
  /** Returns what serves the WebSocket that a client opens, or the response that refuses it. */
  readonly accept: (
    request: Request,
    client: { readonly address: string },
  ) => Promise<((socket: WebSocket) => void) | Response>;
  /** Longest message of a client; a longer one closes its WebSocket with code 1009. */
  readonly maxMessageBytes: number;
}

export interface WebServerOptions extends ConnectionsOptions {
  readonly address: string;
  /** TCP port; 0 for any free port. */
  readonly port: number;
  /** With them the server uses TLS 1.2 or later. */
  readonly tls?: TlsFiles | undefined;
  readonly onRequest: (request: Request, client: { readonly address: string }) => Promise<Response>;
  /** @default clients that ask for a WebSocket receive the response to an ordinary request */
  readonly webSockets?: WebSocketOptions;
  /** Further connections are closed immediately. */
  readonly maxConnections: number;
}

/**
 * Whether the connection of a request ends as HTTP/1.1. Other protocols are ignored: the HTTP client
 * of Java asks for HTTP/2 (h2c) with each request, whose body then belongs to the answer in HTTP/1.1.
 */
function asksForWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === "websocket";
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
    const settings = { keepAlive: true, shouldUpgradeCallback: asksForWebSocket };
    this.#server = options.tls
      ? createTlsServer({ ...options.tls, ...settings, minVersion: "TLSv1.2" }, respond)
      : createServer(settings, respond);
    this.#server.maxConnections = options.maxConnections;
    this.#server.on("connection", (socket: Socket) => this.#connections.add(socket));
    this.#server.on("secureConnection", (socket: Socket) => this.#connections.add(socket));
    if (options.webSockets) this.#acceptWebSockets(options.webSockets);
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
      const answer = await this.#options.onRequest(this.#toRequest(message), client);
      await sendResponse(answer, { response, message });
    } catch {
      socket.destroy(); // an invalid URL or header
    }
  }

  #acceptWebSockets({ accept, maxMessageBytes }: WebSocketOptions): void {
    const webSockets = new WebSocketServer({
      noServer: true,
      maxPayload: maxMessageBytes,
      perMessageDeflate: false,
      clientTracking: false,
      autoPong: false, // its answers have no limit
    });
    this.#server.on("upgrade", async (message: IncomingMessage, socket: Socket, head: Buffer) => {
      await this.#respondOn(socket, message, async (request, client) => {
        const accepted = await accept(request, client);
        if (accepted instanceof Response) return accepted;
        webSockets.handleUpgrade(message, socket, head, accepted);
      });
    });
  }

  /** Refuses a WebSocket by a response, unless `answer` opens it. */
  async #respondOn(
    socket: Socket,
    message: IncomingMessage,
    answer: (
      request: Request,
      client: { readonly address: string },
    ) => Promise<Response | void>,
  ): Promise<void> {
    this.#connections.busy(socket);
    try {
      const client = { address: socket.remoteAddress ?? "" };
      const answered = await answer(this.#toRequest(message), client);
      if (!answered) return;
      const response = new ServerResponse(message);
      response.shouldKeepAlive = false;
      response.on("finish", () => socket.destroySoon());
      response.assignSocket(socket);
      await sendResponse(answered, { response, message });
    } catch {
      socket.destroy(); // an invalid URL or header
    }
  }

  #toRequest(message: IncomingMessage): Request {
    return toRequest(message, this.#options.tls ? "https" : "http");
  }
}
