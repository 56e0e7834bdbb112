import type { UniversalServerRequest, UniversalServerResponse } from "@connectrpc/connect/protocol";
import { type HeaderList, HTTP2_ERROR, type Http2Event, Http2Session } from "../../../ffi/http2.ts";
import { RequestBody } from "./body.ts";

export interface ConnectionLimits {
  /** Requests under way at once on one connection. */
  readonly maxStreams: number;
  readonly maxHeaderBytes: number;
  /** A peer that has not introduced itself by then is none of ours. */
  readonly handshakeMs: number;
  /** A request whose body has not come by then is reset: every method takes one small message. */
  readonly requestMs: number;
  /** A peer that was silent for so long is asked whether it is there ... */
  readonly silenceMs: number;
  /** ... and is let go where it neither answers nor takes our bytes for so long. */
  readonly answerMs: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  maxStreams: 128,
  maxHeaderBytes: 16 * 1024,
  handshakeMs: 10_000,
  requestMs: 10_000,
  silenceMs: 20_000,
  answerMs: 10_000,
};

export type RequestHandler = (request: UniversalServerRequest) => Promise<UniversalServerResponse>;

interface Call {
  readonly body: RequestBody;
  readonly abort: AbortController;
  readonly beganMs: number;
  drained: (() => void) | undefined;
}

const READ_BYTES = 16 * 1024;
const WRITE_BYTES = 16 * 1024;

/** One client: moves bytes between its socket and the HTTP/2 session, and answers its requests. */
export class Connection {
  readonly #socket: Deno.Conn;
  readonly #handler: RequestHandler;
  readonly #limits: ConnectionLimits;
  readonly #session: Http2Session;
  readonly #calls = new Map<number, Call>();
  readonly #beganMs = performance.now();
  readonly #output = new Uint8Array(WRITE_BYTES);
  #introduced = false;
  #heardMs = performance.now();
  #pingedMs: number | undefined;
  #writingSinceMs: number | undefined;
  #closed = false;

  constructor(socket: Deno.Conn, { handler, limits }: {
    readonly handler: RequestHandler;
    readonly limits: ConnectionLimits;
  }) {
    this.#socket = socket;
    this.#handler = handler;
    this.#limits = limits;
    this.#session = new Http2Session(limits);
  }

  /** Serves until the connection has ended, by whomever. Never rejects. */
  async run(): Promise<void> {
    const input = new Uint8Array(READ_BYTES);
    try {
      this.#flush();
      while (!this.#closed) {
        const read = await this.#socket.read(input);
        if (read === null || this.#closed) break;
        this.#heardMs = performance.now();
        this.#pingedMs = undefined;
        this.#session.receive(input.subarray(0, read));
        this.#dispatch();
        this.#flush();
      }
    } catch {
      // A peer that went, floods, or speaks something else: there is nobody to tell.
    } finally {
      this.close();
    }
  }

  /** Looks whether the peer is still there; called about once a second. */
  check(nowMs: number): void {
    if (this.#closed) return;
    const { handshakeMs, requestMs, silenceMs, answerMs } = this.#limits;
    const late = (sinceMs: number | undefined, limitMs: number) =>
      sinceMs !== undefined && nowMs - sinceMs > limitMs;
    if (!this.#introduced && late(this.#beganMs, handshakeMs)) return this.close();
    if (late(this.#writingSinceMs, answerMs) || late(this.#pingedMs, answerMs)) return this.close();
    for (const [stream, call] of this.#calls) {
      if (!call.body.ended && late(call.beganMs, requestMs)) {
        this.#reset(stream, HTTP2_ERROR.cancel);
      }
    }
    if (this.#pingedMs === undefined && late(this.#heardMs, silenceMs)) {
      this.#pingedMs = nowMs;
      this.#session.ping();
    }
    this.#flush();
  }

  /** Takes no further request; those under way go on. */
  shutdown(): void {
    if (this.#closed) return;
    this.#session.shutdown();
    this.#flush();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const call of this.#calls.values()) endCall(call);
    this.#calls.clear();
    try {
      this.#socket.close();
    } catch {
      // closed already
    }
    this.#session[Symbol.dispose]();
  }

  /** Returns whether anything had happened. */
  #dispatch(): boolean {
    const events = this.#session.events();
    for (const event of events) this.#handle(event);
    return events.length > 0;
  }

  #handle(event: Http2Event): void {
    switch (event.kind) {
      case "headers":
        return void this.#begin(event.stream, event.headers);
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
        this.#introduced = true;
        return;
      case "pong":
        return;
    }
  }

  async #begin(stream: number, headers: HeaderList): Promise<void> {
    const call: Call = {
      body: new RequestBody((bytes) => this.#consume(stream, bytes)),
      abort: new AbortController(),
      beganMs: performance.now(),
      drained: undefined,
    };
    this.#calls.set(stream, call);
    try {
      await this.#answer(stream, { call, headers });
    } catch {
      this.#reset(stream, HTTP2_ERROR.internal);
    }
  }

  async #answer(stream: number, { call, headers }: {
    readonly call: Call;
    readonly headers: HeaderList;
  }): Promise<void> {
    const response = await this.#handler(universalRequest(headers, call));
    const head: HeaderList = [[":status", String(response.status)], ...(response.header ?? [])];
    if (!response.body && !response.trailer) {
      if (this.#usable && this.#session.respond(stream, head, { end: true })) this.#flush();
      return;
    }
    if (!this.#usable || !this.#session.respond(stream, head)) return await discard(response.body);
    this.#flush();
    for await (const chunk of response.body ?? []) {
      // Not an early return alone: leaving the loop ends the method behind the body.
      if (!this.#usable || !(await this.#write(stream, { call, chunk }))) return;
    }
    if (this.#usable) this.#session.finish(stream, [...(response.trailer ?? [])]);
    this.#flush();
  }

  /** Resolves to false where the stream is gone, true once the chunk is on its way. */
  async #write(stream: number, { call, chunk }: {
    readonly call: Call;
    readonly chunk: Uint8Array;
  }): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<void>();
    call.drained = resolve;
    if (!this.#session.write(stream, chunk as Uint8Array<ArrayBuffer>)) return false;
    this.#flush();
    await promise;
    call.drained = undefined;
    return !call.abort.signal.aborted;
  }

  get #usable(): boolean {
    return !this.#closed;
  }

  #consume(stream: number, bytes: number): void {
    if (this.#closed) return;
    this.#session.consume(stream, bytes);
    this.#flush();
  }

  #reset(stream: number, errorCode: number): void {
    if (this.#closed || !this.#session.reset(stream, errorCode)) return;
    this.#flush();
  }

  /** Starts to send what waits, unless a write is under way, which will take it along. */
  #flush(): void {
    if (this.#closed || this.#writingSinceMs !== undefined) return;
    this.#send().catch(() => this.close());
  }

  async #send(): Promise<void> {
    const output = this.#output;
    try {
      while (!this.#closed) {
        this.#writingSinceMs = performance.now();
        const length = this.#session.send(output);
        // What the events set off may have to be sent, too.
        if (!this.#dispatch() && length === 0) break;
        for (let written = 0; written < length;) {
          written += await this.#socket.write(output.subarray(written, length));
          this.#writingSinceMs = performance.now();
        }
      }
    } finally {
      this.#writingSinceMs = undefined;
    }
    if (!this.#closed && !this.#session.alive) this.close();
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
    // Only the path is looked at: what the peer calls us is its own affair.
    url: `http://server${pseudo.get(":path") ?? "/"}`,
    header,
    body: call.body,
    signal: call.abort.signal,
  };
}
