import assert from "node:assert/strict";
import { HTTP2_ERROR, Http2Session } from "../../../ffi/http2.ts";
import { NativeError } from "../../../ffi/library.ts";
import { FLAG, FRAME, frame, headerBlock, join, PREFACE } from "../../support/raw_http2.ts";

const GOAWAY = 7;
const FIELDS = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/a"],
  [":authority", "x"],
] as const;

/** A session whose peer has sent its preface and settings, without the events and bytes of these. */
function openSession({ maxStreams = 8, maxHeaderBytes = 4096 } = {}): Http2Session {
  const session = new Http2Session({ maxStreams, maxHeaderBytes });
  session.receive(join(PREFACE, frame(FRAME.settings)));
  assert.deepEqual(session.events(), [{ kind: "settings" }]);
  sent(session);
  return session;
}

function request(
  stream: number,
  { end = false, fields = [] }: { end?: boolean; fields?: readonly [string, string][] } = {},
): Uint8Array<ArrayBuffer> {
  const payload = headerBlock([...FIELDS, ...fields]);
  const flags = FLAG.endHeaders | (end ? FLAG.endStream : 0);
  return frame(FRAME.headers, { flags, stream, payload });
}

/** Opens a session with one request on stream 1. */
function openRequest(): Http2Session {
  const session = openSession();
  session.receive(request(1, { end: true }));
  assert.deepEqual(session.events().map(({ kind }) => kind), ["headers", "end"]);
  return session;
}

/** The frames for the peer, taken in parts of `part` bytes. */
function sent(session: Http2Session, { part = 64 * 1024 } = {}) {
  const out = new Uint8Array(part);
  let bytes = new Uint8Array();
  for (let length = session.send(out); length > 0; length = session.send(out)) {
    bytes = join(bytes, out.subarray(0, length));
  }
  const view = new DataView(bytes.buffer);
  const frames: { type: number; flags: number; stream: number; payload: number[] }[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 9 + (view.getUint32(at) >>> 8);
    const payload = [...bytes.subarray(at + 9, end)];
    const [type, flags] = [bytes[at + 3]!, bytes[at + 4]!];
    frames.push({ type, flags, stream: view.getUint32(at + 5), payload });
    at = end;
  }
  return frames;
}

/** An unsigned 32-bit integer as HTTP/2 sends it. */
const uint32 = (value: number) => [24, 16, 8, 0].map((shift) => value >>> shift & 255);

Deno.test("Http2Session reports its limits to the peer", () => {
  using session = new Http2Session({ maxStreams: 11, maxHeaderBytes: 5000 });
  const settings = sent(session).find(({ type }) => type === FRAME.settings);
  // SETTINGS_MAX_CONCURRENT_STREAMS and SETTINGS_MAX_HEADER_LIST_SIZE (RFC 9113, section 6.5.2).
  assert.deepEqual(settings?.payload, [0, 3, ...uint32(11), 0, 6, ...uint32(5000)]);
});

Deno.test("Http2Session.events() returns the parts of a request in order, and each of them once", () => {
  using session = openSession();
  const data = Uint8Array.of(1, 2, 3);
  session.receive(join(
    request(1, { fields: [["a", ""], ["bc", "déf"]] }),
    frame(FRAME.data, { stream: 1, payload: data }),
    frame(FRAME.data, { stream: 1, flags: FLAG.endStream }),
    request(3, { end: true }),
  ));
  const [headers, ...others] = session.events();
  // Bytes outside of ASCII are preserved, one character each.
  const bytes = String.fromCharCode(...new TextEncoder().encode("déf"));
  assert.deepEqual(headers, {
    kind: "headers",
    stream: 1,
    headers: [...FIELDS, ["a", ""], ["bc", bytes]],
  });
  assert.deepEqual(others, [
    { kind: "data", stream: 1, data },
    { kind: "end", stream: 1 },
    { kind: "headers", stream: 3, headers: FIELDS },
    { kind: "end", stream: 3 },
  ]);
  assert.deepEqual(session.events(), []);
});

Deno.test("Http2Session.events() returns more than its first memory holds, and copies of the data", () => {
  using session = openSession();
  const parts = [1, 2, 3, 4].map((value) => new Uint8Array(15_000).fill(value));
  const frames = parts.map((payload) => frame(FRAME.data, { stream: 1, payload }));
  session.receive(join(request(1), ...frames));
  const dataOf = (events: ReturnType<Http2Session["events"]>) =>
    events.flatMap((event) => event.kind === "data" ? [event.data] : []);
  const data = dataOf(session.events());
  assert.deepEqual(data, parts);
  session.receive(frame(FRAME.data, { stream: 1, payload: new Uint8Array(5000).fill(9) }));
  assert.deepEqual(dataOf(session.events()), [new Uint8Array(5000).fill(9)]);
  assert.deepEqual(data, parts);
});

Deno.test("Http2Session sends headers, body and trailers of a response, and reports that it is drained", () => {
  using session = openRequest();
  const body = Uint8Array.from({ length: 3000 }, (_, index) => index);
  assert.equal(session.respond(1, [[":status", "200"], ["ab", "1"], ["c", "23"]]), true);
  assert.equal(session.write(1, body), true);
  const [head, data, ...others] = sent(session, { part: 100 });
  // 0x88 is `:status 200`; 0x40 begins a field with a new name (RFC 7541, section 6).
  const fields = [0x88, 0x40, 2, 97, 98, 1, 49, 0x40, 1, 99, 2, 50, 51];
  const { headers, data: dataType } = FRAME;
  assert.deepEqual(head, { type: headers, flags: FLAG.endHeaders, stream: 1, payload: fields });
  assert.deepEqual(data, { type: dataType, flags: 0, stream: 1, payload: [...body] });
  assert.deepEqual(others, []);
  assert.deepEqual(session.events(), [{ kind: "drained", stream: 1 }]);

  assert.equal(session.finish(1, [["d", "4"]]), true);
  const last = sent(session).at(-1);
  const flags = FLAG.endHeaders | FLAG.endStream;
  assert.deepEqual(last, { type: headers, flags, stream: 1, payload: [0x40, 1, 100, 1, 52] });
  assert.deepEqual(session.events(), [{ kind: "closed", stream: 1, errorCode: 0 }]);
});

Deno.test("Http2Session.respond() with an end sends the headers as the whole response", () => {
  using session = openRequest();
  assert.equal(session.respond(1, [[":status", "404"]], { end: true }), true);
  const flags = FLAG.endHeaders | FLAG.endStream;
  assert.deepEqual(sent(session), [{ type: FRAME.headers, flags, stream: 1, payload: [0x8d] }]);
  assert.deepEqual(session.events(), [{ kind: "closed", stream: 1, errorCode: 0 }]);
});

Deno.test("Http2Session refuses to answer a stream that is closed, and throws for malformed headers", () => {
  using session = openRequest();
  const { internal } = HTTP2_ERROR;
  for (const stream of [3, 99]) {
    assert.equal(session.respond(stream, [[":status", "200"]]), false);
    assert.equal(session.write(stream, new Uint8Array(1)), false);
    assert.equal(session.finish(stream, []), false);
    assert.equal(session.reset(stream, internal), false);
  }
  const tooMany = Array.from({ length: 70 }, (_, index) => [`a${index}`, "1"] as const);
  assert.throws(() => session.finish(1, tooMany), { status: "argument" });
  assert.equal(session.respond(1, [[":status", "200"]]), true);
  assert.equal(session.respond(1, [[":status", "200"]]), false);
  assert.equal(session.finish(1, []), true);
  assert.equal(session.finish(1, []), false);
});

for (const [name, code] of [["internal", 2], ["cancel", 8]] as const) {
  Deno.test(`Http2Session.reset() sends the error ${name} of RFC 9113`, () => {
    using session = openRequest();
    assert.equal(session.reset(1, HTTP2_ERROR[name]), true);
    const payload = uint32(code);
    assert.deepEqual(sent(session), [{ type: FRAME.reset, flags: 0, stream: 1, payload }]);
    assert.deepEqual(session.events(), [{ kind: "closed", stream: 1, errorCode: code }]);
  });
}

Deno.test("Http2Session.events() returns the error code of the peer's reset", () => {
  using session = openSession();
  session.receive(request(1));
  session.events();
  const payload = Uint8Array.from(uint32(0xfedcba98));
  session.receive(frame(FRAME.reset, { stream: 1, payload }));
  assert.deepEqual(session.events(), [{ kind: "closed", stream: 1, errorCode: 0xfedcba98 }]);
});

Deno.test("Http2Session.consume() reopens the peer's window by the bytes that were processed", () => {
  using session = openSession();
  const payload = new Uint8Array(16_000);
  const data = frame(FRAME.data, { stream: 1, payload });
  session.receive(join(request(1), data, data, data));
  session.events();
  assert.deepEqual(sent(session), []);
  session.consume(1, 48_000);
  const updates = sent(session).filter(({ stream }) => stream === 1);
  assert.deepEqual(updates, [
    { type: FRAME.windowUpdate, flags: 0, stream: 1, payload: uint32(48_000) },
  ]);
});

Deno.test("Http2Session.ping() sends a PING, and its acknowledgement is an event", () => {
  using session = openSession();
  session.ping();
  const [ping, ...others] = sent(session);
  assert.deepEqual([ping?.type, ping?.flags, others], [FRAME.ping, 0, []]);
  assert.deepEqual(session.events(), []);
  const payload = Uint8Array.from(ping!.payload);
  session.receive(frame(FRAME.ping, { flags: FLAG.ack, payload }));
  assert.deepEqual(session.events(), [{ kind: "pong" }]);
});

Deno.test("Http2Session.shutdown() sends GOAWAY, and the connection ends after the open requests", () => {
  using session = openRequest();
  assert.equal(session.alive, true);
  session.shutdown();
  const [goaway] = sent(session);
  assert.deepEqual([goaway?.type, goaway?.payload], [GOAWAY, [...uint32(1), ...uint32(0)]]);
  assert.equal(session.alive, true);
  session.respond(1, [[":status", "200"]], { end: true });
  sent(session);
  assert.equal(session.alive, false);
  assert.equal(session.closed, false);
});

Deno.test("Http2Session.receive() throws for bytes that are not HTTP/2", () => {
  using session = new Http2Session({ maxStreams: 1, maxHeaderBytes: 1024 });
  assert.throws(
    () => session.receive(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\n\r\n")),
    (error: unknown) => error instanceof NativeError && error.status === "format",
  );
});

Deno.test("Http2Session cannot be used after its disposal", () => {
  const session = openRequest();
  assert.deepEqual([session.closed, session.alive], [false, true]);
  session[Symbol.dispose]();
  session[Symbol.dispose]();
  assert.deepEqual([session.closed, session.alive], [true, false]);
  const calls = [
    () => session.receive(new Uint8Array()),
    () => session.events(),
    () => session.send(new Uint8Array(10)),
    () => session.ping(),
    () => session.shutdown(),
    () => session.consume(1, 1),
  ];
  for (const call of calls) assert.throws(call, { status: "state", message: /closed/ });
});
