import { type FrameMessage, jpegOf, type ServerMessage, type Subscription } from "./protocol.ts";

/** The server sends `alive` every 5 s; a connection without any message for longer is dead. */
const SILENCE_MS = 12_000;
const CHECK_MS = 1000;
/** The server refuses clients that send over 10 messages a second, as scrolling would. */
const SUBSCRIPTION_MS = 250;
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 10_000;

/** Returns the time before an attempt to reconnect, in milliseconds, spread by half of it. */
export function reconnectDelayMs(attempt: number, random: number = Math.random()): number {
  return Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt) * (0.75 + random / 2);
}

export interface StreamOptions {
  /** Address of `v1/stream`, with the scheme `ws` or `wss`. */
  readonly url: string;
  readonly onMessage: (message: Exclude<ServerMessage, FrameMessage>) => void;
  readonly onFrame: (frame: FrameMessage, jpeg: Uint8Array<ArrayBuffer>) => void;
  readonly onOpen: (isOpen: boolean) => void;
}

/** The WebSocket to the server, which reconnects with back-off until it is disposed. */
export class StreamConnection implements Disposable {
  readonly #options: StreamOptions;
  #socket: WebSocket | undefined;
  #subscription: string | undefined;
  /** The subscription that the server has. */
  #sent: string | undefined;
  #pause: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #frame: FrameMessage | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  readonly #watch: ReturnType<typeof setInterval>;
  #lastMs = 0;
  #isDisposed = false;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#watch = setInterval(() => this.#check(), CHECK_MS);
    this.#connect();
  }

  /**
   * Sends a subscription, now and after each reconnection. A repeated one is not sent, and of several
   * within a quarter of a second only the first and the last are.
   */
  subscribe(subscription: Subscription): void {
    this.#subscription = JSON.stringify(subscription);
    if (this.#pause === undefined) this.#sendSubscription();
  }

  #sendSubscription(): void {
    const text = this.#subscription;
    const socket = this.#socket;
    if (text === undefined || text === this.#sent || socket?.readyState !== WebSocket.OPEN) return;
    socket.send(text);
    this.#sent = text;
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#sendSubscription();
    }, SUBSCRIPTION_MS);
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#pause);
    clearInterval(this.#watch);
    this.#socket?.close();
  }

  #connect(): void {
    const socket = new WebSocket(this.#options.url);
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => {
      this.#sent = undefined;
      this.#options.onOpen(true);
      this.#sendSubscription();
    });
    socket.addEventListener("message", ({ data }) => this.#take(data));
    socket.addEventListener("close", () => this.#reconnect(socket));
    this.#lastMs = performance.now();
  }

  #take(data: string | ArrayBuffer): void {
    this.#attempt = 0;
    this.#lastMs = performance.now();
    if (typeof data !== "string") {
      if (this.#frame) this.#options.onFrame(this.#frame, jpegOf(data));
      this.#frame = undefined;
      return;
    }
    const message = JSON.parse(data) as ServerMessage;
    if (message.type === "frame") this.#frame = message;
    else this.#options.onMessage(message);
  }

  /** Gives a connection up that stays silent; closing it could take minutes if the peer is gone. */
  #check(): void {
    const socket = this.#socket;
    if (!socket || performance.now() - this.#lastMs < SILENCE_MS) return;
    socket.close();
    this.#reconnect(socket);
  }

  #reconnect(socket: WebSocket): void {
    if (socket !== this.#socket || this.#isDisposed) return;
    this.#socket = undefined;
    this.#frame = undefined;
    this.#options.onOpen(false);
    this.#retry = setTimeout(() => this.#connect(), reconnectDelayMs(this.#attempt++));
  }
}
