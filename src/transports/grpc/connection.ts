import type { UniversalServerRequest, UniversalServerResponse } from "@connectrpc/connect/protocol";
import { type HeaderList, HTTP2_ERROR, type Http2Event, Http2Session } from "../../../ffi/http2.ts";
import { RequestBody } from "./body.ts";
import type { CallOwner } from "./call_limit.ts";

export interface ConnectionLimits {
  /** Maximum number of concurrent requests on one connection. */
  readonly maxStreams: number;
  readonly maxHeaderBytes: number;
  /** Timeout for the client's HTTP/2 SETTINGS, in milliseconds. */
  readonly handshakeMs: number;
  /**
   * Timeout for a request's body, in milliseconds: a message is small. It starts again with each
   * part of the response, as a stream of requests (reflection) may stay in use.
   */
  readonly requestMs: number;
  /** Time after which a response whose client accepts no more of it is ended, in milliseconds. */
  readonly stalledMs: number;
  /** Idle time after which a keepalive ping is sent, in milliseconds. */
  readonly keepaliveMs: number;
  /** Timeout for the reply to a ping and for a blocked write, in milliseconds. */
  readonly keepaliveTimeoutMs: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  maxStreams: 128,
  maxHeaderBytes: 16 * 1024,
  handshakeMs: 10_000,
  requestMs: 10_000,
  stalledMs: 10_000,
  keepaliveMs: 20_000,
  keepaliveTimeoutMs: 10_000,
};

export type RequestHandler = (request: UniversalServerRequest) => Promise<UniversalServerResponse>;

interface Call {
  readonly body: RequestBody;
  readonly abort: AbortController;
  /** When the call started, or the last part of its response was sent. */
  activeMs: number;
  /** Resolves the write that waits for the client; undefined if none does. */
  drained: (() => void) | undefined;
}

const READ_BYTES = 16 * 1024;
const WRITE_BYTES = 16 * 1024;

/** The connection's life: it is open once the client has sent its SETTINGS. */
type ConnectionState =
  | { readonly state: "handshake"; readonly startedMs: number }
  | { readonly state: "open" }
  | { readonly state: "closed" };

/** The connection of one client: connects its socket to an HTTP/2 session, and handles requests. */
export class Connection implements CallOwner {
  readonly #socket: Deno.Conn;
  readonly #handler: RequestHandler;
  readonly #limits: ConnectionLimits;
  readonly #admit: (owner: CallOwner) => boolean;
  readonly #session: Http2Session;
  readonly #calls = new Map<number, Call>();
  readonly #output = new Uint8Array(WRITE_BYTES);
  #state: ConnectionState = { state: "handshake", startedMs: performance.now() };
  #lastReceivedMs = performance.now();
  /** When a ping was sent that is not answered yet. */
  #pingedMs: number | undefined;
  /** When the write in progress last made progress; undefined if nothing is being written. */
  #writingSinceMs: number | undefined;

  /** @param options.admit decides whether a call may begin. @default every call */
  constructor(socket: Deno.Conn, { handler, limits, admit = () => true }: {
    readonly handler: RequestHandler;
    readonly limits: ConnectionLimits;
    readonly admit?: (owner: CallOwner) => boolean;
  }) {
    this.#socket = socket;
    this.#handler = handler;
    this.#limits = limits;
    this.#admit = admit;
    this.#session = new Http2Session(limits);
  }

  get calls(): number {
    return this.#calls.size;
  }

  shed(): void {
    const [stream] = [...this.#calls].sort(([, a], [, b]) => a.activeMs - b.activeMs)[0] ?? [];
    if (stream !== undefined) this.#end(stream, HTTP2_ERROR.enhanceYourCalm);
  }

  /** Serves until either side has closed the connection. Never rejects. */
  async run(): Promise<void> {
    const input = new Uint8Array(READ_BYTES);
    try {
      this.#flush();
      while (!this.#isClosed) {
        const read = await this.#socket.read(input);
        if (read === null || this.#isClosed) break;
        this.#lastReceivedMs = performance.now();
        this.#pingedMs = undefined;
        this.#session.receive(input.subarray(0, read));
        this.#dispatch();
        this.#flush();
      }
    } catch {
      // The client disconnected, floods the server, or does not use HTTP/2.
    } finally {
      this.close();
    }
  }

  /** Applies the time limits. Call it about once a second. */
  check(nowMs: number): void {
    if (this.#isClosed) return;
    const { handshakeMs, requestMs, stalledMs, keepaliveMs, keepaliveTimeoutMs } = this.#limits;
    const isOver = (sinceMs: number | undefined, limitMs: number) =>
      sinceMs !== undefined && nowMs - sinceMs > limitMs;
    if (this.#state.state === "handshake" && isOver(this.#state.startedMs, handshakeMs)) {
      return this.close();
    }
    if (
      isOver(this.#writingSinceMs, keepaliveTimeoutMs) || isOver(this.#pingedMs, keepaliveTimeoutMs)
    ) return this.close();
    for (const [stream, call] of this.#calls) {
      const isLate = !call.body.ended && isOver(call.activeMs, requestMs);
      const isStalled = call.drained !== undefined && isOver(call.activeMs, stalledMs);
      if (isLate || isStalled) this.#end(stream, HTTP2_ERROR.cancel);
    }
    if (this.#pingedMs === undefined && isOver(this.#lastReceivedMs, keepaliveMs)) {
      this.#pingedMs = nowMs;
      this.#session.ping();
    }
    this.#flush();
  }

  /** Accepts no more requests. Those in progress continue. */
  shutdown(): void {
    if (this.#isClosed) return;
    this.#session.shutdown();
    this.#flush();
  }

  /** Closes the socket and fails all requests. */
  close(): void {
    if (this.#isClosed) return;
    this.#state = { state: "closed" };
    for (const call of this.#calls.values()) endCall(call);
    this.#calls.clear();
    try {
      this.#socket.close();
    } catch {
      // It is already closed.
    }
    this.#session[Symbol.dispose]();
  }

  /** Handles the events of the session; returns whether there were any. */
  #dispatch(): boolean {
    const events = this.#session.events();
    for (const event of events) this.#handle(event);
    return events.length > 0;
  }

  #handle(event: Http2Event): void {
    switch (event.kind) {
      case "headers":
        return void this.#startCall(event.stream, event.headers);
      case "data": {
        const call = this.#calls.get(event.stream);
        if (call) call.body.push(event.data);
        else this.#consume(event.stream, event.data.length);
        return;
      }
      case "end":
        return this.#calls.get(event.stream)?.body.end();
      case "drained":
        return this.#calls.get(event.stream)?.drained?.();
      case "closed": {
        const call = this.#calls.get(event.stream);
        if (!call) return;
        this.#calls.delete(event.stream);
        return endCall(call);
      }
      case "settings":
        if (this.#state.state === "handshake") this.#state = { state: "open" };
        return;
      case "pong":
        return;
    }
  }

  async #startCall(stream: number, headers: HeaderList): Promise<void> {
    if (!this.#admit(this)) return this.#reset(stream, HTTP2_ERROR.refusedStream);
    const call: Call = {
      body: new RequestBody((bytes) => this.#consume(stream, bytes)),
      abort: new AbortController(),
      activeMs: performance.now(),
      drained: undefined,
    };
    this.#calls.set(stream, call);
    try {
      await this.#respond(stream, { call, headers });
    } catch {
      this.#reset(stream, HTTP2_ERROR.internal);
    }
  }

  async #respond(stream: number, { call, headers }: {
    readonly call: Call;
    readonly headers: HeaderList;
  }): Promise<void> {
    const response = await this.#handler(universalRequest(headers, call));
    const head: HeaderList = [[":status", String(response.status)], ...(response.header ?? [])];
    if (!response.body && !response.trailer) {
      if (!this.#isClosed && this.#session.respond(stream, head, { end: true })) this.#flush();
      return;
    }
    if (this.#isClosed || !this.#session.respond(stream, head)) return await discard(response.body);
    this.#flush();
    for await (const chunk of response.body ?? []) {
      // Leaving the loop also ends the generator of the body.
      if (this.#isClosed || !(await this.#write(stream, { call, chunk }))) return;
    }
    if (!this.#isClosed) this.#session.finish(stream, [...(response.trailer ?? [])]);
    this.#flush();
  }

  /** Resolves to true once the chunk was sent, or to false if the stream was closed. */
  async #write(stream: number, { call, chunk }: {
    readonly call: Call;
    readonly chunk: Uint8Array;
  }): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<void>();
    call.drained = resolve;
    call.activeMs = performance.now();
    if (!this.#session.write(stream, chunk as Uint8Array<ArrayBuffer>)) return false;
    this.#flush();
    await promise;
    call.drained = undefined;
    call.activeMs = performance.now();
    return !call.abort.signal.aborted;
  }

  get #isClosed(): boolean {
    return this.#state.state === "closed";
  }

  #consume(stream: number, bytes: number): void {
    if (this.#isClosed) return;
    this.#session.consume(stream, bytes);
    this.#flush();
  }

  /** Ends a call at once, and resets its stream. */
  #end(stream: number, errorCode: number): void {
    const call = this.#calls.get(stream);
    this.#calls.delete(stream);
    if (call) endCall(call);
    this.#reset(stream, errorCode);
  }

  #reset(stream: number, errorCode: number): void {
    if (this.#isClosed || !this.#session.reset(stream, errorCode)) return;
    this.#flush();
  }

  /** Starts sending pending output. A write in progress includes it by itself. */
  #flush(): void {
    if (this.#isClosed || this.#writingSinceMs !== undefined) return;
    this.#send().catch(() => this.close());
  }

  async #send(): Promise<void> {
    const output = this.#output;
    try {
      while (!this.#isClosed) {
        this.#writingSinceMs = performance.now();
        const length = this.#session.send(output);
        // Handling the events may have produced more output.
        if (!this.#dispatch() && length === 0) break;
        for (let written = 0; written < length;) {
          written += await this.#socket.write(output.subarray(written, length));
          this.#writingSinceMs = performance.now();
        }
      }
    } finally {
      this.#writingSinceMs = undefined;
    }
    if (!this.#isClosed && !this.#session.alive) this.close();
  }
}

function endCall(call: Call): void {
  call.abort.abort();
  call.body.fail();
  call.drained?.();
}

async function discard(body: AsyncIterable<unknown> | undefined): Promise<void> {
  await body?.[Symbol.asyncIterator]().return?.();
}

function universalRequest(headers: HeaderList, call: Call): UniversalServerRequest {
  const pseudo = new Map<string, string>();
  const header = new Headers();
  for (const [name, value] of headers) {
    if (name.startsWith(":")) pseudo.set(name, value);
    else header.append(name, value);
  }
  return {
    httpVersion: "2",
    method: pseudo.get(":method") ?? "",
    // Only the path is used. The host is a placeholder.
    url: `http://server${pseudo.get(":path") ?? "/"}`,
    header,
    body: call.body,
    signal: call.abort.signal,
  };
}
