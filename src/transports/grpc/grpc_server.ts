import { createConnectRouter } from "@connectrpc/connect";
import type {
  UniversalHandler,
  UniversalServerRequest,
  UniversalServerResponse,
} from "@connectrpc/connect/protocol";
import { timingSafeEqual } from "node:crypto";
import { ConfigError, reasonOf, UnavailableError } from "../../base/errors.ts";
import { isLoopback } from "../../base/loopback.ts";
import type { Envelope } from "../../envelopes/envelope.ts";
import type { Log } from "../../telemetry/log.ts";
import { CallLimit, type CallOwner } from "./call_limit.ts";
import { Connection, CONNECTION_LIMITS, type ConnectionLimits } from "./connection.ts";
import { Health } from "./gen/health_pb.ts";
import { PhysiologyServer } from "./gen/physiology_server_pb.ts";
import { HealthService } from "./health.ts";
import { ReflectionService } from "./reflection.ts";
import { PhysiologyService, type PhysiologyServiceContext } from "./services.ts";

export interface GrpcServerOptions extends PhysiologyServiceContext {
  /** @default "127.0.0.1" */
  readonly address?: string;
  /** TCP port; 0 for any free port. */
  readonly port: number;
  /** Last of the ports to try if `port` and those after it are in use. @default `port` */
  readonly lastPort?: number;
  /** Certificate and key as PEM; with them the server uses TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Bearer token that every call must send. */
  readonly token?: string;
  readonly log: Log;
  /** @default 256 */
  readonly maxConnections?: number;
  /** Maximum number of calls on all connections together. @default 512 */
  readonly maxCalls?: number;
  readonly limits?: Partial<ConnectionLimits>;
}

/** Maximum size of a request message. The largest field is a session id. */
const MAX_REQUEST_BYTES = 64 * 1024;
/** Each has some kilobytes of its own, and up to 64 KiB of a request. Chosen. */
const MAX_CALLS = 512;
/** Interval at which connections are checked, in milliseconds. */
const CHECK_INTERVAL_MS = 1000;
/** gRPC status codes of responses without a handler. */
const UNIMPLEMENTED = "12";
const UNAUTHENTICATED = "16";

/**
 * The gRPC server: HTTP/2 by nghttp2, sockets and TLS by Deno, the gRPC protocol by Connect.
 * Clients affect the measurement only by recording commands and `ResetProcessing`.
 */
export class GrpcServer implements AsyncDisposable {
  readonly #options: GrpcServerOptions;
  readonly #service: PhysiologyService;
  readonly #health = new HealthService([PhysiologyServer.typeName]);
  readonly #handlers: ReadonlyMap<string, UniversalHandler>;
  readonly #connections = new Set<Connection>();
  readonly #callLimit: CallLimit;
  #listener: Deno.Listener | undefined;
  #accepting: Promise<void> | undefined;
  #checkTimer: ReturnType<typeof setInterval> | undefined;

  /** @throws {ConfigError} if the address is not loopback and TLS or the token is missing. */
  constructor(options: GrpcServerOptions) {
    const { address = "127.0.0.1", tls, token } = options;
    if (!isLoopback(address) && (!tls || !token)) {
      throw new ConfigError(`Cannot listen for gRPC on ${address} without TLS and a token`);
    }
    this.#options = options;
    this.#callLimit = new CallLimit(options.maxCalls ?? MAX_CALLS, this.#connections);
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
    this.#handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
  }

  /** Starts listening. @throws {UnavailableError} if the address cannot be used. */
  start(): void {
    const { address = "127.0.0.1", port, tls, log } = this.#options;
    this.#listener = this.#listen(port);
    if (port !== 0 && this.port !== port) {
      log.warning(`Port ${port} is in use: listening for gRPC on the next free one`, {
        port: this.port,
      });
    }
    log.info(`Listening for gRPC on ${address}:${this.port}`, { tls: tls !== undefined });
    this.#accepting = this.#accept(this.#listener);
    this.#checkTimer = setInterval(() => {
      const nowMs = performance.now();
      for (const connection of this.#connections) connection.check(nowMs);
      this.#options.counters.set("grpc_open_connections", this.#connections.size);
      this.#options.counters.set("grpc_streams", this.#service.streams);
    }, CHECK_INTERVAL_MS);
  }

  #listen(port: number): Deno.Listener {
    const { address = "127.0.0.1", port: firstPort, lastPort = firstPort, tls } = this.#options;
    try {
      return tls
        ? Deno.listenTls({ hostname: address, port, ...tls, alpnProtocols: ["h2"] })
        : Deno.listen({ hostname: address, port });
    } catch (cause) {
      if (cause instanceof Deno.errors.AddrInUse && port < lastPort) return this.#listen(port + 1);
      throw new UnavailableError(
        `Cannot listen for gRPC on ${address}:${firstPort}: ${reasonOf(cause)}: ` +
          "choose another --port, or 0 for none",
        { cause },
      );
    }
  }

  /** The TCP port, chosen by the system if the option was 0. */
  get port(): number {
    const address = this.#listener?.addr;
    return address?.transport === "tcp" ? address.port : this.#options.port;
  }

  /** Number of open connections. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Number of open streams. */
  get streams(): number {
    return this.#service.streams;
  }

  /** Publishes an envelope to its streams. Never waits, never throws. */
  publish(envelope: Envelope): void {
    this.#service.publish(envelope);
  }

  /** Sets the status that the health service reports. */
  setServing(serving: boolean): void {
    this.#health.setServing(serving);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#checkTimer);
    this.#listener?.close();
    this.#listener = undefined;
    for (const connection of this.#connections) connection.shutdown();
    // Lets the event loop send the GOAWAY frames before the sockets close.
    await new Promise((resolve) => setTimeout(resolve, 0));
    for (const connection of this.#connections) connection.close();
    await this.#accepting;
  }

  async #accept(listener: Deno.Listener): Promise<void> {
    const { counters, log, maxConnections = 256, limits } = this.#options;
    while (this.#listener === listener) {
      let socket: Deno.Conn;
      try {
        socket = await listener.accept();
      } catch (error) {
        if (this.#listener !== listener) return;
        // Such as too many open files, or a client that disconnected before it was accepted.
        log.rateLimited(
          "grpc_accept",
          10,
          "warning",
          `Cannot accept a gRPC connection: ${reasonOf(error)}`,
        );
        await new Promise((resolve) => setTimeout(resolve, 50));
        continue;
      }
      counters.add("grpc_connections_total");
      if (this.#connections.size >= maxConnections) this.#closeUnused();
      if (this.#connections.size >= maxConnections) {
        counters.add("grpc_refused_total", { reason: "connections" });
        socket.close();
        continue;
      }
      if ("setNoDelay" in socket) (socket as Deno.TcpConn).setNoDelay(true);
      const connection = new Connection(socket, {
        handler: (request) => this.#handle(request),
        limits: { ...CONNECTION_LIMITS, ...limits },
        admit: (owner) => this.#admit(owner),
      });
      this.#connections.add(connection);
      connection.run().finally(() => this.#connections.delete(connection));
    }
  }

  #admit(owner: CallOwner): boolean {
    const isAdmitted = this.#callLimit.admit(owner);
    if (!isAdmitted) this.#options.counters.add("grpc_refused_total", { reason: "calls" });
    return isAdmitted;
  }

  /** Closes the oldest connection without a call. */
  #closeUnused(): void {
    for (const connection of this.#connections) {
      if (connection.calls > 0) continue;
      connection.close();
      this.#connections.delete(connection);
      this.#options.counters.add("grpc_refused_total", { reason: "unused" });
      return;
    }
  }

  async #handle(request: UniversalServerRequest): Promise<UniversalServerResponse> {
    const { counters, token } = this.#options;
    const { pathname } = new URL(request.url);
    const handler = this.#handlers.get(pathname);
    counters.add("grpc_requests_total", { method: handler?.method.name ?? "unknown" });
    if (token && !hasToken(request.header, token)) {
      counters.add("grpc_refused_total", { reason: "token" });
      return statusOnly(
        UNAUTHENTICATED,
        "Missing or wrong token: send the header authorization: Bearer TOKEN",
      );
    }
    if (!handler) return statusOnly(UNIMPLEMENTED, "Unknown method");
    return await handler(request);
  }
}

function hasToken(header: Headers, token: string): boolean {
  const bearer = /^Bearer +(.+)$/i.exec(header.get("authorization") ?? "")?.[1] ?? "";
  const encoder = new TextEncoder();
  const [actual, expected] = [encoder.encode(bearer), encoder.encode(token)];
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

function statusOnly(status: string, message: string): UniversalServerResponse {
  const header = new Headers({
    "content-type": "application/grpc",
    "grpc-status": status,
    "grpc-message": message,
  });
  return { status: 200, header };
}
