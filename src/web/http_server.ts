import { ConfigError, reasonOf, UnavailableError } from "../base/errors.ts";
import { isLoopback } from "../base/loopback.ts";
import { MAX_COMMAND_BYTES, parseRecordingCommand } from "../control/commands.ts";
import type { RecordingCommand } from "../control/recording.ts";
import { Counters } from "../telemetry/counters.ts";
import type { HealthReport } from "../telemetry/health.ts";
import type { Log } from "../telemetry/log.ts";
import type { MetricFamily } from "../telemetry/metric_family.ts";
import {
  Authenticator,
  isSameOrigin,
  MIN_TOKEN_CHARACTERS,
} from "../transports/http/authenticator.ts";
import { CONTENT_TYPES, metricsText, negotiateFormat } from "../transports/http/prometheus.ts";
import { type TlsFiles, WebServer } from "../transports/http/web_server.ts";
import { PAGE_FILES } from "./assets.ts";
import type { Hub } from "./hub.ts";
import { BOUNDARY } from "./mjpeg_stream.ts";

export interface HttpServerOptions {
  readonly address: string;
  /** TCP port; 0 for any free port. */
  readonly port: number;
  /** Required for addresses other than loopback; at least 16 characters. */
  readonly token?: string | undefined;
  /** Certificate and key. Required for addresses other than loopback, unless `allowPlaintext`. */
  readonly tls?: TlsFiles | undefined;
  /** @default false */
  readonly allowPlaintext?: boolean;
  readonly hub: Hub;
  /** Sends a recording command to a device; returns false if the device is not reachable. */
  readonly onCommand: (device: string, command: RecordingCommand) => Promise<boolean> | boolean;
  /** Content of `/healthz`. @default the path does not exist */
  readonly health?: () => HealthReport;
  /** Content of `/metrics`. @default the path does not exist */
  readonly metrics?: () => Iterable<MetricFamily>;
  /** Counts wrong tokens. */
  readonly counters?: Counters;
  readonly log: Log;
}

const KEEP_ALIVE_MS = 5000;
/** Delay of the response to a wrong token, to slow down guessing. */
const WRONG_TOKEN_DELAY_MS = 500;

/** Files that the login page needs; they are served without a token. */
const PUBLIC_FILES: ReadonlySet<string> = new Set(["/style.css", "/icon.svg"]);

/** Chosen: each connection uses one of the few thousand file descriptors of a process. */
const MAX_CONNECTIONS = 512;
/** Chosen: a page opens up to six, and several users may share an address. */
const MAX_CONNECTIONS_PER_ADDRESS = 128;
const IDLE_MS = 20_000;
/** Time for responses in progress at the shutdown. */
const SHUTDOWN_MS = 500;
/** Time limit for receiving the body of a request. */
const BODY_TIMEOUT_MS = 5000;

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  // With "no-referrer", browsers send the login form with "Origin: null".
  "referrer-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

/**
 * HTTP server for the web page: its files, events and videos, recording commands, health and
 * metrics.
 */
export class HttpServer implements AsyncDisposable {
  readonly #options: HttpServerOptions;
  readonly #authenticator: Authenticator;
  readonly #server: WebServer;
  readonly #counters: Counters;
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
    this.#counters = options.counters ?? new Counters();
    this.#authenticator = new Authenticator({
      token: token || undefined,
      scope: `${port}`,
      secure: tls !== undefined,
    });
    this.#server = new WebServer({
      address,
      port,
      tls,
      maxConnections: MAX_CONNECTIONS,
      maxPerAddress: MAX_CONNECTIONS_PER_ADDRESS,
      idleMs: IDLE_MS,
      onRequest: async (request, client) => {
        try {
          return await this.#respond(request, client.address);
        } catch (error) {
          options.log.rateLimited("http", 10, "error", `HTTP request failed: ${error}`);
          return textResponse(500, "Internal server error");
        }
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

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#keepAlive);
    this.#options.hub.close();
    await this.#server.close(SHUTDOWN_MS);
  }

  async #respond(request: Request, address: string): Promise<Response> {
    const { hub, health, metrics } = this.#options;
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/login" && request.method === "POST") {
      return await this.#login(request, address);
    }
    if (pathname === "/healthz" && health && isRead(request)) {
      // Health needs no token, because probes of supervisors cannot send one; its details do.
      if (!this.#authenticator.hasAllowedHost(request)) return unauthorized(pathname);
      return healthResponse(health(), this.#authenticator.hasToken(request, address));
    }
    const access = this.#authenticator.access(request, address);
    if (access === "wrong" || access === "limited") return this.#refuse(access, address);
    if (access === "denied") return unauthorized(pathname);
    if (pathname === "/api/recording" && request.method === "POST") {
      return await this.#command(request);
    }
    if (!isRead(request)) return textResponse(405, "Method not allowed");
    const file = PAGE_FILES.get(pathname);
    if (file) return textResponse(200, file.text, file.type);
    switch (pathname) {
      case "/events":
        return streamResponse(hub.events(), "text/event-stream");
      case "/video":
        return streamResponse(
          hub.video(searchParams.get("device") ?? ""),
          `multipart/x-mixed-replace; boundary=${BOUNDARY}`,
        );
      case "/metrics":
        if (!metrics) break;
        return metricsResponse(metrics(), request);
    }
    return textResponse(404, "Not found");
  }

  async #login(request: Request, address: string): Promise<Response> {
    const body = isSameOrigin(request) ? await readBody(request) : undefined;
    const token = body && new URLSearchParams(new TextDecoder().decode(body)).get("token");
    const login = this.#authenticator.login(token ?? "", address);
    if (login.state !== "ok") {
      await new Promise((resolve) => setTimeout(resolve, WRONG_TOKEN_DELAY_MS));
      return this.#refuse(login.state, address, { page: true });
    }
    return new Response(null, {
      status: 303,
      headers: { ...SECURITY_HEADERS, location: "/", "set-cookie": login.cookie },
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
    return page ? loginPage(status, text) : textResponse(status, text);
  }

  async #command(request: Request): Promise<Response> {
    const { hub, onCommand } = this.#options;
    const isJson = request.headers.get("content-type")?.startsWith("application/json");
    if (!isJson || !isSameOrigin(request)) {
      return textResponse(403, "Content type or origin not allowed");
    }
    const body = await readBody(request);
    if (!body) return textResponse(413, "Command too large");
    const parsed = parseRecordingCommand(body);
    if (parsed.state === "rejected") {
      return textResponse(400, `Invalid command (${parsed.reason})`);
    }
    const device = JSON.parse(new TextDecoder().decode(body)).device;
    if (typeof device !== "string" || !hub.has(device)) {
      return textResponse(404, "Unknown device");
    }
    return await onCommand(device, parsed.command)
      ? textResponse(202, "Command sent")
      : textResponse(503, "Device not reachable");
  }
}

function isRead({ method }: Request): boolean {
  return method === "GET" || method === "HEAD";
}

function textResponse(status: number, text: string, type = "text/plain; charset=utf-8"): Response {
  return new Response(text, { status, headers: { ...SECURITY_HEADERS, "content-type": type } });
}

function metricsResponse(families: Iterable<MetricFamily>, { headers }: Request): Response {
  const format = negotiateFormat(headers.get("accept"));
  return textResponse(200, metricsText(families, format), CONTENT_TYPES[format]);
}

function streamResponse(
  stream: ReadableStream<Uint8Array<ArrayBuffer>> | undefined,
  type: string,
): Response {
  if (!stream) return textResponse(503, "Stream not available, or too many clients");
  return new Response(stream, { headers: { ...SECURITY_HEADERS, "content-type": type } });
}

function healthResponse({ healthy, reasons, agesS }: HealthReport, detailed: boolean): Response {
  return textResponse(
    healthy ? 200 : 503,
    JSON.stringify(detailed ? { healthy, reasons, ages_s: agesS } : { healthy }),
    "application/json",
  );
}

/** The login page, a file that it needs, or status 401. */
function unauthorized(pathname: string): Response {
  const file = PUBLIC_FILES.has(pathname) ? PAGE_FILES.get(pathname) : undefined;
  if (file) return textResponse(200, file.text, file.type);
  if (pathname === "/") return loginPage(401);
  return textResponse(401, "Token required: send the header Authorization: Bearer TOKEN");
}

function loginPage(status: number, error = ""): Response {
  const { text, type } = PAGE_FILES.get("/login.html")!;
  return textResponse(status, text.replace("<!-- error -->", error), type);
}

/** Reads the body, up to the timeout; returns undefined if it is larger than any command. */
async function readBody(request: Request): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const bytes = new Uint8Array(MAX_COMMAND_BYTES);
  let length = 0;
  const reader = request.body?.getReader();
  const timer = setTimeout(() => reader?.cancel().catch(() => {}), BODY_TIMEOUT_MS);
  try {
    while (reader) {
      const { value, done } = await reader.read();
      if (done) break;
      if (length + value.length > bytes.length) return undefined;
      bytes.set(value, length);
      length += value.length;
    }
    return bytes.subarray(0, length);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
