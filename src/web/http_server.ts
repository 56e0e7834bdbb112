import { ConfigError, reasonOf, UnavailableError } from "../base/errors.ts";
import { isLoopback } from "../base/loopback.ts";
import { MAX_COMMAND_BYTES, parseRecordingCommand } from "../control/commands.ts";
import type { RecordingCommand } from "../control/recording.ts";
import type { Counters } from "../telemetry/counters.ts";
import type { HealthReport } from "../telemetry/health.ts";
import type { Log } from "../telemetry/log.ts";
import { Authenticator, isSameOrigin } from "../transports/http/authenticator.ts";
import { prometheusText } from "../transports/http/prometheus.ts";
import { WebServer } from "../transports/http/web_server.ts";
import { PAGE_FILES } from "./assets.ts";
import type { Hub } from "./hub.ts";
import { BOUNDARY } from "./mjpeg_stream.ts";

export interface HttpServerOptions {
  readonly address: string;
  /** TCP port; 0 for any free port. */
  readonly port: number;
  /** Required for addresses other than loopback. */
  readonly token?: string | undefined;
  readonly hub: Hub;
  /** Sends a recording command to a device; returns false if the device is not reachable. */
  readonly onCommand: (device: string, command: RecordingCommand) => Promise<boolean> | boolean;
  /** Content of `/healthz`. @default the path does not exist */
  readonly health?: () => HealthReport;
  /** Content of `/metrics`. @default the path does not exist */
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
  "referrer-policy": "no-referrer",
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
  #keepAlive: ReturnType<typeof setInterval> | undefined;

  /** @throws {ConfigError} for an address other than loopback without a token */
  constructor(options: HttpServerOptions) {
    const { address, token, port } = options;
    if (!isLoopback(address) && !token) {
      throw new ConfigError(`Cannot listen for HTTP on ${address} without a token`);
    }
    this.#options = options;
    this.#authenticator = new Authenticator({ token: token || undefined, scope: `${port}` });
    this.#server = new WebServer({
      address,
      port,
      maxConnections: MAX_CONNECTIONS,
      idleMs: IDLE_MS,
      onRequest: async (request) => {
        try {
          return await this.#respond(request);
        } catch (error) {
          options.log.rateLimited("http", 10, "error", `HTTP request failed: ${error}`);
          return textResponse(500, "Internal server error");
        }
      },
    });
  }

  /** @throws {UnavailableError} if the address is not available */
  async start(): Promise<void> {
    const { address, port, log, hub } = this.#options;
    try {
      await this.#server.start();
    } catch (cause) {
      throw new UnavailableError(
        `Cannot listen for HTTP on ${address}:${port}: ${reasonOf(cause)}: choose another port`,
        { cause },
      );
    }
    log.info(`Serving the web page at http://${address}:${this.port}/`);
    this.#keepAlive = setInterval(() => hub.keepAlive(), KEEP_ALIVE_MS);
  }

  get port(): number {
    return this.#server.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#keepAlive);
    this.#options.hub.close();
    await this.#server.close(SHUTDOWN_MS);
  }

  async #respond(request: Request): Promise<Response> {
    const { hub, health, counters } = this.#options;
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/login" && request.method === "POST") return await this.#login(request);
    // Health needs no token, because probes of supervisors cannot send one.
    if (pathname === "/healthz" && health && isRead(request)) return healthResponse(health());
    if (!await this.#authenticator.isAllowed(request)) return unauthorized(pathname);
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
        if (!counters) break;
        return textResponse(
          200,
          prometheusText(counters),
          "text/plain; version=0.0.4; charset=utf-8",
        );
    }
    return textResponse(404, "Not found");
  }

  async #login(request: Request): Promise<Response> {
    const body = isSameOrigin(request) ? await readBody(request) : undefined;
    const token = body && new URLSearchParams(new TextDecoder().decode(body)).get("token");
    const cookie = await this.#authenticator.login(token ?? "");
    if (cookie === undefined) {
      await new Promise((resolve) => setTimeout(resolve, WRONG_TOKEN_DELAY_MS));
      return unauthorized("/", "Wrong token");
    }
    return new Response(null, {
      status: 303,
      headers: { ...SECURITY_HEADERS, location: "/", "set-cookie": cookie },
    });
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

function streamResponse(
  stream: ReadableStream<Uint8Array<ArrayBuffer>> | undefined,
  type: string,
): Response {
  if (!stream) return textResponse(503, "Stream not available, or too many clients");
  return new Response(stream, { headers: { ...SECURITY_HEADERS, "content-type": type } });
}

function healthResponse({ healthy, reasons, agesS }: HealthReport): Response {
  return textResponse(
    healthy ? 200 : 503,
    JSON.stringify({ healthy, reasons, ages_s: agesS }),
    "application/json",
  );
}

/** The login page, a file that it needs, or status 401. */
function unauthorized(pathname: string, error = ""): Response {
  const login = PAGE_FILES.get("/login.html");
  const file = PUBLIC_FILES.has(pathname) ? PAGE_FILES.get(pathname) : undefined;
  if (file) return textResponse(200, file.text, file.type);
  if (pathname !== "/" || !login) {
    return textResponse(401, "Token required: send the header Authorization: Bearer TOKEN");
  }
  return textResponse(401, login.text.replace("<!-- error -->", error), login.type);
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
