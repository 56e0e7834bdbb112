import type { WebSocket } from "ws";
import { ConfigError, reasonOf, UnavailableError } from "../base/errors.ts";
import { isLoopback } from "../base/loopback.ts";
import { SystemClock } from "../telemetry/clock.ts";
import { Counters } from "../telemetry/counters.ts";
import type { HealthReport } from "../telemetry/health.ts";
import type { Log } from "../telemetry/log.ts";
import {
  Authenticator,
  isSameOrigin,
  MIN_TOKEN_CHARACTERS,
} from "../transports/http/authenticator.ts";
import type { LoginBudget } from "../transports/http/login_budget.ts";
import { type TlsFiles, WebServer } from "../transports/http/web_server.ts";
import { readBody } from "./requests.ts";
import { errorResponse, respond } from "./responses.ts";
import { loginPage, publicFile } from "./routes/assets.ts";
import { healthResponse } from "./routes/monitoring.ts";
import { pageRoutes, type PageServices, STREAM_PATH } from "./routes/page_routes.ts";
import { restOf, type Route, routesFor } from "./routes/route.ts";
import { StreamServer } from "./stream/stream_server.ts";
import { MAX_MESSAGE_BYTES } from "./stream/subscription.ts";

export interface HttpServerOptions extends PageServices {
  readonly address: string;
  /** TCP port; 0 for any free port. */
  readonly port: number;
  /** Required for addresses other than loopback; at least 16 characters. */
  readonly token?: string | undefined;
  /** Certificate and key. Required for addresses other than loopback, unless `allowPlaintext`. */
  readonly tls?: TlsFiles | undefined;
  /** @default false */
  readonly allowPlaintext?: boolean;
  /** Content of `/healthz`. @default the path does not exist */
  readonly health?: () => HealthReport;
  /** Counts wrong tokens. */
  readonly counters?: Counters;
  /** Limits the number of wrong tokens. @default 20, and 12 more a minute */
  readonly loginBudget?: LoginBudget;
  readonly log: Log;
}

const KEEP_ALIVE_MS = 5000;
/** Delay of the response to a wrong token, to slow down guessing. */
const WRONG_TOKEN_DELAY_MS = 500;

/** Chosen: each connection uses one of the few thousand file descriptors of a process. */
const MAX_CONNECTIONS = 640;
/**
 * Chosen: with a reverse proxy, all users share an address. More than the endless responses, which
 * are 256 streams and 48 videos.
 */
const MAX_CONNECTIONS_PER_ADDRESS = 320;
const IDLE_MS = 20_000;
/** Time for responses in progress at the shutdown. */
const SHUTDOWN_MS = 500;

/** HTTP server for the web page: authenticates each request, and passes it to its route. */
export class HttpServer implements AsyncDisposable {
  readonly #options: HttpServerOptions;
  readonly #authenticator: Authenticator;
  readonly #routes: readonly Route[];
  readonly #stream: StreamServer;
  readonly #server: WebServer;
  readonly #counters: Counters;
  readonly #clock = new SystemClock();
  /** Ends the delays of wrong tokens. */
  readonly #closing = new AbortController();
  #keepAlive: ReturnType<typeof setInterval> | undefined;

  /** @throws {ConfigError} for an address other than loopback without a token or without TLS */
  constructor(options: HttpServerOptions) {
    const { address, token, port, tls, allowPlaintext = false } = options;
    if (!isLoopback(address) && !token) {
      throw new ConfigError(`Cannot listen for HTTP on ${address} without a token`);
    }
    if (!isLoopback(address) && !tls && !allowPlaintext) {
      throw new ConfigError(`Cannot listen for HTTP on ${address} without TLS`);
    }
    if (token && token.length < MIN_TOKEN_CHARACTERS) {
      throw new ConfigError(
        `Cannot use the token for HTTP: it must have at least ${MIN_TOKEN_CHARACTERS} characters`,
      );
    }
    this.#options = options;
    this.#routes = pageRoutes(options);
    this.#stream = new StreamServer(options.hub);
    this.#counters = options.counters ?? new Counters();
    this.#authenticator = new Authenticator({
      token: token || undefined,
      scope: `${port}`,
      secure: tls !== undefined,
      ...options.loginBudget && { budget: options.loginBudget },
    });
    this.#server = new WebServer({
      address,
      port,
      tls,
      maxConnections: MAX_CONNECTIONS,
      maxPerAddress: MAX_CONNECTIONS_PER_ADDRESS,
      idleMs: IDLE_MS,
      onRequest: (request, { address }) => this.#guard(() => this.#respond(request, address)),
      webSockets: {
        accept: (request, { address }) =>
          this.#guard(() => Promise.resolve(this.#openStream(request, address))),
        maxMessageBytes: MAX_MESSAGE_BYTES,
      },
    });
  }

  /** @throws {UnavailableError} if the address is not available */
  async start(): Promise<void> {
    const { address, port, log, hub, tls } = this.#options;
    try {
      await this.#server.start();
    } catch (cause) {
      throw new UnavailableError(
        `Cannot listen for HTTP on ${address}:${port}: ${reasonOf(cause)}: choose another port`,
        { cause },
      );
    }
    log.info(`Serving the web page at ${tls ? "https" : "http"}://${address}:${this.port}/`);
    this.#keepAlive = setInterval(() => hub.keepAlive(), KEEP_ALIVE_MS);
  }

  /** Uses another certificate for new connections. */
  setCertificate(tls: TlsFiles): void {
    this.#server.setCertificate(tls);
  }

  get port(): number {
    return this.#server.port;
  }

  /** Number of open connections. */
  get connections(): number {
    return this.#server.connections;
  }

  /** Number of clients of the stream. */
  get streamClients(): number {
    return this.#stream.clients;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#keepAlive);
    this.#closing.abort();
    this.#options.hub.close();
    await this.#server.close(SHUTDOWN_MS);
  }

  async #guard<T>(answer: () => Promise<T>): Promise<T | Response> {
    try {
      return await answer();
    } catch (error) {
      this.#options.log.rateLimited("http", 10, "error", `HTTP request failed: ${error}`);
      return errorResponse(500, "The server failed: its log has the reason");
    }
  }

  async #respond(request: Request, address: string): Promise<Response> {
    const { health } = this.#options;
    const { pathname, searchParams: query } = new URL(request.url);
    const method = request.method === "HEAD" ? "GET" : request.method;
    if (pathname === "/login" && method === "POST") return await this.#login(request, address);
    if (pathname === "/healthz" && health && method === "GET") {
      // Health needs no token, because probes of supervisors cannot send one; its details do.
      if (!this.#authenticator.hasAllowedHost(request)) return unauthorized(pathname);
      return healthResponse(health(), {
        detailed: this.#authenticator.hasToken(request, address),
      });
    }
    const refusal = this.#refusal(request, address);
    if (refusal) return refusal;
    const routes = routesFor(this.#routes, pathname);
    const route = routes.find((each) => each.method === method);
    if (routes.length === 0 && method === "GET") return unknownPath();
    if (!route) return errorResponse(405, "The path does not allow this method");
    if (method !== "GET" && !isSameOrigin(request)) return foreignOrigin();
    return await route.handle(request, { query, rest: restOf(route.path, pathname) });
  }

  /** Returns what serves a WebSocket, or the response that refuses it. */
  #openStream(request: Request, address: string): Response | ((socket: WebSocket) => void) {
    const refusal = this.#refusal(request, address);
    if (refusal) return refusal;
    if (new URL(request.url).pathname !== STREAM_PATH) {
      return unknownPath();
    }
    // Browsers send cookies to WebSockets from the pages of other sites too.
    if (!isSameOrigin(request)) return foreignOrigin();
    if (this.#stream.isFull) return errorResponse(503, "Too many clients receive the stream");
    return (socket) => this.#stream.serve(socket);
  }

  /** Returns the response for a request that may not be served. */
  #refusal(request: Request, address: string): Response | undefined {
    const access = this.#authenticator.access(request, address);
    if (access === "allowed") return undefined;
    if (access === "denied") return unauthorized(new URL(request.url).pathname);
    return this.#refuse(access, address);
  }

  async #login(request: Request, address: string): Promise<Response> {
    const body = isSameOrigin(request) ? await readBody(request) : undefined;
    const token = body && new URLSearchParams(new TextDecoder().decode(body)).get("token");
    const login = this.#authenticator.login(token ?? "", address);
    if (login.state !== "ok") {
      await this.#clock.sleep(WRONG_TOKEN_DELAY_MS, this.#closing.signal);
      return this.#refuse(login.state, address, { page: true });
    }
    // Relative, as a reverse proxy may serve the page below a prefix.
    return respond(null, {
      status: 303,
      headers: { location: "./", "set-cookie": login.cookie },
    });
  }

  /** Counts, logs and answers a token that is wrong, or that was not compared. */
  #refuse(access: "wrong" | "limited", address: string, { page = false } = {}): Response {
    const message = access === "wrong"
      ? "Refused a wrong token for HTTP"
      : "Refused tokens for HTTP without a comparison: too many were wrong";
    this.#counters.add("http_login_failures_total", { reason: access });
    this.#options.log.rateLimited(`http_token_${access}`, 10, "warning", message, { address });
    const text = access === "wrong" ? "Wrong token" : "Too many wrong tokens: wait a minute";
    const status = access === "wrong" ? 401 : 429;
    return page ? loginPage(status, text) : errorResponse(status, text);
  }
}

/** The login page, a file that it needs, or status 401. */
function unauthorized(pathname: string): Response {
  if (pathname === "/") return loginPage(401);
  return publicFile(pathname) ??
    errorResponse(401, "Token required: send the header Authorization: Bearer TOKEN");
}

function unknownPath(): Response {
  return errorResponse(404, "The page has no such path");
}

function foreignOrigin(): Response {
  return errorResponse(403, "The request comes from another site");
}
