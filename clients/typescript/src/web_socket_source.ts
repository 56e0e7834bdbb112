import type { Topic } from "./envelopes.ts";
import {
  type AlarmsEvent,
  envelopeEvent,
  type FrameEvent,
  isObject,
  type StreamEvent,
} from "./events.ts";
import {
  CONFIRMATION_MS,
  DEFAULT_TOPICS,
  deviceOf,
  type RecordingCommand,
  RecordingError,
  type RecordingOutcome,
  type Source,
} from "./source.ts";

/** The page sends a message every 5 s: a longer silence is a lost connection, in milliseconds. */
const SILENCE_MS = 15_000;
/** Bytes before the JPEG of a frame: its capture time. */
const TIME_BYTES = 8;

/** Options of `webSocketSource`. */
export interface WebSocketSourceOptions {
  /** What arrives. @default core metrics, status and recording state */
  readonly topics?: readonly Topic[];
  /** Names or patterns of devices. @default all */
  readonly devices?: readonly string[];
  /** Devices whose frames are all sent. @default all if `topics` has frames, otherwise none */
  readonly live?: readonly string[];
  /** Devices of which one frame a second is sent. @default none */
  readonly stills?: readonly string[];
  /** Token of the page, for Deno and Node; a browser has its cookie. */
  readonly token?: string;
  /** Constructor of connections, where there is none, as in Node 20. @default globalThis.WebSocket */
  readonly WebSocket?: typeof globalThis.WebSocket;
  /** Silence after which the connection is lost. @default 15000 */
  readonly silenceMs?: number;
}

/**
 * Reads the page of a server (`--http_port`) or of `physiology_server dashboard`.
 *
 * @param url of the page, such as `https://ward.example/`; in a browser also a relative one
 */
export function webSocketSource(
  url: string | URL,
  options: WebSocketSourceOptions = {},
): Source {
  return new WebSocketSource(new URL(url, globalThis.location?.href), options);
}

class WebSocketSource implements Source {
  readonly #page: URL;
  readonly #options: WebSocketSourceOptions;

  constructor(url: URL, options: WebSocketSourceOptions) {
    this.#page = new URL(url);
    this.#page.protocol = url.protocol.replace(/^ws/, "http");
    if (!this.#page.pathname.endsWith("/")) this.#page.pathname += "/";
    this.#options = options;
  }

  follow(take: (event: StreamEvent) => void, signal: AbortSignal): Promise<string> {
    const { topics = DEFAULT_TOPICS, devices = ["*"], live, stills, silenceMs = SILENCE_MS } =
      this.#options;
    const socket = this.#open();
    const messages = new Messages(take);
    socket.binaryType = "arraybuffer";
    return new Promise((resolve) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const end = (reason: string) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", stop);
        socket.onopen =
          socket.onmessage =
          socket.onclose =
          socket.onerror =
            null;
        socket.close();
        resolve(reason);
      };
      const stop = () => end("closed");
      const restartTimer = () => {
        clearTimeout(timer);
        timer = setTimeout(() => end(`no message for ${silenceMs} ms`), silenceMs);
      };
      socket.onopen = () =>
        socket.send(JSON.stringify({
          subscribe: topics,
          devices,
          ...live ? { live } : {},
          ...stills ? { stills } : {},
        }));
      socket.onmessage = ({ data }) => {
        restartTimer();
        messages.take(data);
      };
      socket.onclose = ({ code, reason }) => end(reason || `closed with code ${code}`);
      socket.onerror = () => end("the connection failed");
      signal.addEventListener("abort", stop);
      restartTimer();
      if (signal.aborted) stop();
    });
  }

  async record(command: RecordingCommand): Promise<void> {
    const device = deviceOf(command, this.#options.devices ?? []);
    const { recording, sessionId, timeoutMs = CONFIRMATION_MS } = command;
    const session = sessionId === undefined ? {} : { session_id: sessionId };
    const answer = await this.#post({ device, recording, ...session }, timeoutMs);
    const [result] = Array.isArray(answer["results"]) ? answer["results"] : [];
    const outcome = isObject(result) ? result["outcome"] : "refused";
    if (outcome === "confirmed") return;
    const message = String(answer["error"] ?? `${device}: ${outcome}`);
    throw new RecordingError(outcome as RecordingOutcome, message);
  }

  #open(): WebSocket {
    const { WebSocket = globalThis.WebSocket, token } = this.#options;
    const url = new URL("v1/stream", this.#page);
    url.protocol = url.protocol.replace(/^http/, "ws");
    if (token === undefined) return new WebSocket(url);
    // Deno and Node accept headers here; the DOM has no type for it.
    const headers = { Authorization: `Bearer ${token}` };
    return new WebSocket(url, { headers } as unknown as string[]);
  }

  async #post(body: object, timeoutMs: number): Promise<Readonly<Record<string, unknown>>> {
    const { token } = this.#options;
    try {
      const response = await fetch(new URL("v1/recording", this.#page), {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...token === undefined ? {} : { authorization: `Bearer ${token}` },
        },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(timeoutMs),
      });
      const answer = await response.json().catch(() => undefined);
      return isObject(answer) ? answer : { error: `The page answered ${response.status}` };
    } catch (cause) {
      throw new RecordingError("unreachable", "The page is not reachable", { cause });
    }
  }
}

/** The messages of one connection. */
class Messages {
  readonly #take: (event: StreamEvent) => void;
  /** Devices whose kept messages have all arrived. */
  readonly #heard = new Set<string>();
  #frame: FrameEvent | undefined;

  constructor(take: (event: StreamEvent) => void) {
    this.#take = take;
  }

  take(data: unknown): void {
    if (data instanceof ArrayBuffer) {
      if (this.#frame && data.byteLength > TIME_BYTES) {
        const timestamp = Number(new DataView(data).getBigUint64(0));
        this.#take({ ...this.#frame, timestamp, jpeg: new Uint8Array(data, TIME_BYTES) });
      }
      this.#frame = undefined;
      return;
    }
    const message = parse(data);
    if (!message) return;
    const { type } = message;
    const device = String(message["device"] ?? "");
    if (type === "connection") {
      this.#take({ type, connected: message["connected"] === true });
    } else if (type === "heard") this.#heard.add(device);
    else if (type === "gone") this.#take({ type, device });
    else if (type === "alarms") this.#take(message as unknown as AlarmsEvent);
    else if (type === "frame") this.#frame = message as unknown as FrameEvent;
    else {
      const event = envelopeEvent(message, { device, kept: !this.#heard.has(device) });
      if (event) this.#take(event);
    }
  }
}

function parse(data: unknown): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(String(data));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
