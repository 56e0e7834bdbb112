import { createConnectRouter } from "@connectrpc/connect";
import type {
  UniversalHandler,
  UniversalServerRequest,
  UniversalServerResponse,
} from "@connectrpc/connect/protocol";
import { timingSafeEqual } from "node:crypto";
import { ConfigError, UnavailableError } from "../../base/errors.ts";
import { reasonOf } from "../../base/reason.ts";
import { isLoopback } from "../../base/loopback.ts";
import type { Envelope } from "../../envelopes/envelope.ts";
import type { Log } from "../../telemetry/log.ts";
import { Connection, CONNECTION_LIMITS, type ConnectionLimits } from "./connection.ts";
import { Health } from "./gen/health_pb.ts";
import { PhysiologyServer } from "./gen/physiology_server_pb.ts";
import { HealthService } from "./health.ts";
import { ReflectionService } from "./reflection.ts";
import { PhysiologyService, type PhysiologyServiceParts } from "./services.ts";

export interface GrpcServerOptions extends PhysiologyServiceParts {
  /** @default "127.0.0.1" */
  readonly address?: string;
  /** 0: any free one. */
  readonly port: number;
  /** PEM texts; with them the server speaks TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** A bearer token that every call must bring. */
  readonly token?: string;
  readonly log: Log;
  /** @default 1024 */
  readonly maxConnections?: number;
  readonly limits?: Partial<ConnectionLimits>;
}

/** No method takes more than a session id. */
const MAX_REQUEST_BYTES = 64 * 1024;
const CHECK_MS = 1000;
/** gRPC's status codes, for answers that no handler gives. */
const UNIMPLEMENTED = "12";
const UNAUTHENTICATED = "16";

/**
 * Serves gRPC: nghttp2 frames, Deno's sockets, Connect's handlers. Nothing that a client does
 * reaches the measurement but recording commands and `ResetProcessing`.
 */
export class GrpcServer implements AsyncDisposable {
  readonly #options: GrpcServerOptions;
  readonly #service: PhysiologyService;
  readonly #health = new HealthService([PhysiologyServer.typeName]);
  readonly #handlers: ReadonlyMap<string, UniversalHandler>;
  readonly #connections = new Set<Connection>();
  #listener: Deno.Listener | undefined;
  #accepting: Promise<void> | undefined;
  #checker: ReturnType<typeof setInterval> | undefined;

  /** @throws {ConfigError} for an address beyond loopback without TLS and a token */
  constructor(options: GrpcServerOptions) {
    const { address = "127.0.0.1", tls, token } = options;
    if (!isLoopback(address) && (!tls || !token)) {
      throw new ConfigError(`Cannot listen for gRPC on ${address} without TLS and a token`);
    }
    this.#options = options;
    this.#service = new PhysiologyService(options);
    const router = createConnectRouter({
      grpc: true,
      grpcWeb: false,
      connect: false,
      acceptCompression: [],
      readMaxBytes: MAX_REQUEST_BYTES,
    });
    this.#service.register(router);
    this.#health.register(router);
    new ReflectionService([PhysiologyServer, Health]).register(router);
    this.#handlers = new Map(router.handlers.map((each) => [each.requestPath, each]));
  }

  /** @throws {UnavailableError} where the address cannot be listened on */
  start(): void {
    const { address = "127.0.0.1", port, tls, log } = this.#options;
    try {
      this.#listener = tls
        ? Deno.listenTls({ hostname: address, port, ...tls, alpnProtocols: ["h2"] })
        : Deno.listen({ hostname: address, port });
    } catch (cause) {
      const reason = reasonOf(cause);
      throw new UnavailableError(
        `Cannot listen for gRPC on ${address}:${port}: ${reason}: choose another --port, or 0 for none`,
        { cause },
      );
    }
    log.info(`gRPC listens on ${address}:${this.port}`, { tls: tls !== undefined });
    this.#accepting = this.#accept(this.#listener);
    this.#checker = setInterval(() => {
      const nowMs = performance.now();
      for (const connection of this.#connections) connection.check(nowMs);
      this.#options.counters.set("grpc_connections", this.#connections.size);
      this.#options.counters.set("grpc_streams", this.#service.listeners);
    }, CHECK_MS);
  }

  /** The port that is listened on. */
  get port(): number {
    const address = this.#listener?.addr;
    return address?.transport === "tcp" ? address.port : this.#options.port;
  }

  /** Clients that are connected. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Live streams that are open. */
  get streams(): number {
    return this.#service.listeners;
  }

  /** Hands an envelope to all streams. Never waits, never throws. */
  publish(envelope: Envelope): void {
    this.#service.publish(envelope);
  }

  /** What the health service answers. */
  setServing(serving: boolean): void {
    this.#health.setServing(serving);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#checker);
    this.#listener?.close();
    this.#listener = undefined;
    for (const connection of this.#connections) connection.shutdown();
    // One turn of the loop, so that the farewell leaves before the socket closes.
    await new Promise((resolve) => setTimeout(resolve, 0));
    for (const connection of this.#connections) connection.close();
    await this.#accepting;
  }

  async #accept(listener: Deno.Listener): Promise<void> {
    const { counters, log, maxConnections = 1024, limits } = this.#options;
    while (this.#listener === listener) {
      let socket: Deno.Conn;
      try {
        socket = await listener.accept();
      } catch (error) {
        if (this.#listener !== listener) return;
        // Too many open files, or a peer that went before it was taken: neither ends the server.
        log.limited("grpc_accept", 10, "warning", `Cannot accept a gRPC connection: ${error}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
        continue;
      }
      counters.add("grpc_connections_total");
      if (this.#connections.size >= maxConnections) {
        counters.add("grpc_refused_total", { reason: "connections" });
        socket.close();
        continue;
      }
      if ("setNoDelay" in socket) (socket as Deno.TcpConn).setNoDelay(true);
      const connection = new Connection(socket, {
        handler: (request) => this.#handle(request),
        limits: { ...CONNECTION_LIMITS, ...limits },
      });
      this.#connections.add(connection);
      connection.run().finally(() => this.#connections.delete(connection));
    }
  }

  async #handle(request: UniversalServerRequest): Promise<UniversalServerResponse> {
    const { counters, token } = this.#options;
    const { pathname } = new URL(request.url);
    const handler = this.#handlers.get(pathname);
    counters.add("grpc_requests_total", { method: handler?.method.name ?? "unknown" });
    if (token && !bears(request.header, token)) {
      counters.add("grpc_refused_total", { reason: "token" });
      return statusOnly(UNAUTHENTICATED, "Bring the token: authorization: Bearer TOKEN");
    }
    if (!handler) return statusOnly(UNIMPLEMENTED, "No such method");
    return await handler(request);
  }
}

function bears(header: Headers, token: string): boolean {
  const given = new TextEncoder().encode(header.get("authorization") ?? "");
  const wanted = new TextEncoder().encode(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function statusOnly(status: string, message: string): UniversalServerResponse {
  const header = new Headers({
    "content-type": "application/grpc",
    "grpc-status": status,
    "grpc-message": message,
  });
  return { status: 200, header };
}
