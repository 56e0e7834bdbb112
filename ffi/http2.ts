import { NativeError, openNativeLibrary, unwrap } from "./library.ts";

const SYMBOLS = {
  // struct ph_http2 *ph_http2_open(uint32_t max_streams, uint32_t max_header_bytes)
  ph_http2_open: { parameters: ["u32", "u32"], result: "pointer" },
  // void ph_http2_close(struct ph_http2 *connection)
  ph_http2_close: { parameters: ["pointer"], result: "void" },
  // int ph_http2_receive(struct ph_http2 *connection, const uint8_t *data, size_t length)
  ph_http2_receive: { parameters: ["pointer", "buffer", "usize"], result: "i32" },
  // int ph_http2_take(struct ph_http2 *connection, uint8_t *out, size_t capacity)
  ph_http2_take: { parameters: ["pointer", "buffer", "usize"], result: "i32" },
  // int ph_http2_send(struct ph_http2 *connection, uint8_t *out, size_t capacity)
  ph_http2_send: { parameters: ["pointer", "buffer", "usize"], result: "i32" },
  // int ph_http2_respond(struct ph_http2 *connection, int32_t stream, const uint8_t *headers, size_t length, int end)
  ph_http2_respond: { parameters: ["pointer", "i32", "buffer", "usize", "i32"], result: "i32" },
  // int ph_http2_write(struct ph_http2 *connection, int32_t stream, const uint8_t *data, size_t length)
  ph_http2_write: { parameters: ["pointer", "i32", "buffer", "usize"], result: "i32" },
  // int ph_http2_finish(struct ph_http2 *connection, int32_t stream, const uint8_t *trailers, size_t length)
  ph_http2_finish: { parameters: ["pointer", "i32", "buffer", "usize"], result: "i32" },
  // int ph_http2_reset(struct ph_http2 *connection, int32_t stream, uint32_t error_code)
  ph_http2_reset: { parameters: ["pointer", "i32", "u32"], result: "i32" },
  // int ph_http2_consume(struct ph_http2 *connection, int32_t stream, size_t length)
  ph_http2_consume: { parameters: ["pointer", "i32", "usize"], result: "i32" },
  // int ph_http2_ping(struct ph_http2 *connection)
  ph_http2_ping: { parameters: ["pointer"], result: "i32" },
  // int ph_http2_shutdown(struct ph_http2 *connection)
  ph_http2_shutdown: { parameters: ["pointer"], result: "i32" },
  // int ph_http2_alive(struct ph_http2 *connection)
  ph_http2_alive: { parameters: ["pointer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** A header list in the order of transmission. Pseudo-headers such as `:path` come first. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** An action of the peer; `ffi/native/http2.h` describes the kinds. */
export type Http2Event =
  | { readonly kind: "headers"; readonly stream: number; readonly headers: HeaderList }
  | { readonly kind: "data"; readonly stream: number; readonly data: Uint8Array<ArrayBuffer> }
  | { readonly kind: "end"; readonly stream: number }
  | { readonly kind: "closed"; readonly stream: number; readonly errorCode: number }
  | { readonly kind: "drained"; readonly stream: number }
  | { readonly kind: "settings" }
  | { readonly kind: "pong" };

/** The error codes of RFC 9113, section 7, that the server uses. */
export const HTTP2_ERROR = {
  internal: 2,
  refusedStream: 7,
  cancel: 8,
  enhanceYourCalm: 11,
} as const;

/** Limits of an HTTP/2 connection. */
export interface Http2SessionOptions {
  /** Maximum number of concurrent requests. */
  readonly maxStreams: number;
  /** Maximum size of a request's header list, in bytes plus 32 per field. */
  readonly maxHeaderBytes: number;
}

/** The kinds of `enum ph_http2_event`. */
const EVENT = {
  headers: 1,
  data: 2,
  end: 3,
  closed: 4,
  drained: 5,
  settings: 6,
  pong: 7,
} as const;
const EVENT_HEADER_BYTES = 12;
/** Maps each byte of a field to one character. gRPC uses ASCII; other bytes are preserved. */
const latin1 = new TextDecoder("latin1");
const encoder = new TextEncoder();

/**
 * The server side of one HTTP/2 connection, without I/O. The caller must read `events` after each
 * `receive` and `send`, and call `send` after each other method.
 */
export class Http2Session implements Disposable {
  readonly #native = openNativeLibrary(SYMBOLS);
  #handle: Deno.PointerValue;
  #events = new Uint8Array(32 * 1024);

  /** @throws {NativeError} if memory allocation failed. */
  constructor({ maxStreams, maxHeaderBytes }: Http2SessionOptions) {
    this.#handle = this.#native.ph_http2_open(maxStreams, maxHeaderBytes);
    if (!this.#handle) {
      throw new NativeError("Cannot open an HTTP/2 session: out of memory", "memory");
    }
  }

  /**
   * Processes bytes from the peer.
   *
   * @throws {NativeError} for a protocol violation or a flood; the connection must then be closed.
   */
  receive(data: Uint8Array<ArrayBuffer>): void {
    unwrap(this.#native.ph_http2_receive(this.#open, data, BigInt(data.length)));
  }

  /** Returns the events since the last call. */
  events(): Http2Event[] {
    let length = this.#takeEvents();
    if (length > this.#events.length) {
      this.#events = new Uint8Array(2 ** Math.ceil(Math.log2(length)));
      length = this.#takeEvents();
    }
    return length === 0 ? [] : parseEvents(this.#events.subarray(0, length));
  }

  /**
   * Fills `out` with bytes for the peer and returns how many.
   *
   * @throws {NativeError} if the session failed; the connection must then be closed.
   */
  send(out: Uint8Array<ArrayBuffer>): number {
    return unwrap(this.#native.ph_http2_send(this.#open, out, BigInt(out.length)));
  }

  /** Begins a response. Returns false if the stream is closed, as do the next three methods. */
  respond(stream: number, headers: HeaderList, { end = false } = {}): boolean {
    const list = packHeaders(headers);
    return this.#accepted(
      this.#native.ph_http2_respond(this.#open, stream, list, BigInt(list.length), end ? 1 : 0),
    );
  }

  /** Queues a part of the body. Wait for the event `drained` before the next part. */
  write(stream: number, data: Uint8Array<ArrayBuffer>): boolean {
    return this.#accepted(
      this.#native.ph_http2_write(this.#open, stream, data, BigInt(data.length)),
    );
  }

  /** Ends a response with trailers. */
  finish(stream: number, trailers: HeaderList): boolean {
    const list = packHeaders(trailers);
    return this.#accepted(
      this.#native.ph_http2_finish(this.#open, stream, list, BigInt(list.length)),
    );
  }

  /** Closes a stream with an error code. */
  reset(stream: number, errorCode: number): boolean {
    return this.#accepted(this.#native.ph_http2_reset(this.#open, stream, errorCode));
  }

  /** Extends the flow-control window by the number of bytes that were processed. */
  consume(stream: number, bytes: number): void {
    unwrap(this.#native.ph_http2_consume(this.#open, stream, BigInt(bytes)));
  }

  /** Sends a PING; the event `pong` follows. */
  ping(): void {
    unwrap(this.#native.ph_http2_ping(this.#open));
  }

  /** Sends GOAWAY: no new request is accepted. */
  shutdown(): void {
    unwrap(this.#native.ph_http2_shutdown(this.#open));
  }

  /** False when both sides have ended the connection. */
  get alive(): boolean {
    return this.#handle !== null && this.#native.ph_http2_alive(this.#handle) !== 0;
  }

  get closed(): boolean {
    return this.#handle === null;
  }

  [Symbol.dispose](): void {
    if (this.#handle) this.#native.ph_http2_close(this.#handle);
    this.#handle = null;
  }

  get #open(): Deno.PointerObject {
    if (!this.#handle) throw new NativeError("The HTTP/2 session is closed", "state");
    return this.#handle;
  }

  #takeEvents(): number {
    return this.#native.ph_http2_take(this.#open, this.#events, BigInt(this.#events.length));
  }

  #accepted(code: number): boolean {
    try {
      unwrap(code);
      return true;
    } catch (error) {
      if (error instanceof NativeError && error.status === "state") return false;
      throw error;
    }
  }
}

function parseEvents(bytes: Uint8Array<ArrayBuffer>): Http2Event[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const events: Http2Event[] = [];
  for (let at = 0; at < bytes.length;) {
    const stream = view.getUint32(at + 4, true);
    const start = at + EVENT_HEADER_BYTES;
    const end = start + view.getUint32(at + 8, true);
    switch (view.getUint32(at, true)) {
      case EVENT.headers:
        events.push({ kind: "headers", stream, headers: unpackHeaders(bytes, { start, end }) });
        break;
      case EVENT.data:
        events.push({ kind: "data", stream, data: bytes.slice(start, end) });
        break;
      case EVENT.end:
        events.push({ kind: "end", stream });
        break;
      case EVENT.closed:
        events.push({ kind: "closed", stream, errorCode: view.getUint32(start, true) });
        break;
      case EVENT.drained:
        events.push({ kind: "drained", stream });
        break;
      case EVENT.settings:
        events.push({ kind: "settings" });
        break;
      case EVENT.pong:
        events.push({ kind: "pong" });
        break;
    }
    at = end;
  }
  return events;
}

function unpackHeaders(
  bytes: Uint8Array<ArrayBuffer>,
  { start, end }: { readonly start: number; readonly end: number },
): HeaderList {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const headers: [string, string][] = [];
  for (let at = start; at < end;) {
    const value = at + 8 + view.getUint32(at, true);
    const next = value + view.getUint32(at + 4, true);
    headers.push([
      latin1.decode(bytes.subarray(at + 8, value)),
      latin1.decode(bytes.subarray(value, next)),
    ]);
    at = next;
  }
  return headers;
}

function packHeaders(headers: HeaderList): Uint8Array<ArrayBuffer> {
  const fields = headers.map(([name, value]) => [encoder.encode(name), encoder.encode(value)]);
  const size = fields.flat().reduce((sum, field) => sum + field.length + 4, 0);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [name, value] of fields as [Uint8Array, Uint8Array][]) {
    view.setUint32(at, name.length, true);
    view.setUint32(at + 4, value.length, true);
    bytes.set(name, at + 8);
    bytes.set(value, at + 8 + name.length);
    at += 8 + name.length + value.length;
  }
  return bytes;
}
