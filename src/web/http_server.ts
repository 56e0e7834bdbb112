import { reasonOf } from "../base/reason.ts";
import { ConfigError, UnavailableError } from "../base/errors.ts";
import { isLoopback } from "../base/loopback.ts";
import { MAX_COMMAND_BYTES, parseRecordingCommand } from "../control/commands.ts";
import type { RecordingCommand } from "../control/recording.ts";
import type { Counters } from "../telemetry/counters.ts";
import type { HealthVerdict } from "../telemetry/health.ts";
import type { Log } from "../telemetry/log.ts";
import { Access, isOwnOrigin } from "../transports/http/access.ts";
import { BOUNDARY } from "./frame_feed.ts";
import type { Hub } from "./hub.ts";
import { PAGE_FILES } from "./assets.ts";
import { prometheusText } from "../transports/http/prometheus.ts";
import { WebServer } from "../transports/http/web_server.ts";

export interface HttpServerOptions {
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  /** Without one, only loopback is served. */
  readonly token?: string | undefined;
  readonly hub: Hub;
  /** Passes a recording command on to a device; false where the way there is broken. */
  readonly onCommand: (device: string, command: RecordingCommand) => Promise<boolean> | boolean;
  /** What `/healthz` answers; absent: no such page. */
  readonly health?: () => HealthVerdict;
  /** What `/metrics` answers; absent: no such page. */
  readonly counters?: Counters;
  readonly log: Log;
}

const KEEP_ALIVE_MS = 5000;
/** Guessing a token is made slow, for each guess. */
const WRONG_TOKEN_MS = 500;

/** What the page that asks for the token is made of. */
const OPEN_FILES: ReadonlySet<string> = new Set(["/style.css", "/icon.svg"]);

/** All viewers of many devices; a descriptor each, of the few thousand that a process has. */
const MAX_CONNECTIONS = 512;
const IDLE_MS = 20_000;
/** Whoever has sent half a request must not hold up the end. */
const SHUTDOWN_MS = 500;
/** A command is one small packet. */
const BODY_MS = 5000;

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
 * Serves the page, its events and videos, recording commands, health and metrics. The routes
 * below are all there is: no request reaches anything else.
 */
export class HttpServer implements AsyncDisposable {
  readonly #options: HttpServerOptions;
  readonly #access: Access;
  readonly #server: WebServer;
  #keepAlive: ReturnType<typeof setInterval> | undefined;

  /** @throws {ConfigError} for an address beyond loopback without a token */
  constructor(options: HttpServerOptions) {
    const { address, token, port } = options;
    if (!isLoopback(address) && !token) {
      throw new ConfigError(`Cannot listen for HTTP on ${address} without a token`);
    }
    this.#options = options;
    this.#access = new Access({ token: token || undefined, scope: `${port}` });
    this.#server = new WebServer({
      address,
      port,
      maxConnections: MAX_CONNECTIONS,
      idleMs: IDLE_MS,
      onRequest: async (request) => {
        try {
          return await this.#answer(request);
        } catch (error) {
          options.log.limited("http", 10, "error", `A request failed: ${error}`);
          return answer(500, "The server failed on this request");
        }
      },
    });
  }

  /** Rejects with `UnavailableError` where the address cannot be listened on. */
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
    log.info(`The page is at http://${address}:${this.port}/`);
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

  async #answer(request: Request): Promise<Response> {
    const { hub, health, counters } = this.#options;
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/login" && request.method === "POST") return await this.#login(request);
    // Supervisors know no token, and learn nothing but sick or well.
    if (pathname === "/healthz" && health && isReading(request)) return healthAnswer(health());
    if (!await this.#access.allows(request)) return refusal(pathname);
    if (pathname === "/api/recording" && request.method === "POST") {
      return await this.#command(request);
    }
    if (!isReading(request)) return answer(405, "This page is only for reading");
    const file = PAGE_FILES.get(pathname);
    if (file) return answer(200, file.text, file.type);
    switch (pathname) {
      case "/events":
        return streamAnswer(hub.events(), "text/event-stream");
      case "/video":
        return streamAnswer(
          hub.video(searchParams.get("device") ?? ""),
          `multipart/x-mixed-replace; boundary=${BOUNDARY}`,
        );
      case "/metrics":
        if (!counters) break;
        return answer(200, prometheusText(counters), "text/plain; version=0.0.4; charset=utf-8");
    }
    return answer(404, "There is no such page");
  }

  async #login(request: Request): Promise<Response> {
    const body = isOwnOrigin(request) ? await readSmall(request) : undefined;
    const token = body && new URLSearchParams(new TextDecoder().decode(body)).get("token");
    const cookie = await this.#access.login(token ?? "");
    if (cookie === undefined) {
      await new Promise((resolve) => setTimeout(resolve, WRONG_TOKEN_MS));
      return refusal("/", "That is not the token.");
    }
    return new Response(null, {
      status: 303,
      headers: { ...SECURITY_HEADERS, location: "/", "set-cookie": cookie },
    });
  }

  async #command(request: Request): Promise<Response> {
    const { hub, onCommand } = this.#options;
    const isJson = request.headers.get("content-type")?.startsWith("application/json");
    if (!isJson || !isOwnOrigin(request)) return answer(403, "Commands come from the page itself");
    const body = await readSmall(request);
    if (!body) return answer(413, "The command is too large");
    const parsed = parseRecordingCommand(body);
    if (parsed.state === "bad") return answer(400, `The command is bad: ${parsed.reason}`);
    const device = JSON.parse(new TextDecoder().decode(body)).device;
    if (typeof device !== "string" || !hub.has(device)) {
      return answer(404, "There is no such device");
    }
    return await onCommand(device, parsed.command)
      ? answer(202, "The command is on its way")
      : answer(503, "The device cannot be reached now");
  }
}

function isReading({ method }: Request): boolean {
  return method === "GET" || method === "HEAD";
}

function answer(status: number, text: string, type = "text/plain; charset=utf-8"): Response {
  return new Response(text, { status, headers: { ...SECURITY_HEADERS, "content-type": type } });
}

function streamAnswer(
  stream: ReadableStream<Uint8Array<ArrayBuffer>> | undefined,
  type: string,
): Response {
  if (!stream) return answer(503, "There is no such stream, or too many watch it");
  return new Response(stream, { headers: { ...SECURITY_HEADERS, "content-type": type } });
}

function healthAnswer({ healthy, reasons, agesS }: HealthVerdict): Response {
  return answer(
    healthy ? 200 : 503,
    JSON.stringify({ healthy, reasons, ages_s: agesS }),
    "application/json",
  );
}

function refusal(pathname: string, complaint = ""): Response {
  const login = PAGE_FILES.get("/login.html");
  const open = OPEN_FILES.has(pathname) ? PAGE_FILES.get(pathname) : undefined;
  if (open) return answer(200, open.text, open.type);
  if (pathname !== "/" || !login) {
    return answer(401, "Bring the token: authorization: Bearer TOKEN");
  }
  return answer(401, login.text.replace("<!-- complaint -->", complaint), login.type);
}

/** The body, or undefined where it is longer than any command, or does not come. */
async function readSmall(request: Request): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const bytes = new Uint8Array(MAX_COMMAND_BYTES);
  let length = 0;
  const reader = request.body?.getReader();
  const timer = setTimeout(() => reader?.cancel().catch(() => {}), BODY_MS);
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
