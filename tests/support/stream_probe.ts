import { waitFor } from "./wait.ts";

/** A message of the stream; a frame has the bytes that followed it. */
export interface StreamMessage {
  readonly type: string;
  readonly device?: string;
  readonly timestamp?: number;
  readonly payload?: Record<string, unknown>;
  readonly bytes?: Uint8Array;
  readonly [key: string]: unknown;
}

export interface StreamProbeOptions {
  readonly headers?: Record<string, string>;
  readonly client?: Deno.HttpClient;
}

/** A client of the stream of a page that keeps all messages; closed when disposed. */
export class StreamProbe implements AsyncDisposable {
  readonly messages: StreamMessage[] = [];
  readonly #socket: WebSocket;
  readonly #opened = Promise.withResolvers<boolean>();
  readonly #closed = Promise.withResolvers<{ code: number; reason: string }>();

  /** @param url of the page, with the scheme http or https */
  constructor(url: string, options: StreamProbeOptions = {}) {
    this.#socket = new WebSocket(
      `${url.replace(/^http/, "ws").replace(/\/$/, "")}/v1/stream`,
      options as unknown as string[],
    );
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onopen = () => this.#opened.resolve(true);
    this.#socket.onerror = () => this.#opened.resolve(false);
    this.#socket.onmessage = ({ data }) => {
      if (typeof data === "string") return void this.messages.push(JSON.parse(data));
      const frame = this.messages.at(-1)!;
      this.messages[this.messages.length - 1] = { ...frame, bytes: new Uint8Array(data) };
    };
    this.#socket.onclose = ({ code, reason }) => this.#closed.resolve({ code, reason });
  }

  /** Resolves with true when the stream is open, and with false if it was refused. */
  get opened(): Promise<boolean> {
    return this.#opened.promise;
  }

  get closed(): Promise<{ readonly code: number; readonly reason: string }> {
    return this.#closed.promise;
  }

  /** Opens the stream and subscribes. */
  static async subscribed(
    url: string,
    subscription: unknown,
    options: StreamProbeOptions = {},
  ): Promise<StreamProbe> {
    const probe = new StreamProbe(url, options);
    await probe.opened;
    probe.send(subscription);
    return probe;
  }

  send(message: unknown): void {
    this.#socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  sendBytes(bytes: Uint8Array<ArrayBuffer>): void {
    this.#socket.send(bytes);
  }

  /** Waits until a message meets the condition, and returns it. */
  async receives(
    what: string,
    condition: (message: StreamMessage) => boolean,
  ): Promise<StreamMessage> {
    return await waitFor(what, () => this.messages.find(condition));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.closed;
  }
}
