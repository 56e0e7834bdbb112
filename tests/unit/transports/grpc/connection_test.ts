import assert from "node:assert/strict";
import {
  Connection,
  CONNECTION_LIMITS,
  type RequestHandler,
} from "../../../../src/transports/grpc/connection.ts";
import { replaced } from "../../../support/replace.ts";
import { settle } from "../../../support/manual_clock.ts";
import {
  call,
  FLAG,
  FRAME,
  frame,
  framesOf,
  headerBlock,
  join,
  PREFACE,
  type ReceivedFrame,
} from "../../../support/raw_http2.ts";

/** The client's end of a connection. It counts how often the server closes the socket. */
class FakeSocket {
  closed = 0;
  /** While true, writes do not complete. */
  blocked = false;
  #sent: Uint8Array[] = [];
  #input: Uint8Array[] = [];
  #reading: ((length: number | null) => void) | undefined;
  #target: Uint8Array = new Uint8Array();

  send(bytes: Uint8Array): void {
    this.#input.push(bytes);
    this.#deliver();
  }

  read(target: Uint8Array): Promise<number | null> {
    return new Promise((resolve) => {
      this.#target = target;
      this.#reading = resolve;
      this.#deliver();
    });
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.blocked) return new Promise(() => {});
    this.#sent.push(bytes.slice());
    return Promise.resolve(bytes.length);
  }

  close(): void {
    this.closed++;
    this.end();
  }

  /** Ends what the client sends. */
  end(): void {
    this.#reading?.(null);
  }

  /** The frames that the server has sent. */
  get frames(): readonly ReceivedFrame[] {
    return framesOf(join(...this.#sent));
  }

  #deliver(): void {
    const next = this.#input[0];
    if (!this.#reading || !next) return;
    const length = Math.min(next.length, this.#target.length);
    this.#target.set(next.subarray(0, length));
    this.#input[0] = next.subarray(length);
    if (this.#input[0].length === 0) this.#input.shift();
    const resolve = this.#reading;
    this.#reading = undefined;
    resolve(length);
  }
}

class Fixture implements AsyncDisposable {
  readonly socket = new FakeSocket();
  readonly connection: Connection;
  readonly #running: Promise<void>;
  /** Paths of the requests that reached the handler. */
  readonly requests: string[] = [];
  #nowMs = performance.now();

  constructor({ handshake = true, respond, admit = () => true }: {
    handshake?: boolean;
    respond?: RequestHandler;
    admit?: () => boolean;
  } = {}) {
    const handler: RequestHandler = (request) => {
      this.requests.push(new URL(request.url).pathname);
      return respond ? respond(request) : new Promise(() => {});
    };
    const socket = this.socket as unknown as Deno.Conn;
    this.connection = new Connection(socket, { handler, limits: CONNECTION_LIMITS, admit });
    this.#running = this.connection.run();
    if (handshake) this.socket.send(join(PREFACE, frame(FRAME.settings)));
  }

  async send(...parts: readonly Uint8Array[]): Promise<void> {
    this.socket.send(join(...parts));
    await settle();
  }

  /** Checks the limits `ms` milliseconds later. */
  async advance(ms: number): Promise<void> {
    await settle();
    this.#nowMs += ms;
    this.connection.check(this.#nowMs);
    await settle();
  }

  countFrames(type: number, flags = 0): number {
    return this.socket.frames.filter((each) => each.type === type && each.flags === flags).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.connection.close();
    await this.#running;
    assert.equal(this.socket.closed, 1);
  }
}

Deno.test("Connection waits 10 s for the client's SETTINGS", async () => {
  await using silent = new Fixture({ handshake: false });
  await silent.advance(9000);
  assert.equal(silent.socket.closed, 0);
  await silent.advance(2000);
  assert.equal(silent.socket.closed, 1);
  await using open = new Fixture();
  await open.advance(11_000);
  assert.equal(open.socket.closed, 0);
});

Deno.test("Connection resets a request whose body is not complete after 10 s", async () => {
  await using fixture = new Fixture();
  await fixture.send(call(1, "/half", { open: true }), call(3, "/whole"));
  assert.deepEqual(fixture.requests, ["/half", "/whole"]);
  await fixture.advance(9000);
  assert.equal(fixture.countFrames(FRAME.reset), 0);
  await fixture.advance(2000);
  const resets = fixture.socket.frames.filter(({ type }) => type === FRAME.reset);
  assert.deepEqual(resets.map(({ stream }) => stream), [1]);
  assert.equal(fixture.socket.closed, 0);
});

Deno.test("Connection keeps a stream of requests open as long as each is answered within 10 s", async () => {
  let nowMs = performance.now();
  using _now = replaced(performance, "now", () => nowMs);
  await using fixture = new Fixture({
    respond: ({ body, url }) => Promise.resolve({ status: 200, body: echoOf(body, url) }),
  });
  const advance = async (ms: number) => {
    nowMs += ms;
    await fixture.advance(ms);
    for (let turns = 0; turns < 5; turns++) await settle();
    return fixture.socket.frames.filter(({ type }) => type === FRAME.reset)
      .map(({ stream }) => stream);
  };
  const part = (stream: number) => frame(FRAME.data, { stream, payload: new Uint8Array(5) });
  await fixture.send(call(1, "/echo", { open: true }), call(3, "/silent", { open: true }));
  for (let seconds = 0; seconds < 9; seconds += 3) {
    assert.deepEqual(await advance(3000), []);
    await fixture.send(part(1), part(3));
  }
  assert.deepEqual(await advance(3000), [3]);
  assert.deepEqual(await advance(5000), [3]);
  assert.deepEqual(await advance(5000), [3, 1]);
});

/** A response with a part for each part of the request, or with none. */
async function* echoOf(body: unknown, url: string): AsyncGenerator<Uint8Array> {
  for await (const part of body as AsyncIterable<Uint8Array>) {
    if (url.endsWith("/echo")) yield part;
  }
}

Deno.test("Connection sends a ping after 20 s without data, and closes 10 s later", async () => {
  await using fixture = new Fixture();
  await fixture.advance(18_000);
  assert.equal(fixture.countFrames(FRAME.ping), 0);
  await fixture.advance(4000);
  assert.equal(fixture.countFrames(FRAME.ping), 1);
  await fixture.advance(9000);
  assert.equal(fixture.socket.closed, 0);
  await fixture.advance(2000);
  assert.equal(fixture.countFrames(FRAME.ping), 1);
  assert.equal(fixture.socket.closed, 1);
});

Deno.test("Connection stays open if a ping is answered", async () => {
  await using fixture = new Fixture();
  await fixture.advance(22_000);
  assert.equal(fixture.countFrames(FRAME.ping), 1);
  await fixture.send(frame(FRAME.ping, { flags: FLAG.ack, payload: new Uint8Array(8) }));
  await fixture.advance(11_000);
  assert.equal(fixture.socket.closed, 0);
});

Deno.test("Connection closes if a write makes no progress for 10 s", async () => {
  await using fixture = new Fixture();
  await settle();
  fixture.socket.blocked = true;
  await fixture.send(frame(FRAME.ping, { payload: new Uint8Array(8) }));
  await fixture.advance(9000);
  assert.equal(fixture.socket.closed, 0);
  await fixture.advance(2000);
  assert.equal(fixture.socket.closed, 1);
});

/** A response whose body never ends. */
const endless: RequestHandler = () =>
  Promise.resolve({
    status: 200,
    body: (async function* () {
      while (true) yield new Uint8Array(1000);
    })(),
  });

Deno.test("Connection ends a response of which its client accepts nothing for 10 s, and no other", async () => {
  await using fixture = new Fixture({ respond: endless });
  await fixture.send(call(1, "/a")); // stops at the initial window of 64 KiB
  assert.equal(fixture.connection.calls, 1);
  await fixture.advance(9000);
  assert.equal(fixture.countFrames(FRAME.reset), 0);
  await fixture.advance(2000);
  assert.deepEqual([fixture.countFrames(FRAME.reset), fixture.connection.calls], [1, 0]);
  await using waiting = new Fixture();
  await waiting.send(call(1, "/a"));
  await waiting.advance(15_000); // no message yet: nothing waits for the client
  assert.equal(waiting.countFrames(FRAME.reset), 0);
});

Deno.test("Connection refuses a call that is not admitted, and sheds the one that was active first", async () => {
  let room = 2;
  await using fixture = new Fixture({ admit: () => room-- > 0 });
  await fixture.send(call(1, "/a"), call(3, "/b"), call(5, "/c"));
  await settle();
  assert.deepEqual(fixture.requests, ["/a", "/b"]);
  fixture.connection.shed();
  await settle();
  const resets = fixture.socket.frames.filter(({ type }) => type === FRAME.reset);
  assert.deepEqual(resets.map(({ stream }) => stream), [5, 1]);
  assert.equal(fixture.connection.calls, 1);
});

Deno.test("Connection passes on 128 concurrent requests and refuses more", async () => {
  for (const [sent, accepted] of [[115, 115], [128, 128], [141, 128]] as const) {
    await using fixture = new Fixture();
    const calls = Array.from({ length: sent }, (_, index) => call(2 * index + 1, `/${index}`));
    await fixture.send(...calls);
    await settle();
    await settle();
    assert.equal(fixture.requests.length, accepted, `${sent} requests`);
    assert.equal(fixture.countFrames(FRAME.reset), sent - accepted, `${sent} requests`);
    assert.equal(fixture.socket.closed, 0);
  }
});

Deno.test("Connection passes on requests with headers up to 16 KiB and resets larger ones", async () => {
  // RFC 9113, section 6.5.2: a field counts its bytes plus 32.
  const others: readonly (readonly [string, string])[] = [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", "/a"],
    [":authority", "x"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
  ];
  const base = others.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
  for (const [bytes, accepted] of [[14_700, 1], [16_384, 1], [16_385, 0], [18_000, 0]] as const) {
    await using fixture = new Fixture();
    const empty = Array.from({ length: 400 }, () => ["x", ""] as const); // 33 bytes each
    const rest = bytes - base - 400 * 33 - 33;
    const payload = headerBlock([...others, ...empty, ["y", "z".repeat(rest)]]);
    await fixture.send(frame(FRAME.headers, { flags: FLAG.endHeaders, stream: 1, payload }));
    assert.equal(fixture.requests.length, accepted, `${bytes} bytes`);
    assert.equal(fixture.countFrames(FRAME.reset), 1 - accepted, `${bytes} bytes`);
    assert.equal(fixture.socket.closed, 0);
  }
});

Deno.test("Connection closes when its client floods it with PING or SETTINGS and does not read", async () => {
  const kinds = { ping: new Uint8Array(8), settings: new Uint8Array() } as const;
  for (const [name, payload] of Object.entries(kinds)) {
    const flood = frame(FRAME[name as keyof typeof kinds], { payload });
    for (const [count, closed] of [[180, 0], [240, 1]] as const) {
      await using fixture = new Fixture();
      await settle();
      fixture.socket.blocked = true;
      await fixture.send(flood); // this answer blocks the output
      await fixture.send(...Array.from({ length: count }, () => flood));
      await settle();
      assert.equal(fixture.socket.closed, closed, `${count} ${name}`);
    }
  }
});

/** What the server has sent on a stream: the type of each frame, and whether it ends the stream. */
function responseOn({ socket }: Fixture, stream: number): [type: number, end: boolean][] {
  return socket.frames.filter((each) => each.stream === stream)
    .map(({ type, flags }) => [type, (flags & FLAG.endStream) !== 0]);
}

async function* chunksOf(...lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  for (const length of lengths) yield new Uint8Array(length);
}

Deno.test("Connection sends headers alone as the whole response", async () => {
  await using fixture = new Fixture({ respond: () => Promise.resolve({ status: 200 }) });
  await fixture.send(call(1, "/a"));
  await settle();
  assert.deepEqual(responseOn(fixture, 1), [[FRAME.headers, true]]);
});

Deno.test("Connection sends headers, each chunk of the body, and the trailers", async () => {
  await using fixture = new Fixture({
    respond: () =>
      Promise.resolve({
        status: 200,
        header: new Headers({ a: "b" }),
        body: chunksOf(10, 20),
        trailer: new Headers({ "grpc-status": "0" }),
      }),
  });
  await fixture.send(call(1, "/a"));
  for (let turns = 0; turns < 5; turns++) await settle();
  assert.deepEqual(responseOn(fixture, 1), [
    [FRAME.headers, false],
    [FRAME.data, false],
    [FRAME.data, false],
    [FRAME.headers, true],
  ]);
});

Deno.test("Connection sends trailers without a body", async () => {
  await using fixture = new Fixture({
    respond: () => Promise.resolve({ status: 200, trailer: new Headers({ "grpc-status": "0" }) }),
  });
  await fixture.send(call(1, "/a"));
  for (let turns = 0; turns < 5; turns++) await settle();
  assert.deepEqual(responseOn(fixture, 1), [[FRAME.headers, false], [FRAME.headers, true]]);
});

Deno.test("Connection resets a request whose handler fails, and serves the next one", async () => {
  let calls = 0;
  await using fixture = new Fixture({
    respond: () =>
      ++calls === 1 ? Promise.reject(new Error("It failed")) : Promise.resolve({ status: 200 }),
  });
  await fixture.send(call(1, "/a"));
  await fixture.send(call(3, "/b"));
  await settle();
  assert.deepEqual(responseOn(fixture, 1), [[FRAME.reset, false]]);
  assert.deepEqual(responseOn(fixture, 3), [[FRAME.headers, true]]);
});

Deno.test("Connection hands the method, path, headers and body of a request on", async () => {
  const seen: unknown[] = [];
  await using fixture = new Fixture({
    respond: async ({ httpVersion, method, url, header, body }) => {
      const chunks = await Array.fromAsync(body as AsyncIterable<Uint8Array>);
      const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
      seen.push([httpVersion, method, new URL(url).pathname, [...header.keys()]]);
      seen.push(bytes);
      return { status: 200 };
    },
  });
  await fixture.send(call(1, "/a", { fields: [["x", "y"]] }));
  for (let turns = 0; turns < 20 && seen.length < 2; turns++) await settle();
  assert.deepEqual(seen, [["2", "POST", "/a", ["content-type", "te", "x"]], 5]);
});

Deno.test("Connection ends the body and aborts the request when the client resets it", async () => {
  let ended = 0;
  let signal: AbortSignal | undefined;
  async function* endless() {
    try {
      while (true) yield new Uint8Array(10);
    } finally {
      ended++;
    }
  }
  await using fixture = new Fixture({
    respond: (request) => {
      signal = request.signal;
      return Promise.resolve({ status: 200, body: endless() });
    },
  });
  await fixture.send(call(1, "/a"));
  await settle();
  assert.deepEqual([ended, signal?.aborted], [0, false]);
  await fixture.send(frame(FRAME.reset, { stream: 1, payload: Uint8Array.of(0, 0, 0, 8) }));
  for (let turns = 0; turns < 5; turns++) await settle();
  assert.deepEqual([ended, signal?.aborted], [1, true]);
  const { length } = responseOn(fixture, 1);
  await settle();
  assert.equal(responseOn(fixture, 1).length, length, "nothing more is sent");
});

Deno.test("Connection discards the body of a response whose request was reset before", async () => {
  let started = 0;
  let ended = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const body = {
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.resolve({ done: started++ < 0, value: new Uint8Array(1) }),
      return: () => Promise.resolve({ done: true, value: void ended++ } as const),
    }),
  };
  await using fixture = new Fixture({
    respond: async () => {
      await promise;
      return { status: 200, body };
    },
  });
  await fixture.send(call(1, "/a"));
  await fixture.send(frame(FRAME.reset, { stream: 1, payload: Uint8Array.of(0, 0, 0, 8) }));
  resolve();
  for (let turns = 0; turns < 5; turns++) await settle();
  assert.deepEqual([started, ended], [0, 1]);
  assert.equal(fixture.countFrames(FRAME.headers, FLAG.endHeaders), 0);
});

Deno.test("Connection.close() aborts every request, closes the socket once and sends no more", async () => {
  const signals: AbortSignal[] = [];
  await using fixture = new Fixture({
    respond: ({ signal }) => {
      signals.push(signal);
      return new Promise(() => {});
    },
  });
  await fixture.send(call(1, "/a"), call(3, "/b"));
  fixture.connection.close();
  assert.deepEqual(signals.map(({ aborted }) => aborted), [true, true]);
  fixture.connection.close();
  fixture.connection.shutdown();
  fixture.connection.check(performance.now() + 60_000);
  assert.equal(fixture.socket.closed, 1);
});

Deno.test("Connection.shutdown() says goodbye, finishes what runs and accepts nothing more", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  await using fixture = new Fixture({
    respond: async () => {
      await promise;
      return { status: 200 };
    },
  });
  await fixture.send(call(1, "/a"));
  fixture.connection.shutdown();
  await settle();
  assert.ok(fixture.socket.frames.some(({ type }) => type === GOAWAY));
  assert.equal(fixture.socket.closed, 0);
  await fixture.send(call(3, "/b"));
  assert.deepEqual(fixture.requests, ["/a"]);
  resolve();
  for (let turns = 0; turns < 5; turns++) await settle();
  assert.deepEqual(responseOn(fixture, 1), [[FRAME.headers, true]]);
  assert.equal(fixture.socket.closed, 1, "nothing is left to do");
});

/** RFC 9113, section 6.8. */
const GOAWAY = 7;

Deno.test("Connection closes when the client does or does not speak HTTP/2", async () => {
  await using gone = new Fixture();
  await settle();
  gone.socket.end();
  await settle();
  assert.equal(gone.socket.closed, 1);
  await using other = new Fixture({ handshake: false });
  await other.send(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  await settle();
  assert.equal(other.socket.closed, 1);
});

Deno.test("Connection reopens the window of a client only as its body is read", async () => {
  const read = async (request: Parameters<RequestHandler>[0]) => {
    for await (const chunk of request.body as AsyncIterable<Uint8Array>) void chunk;
    return { status: 200 };
  };
  const body = frame(FRAME.data, { stream: 1, payload: new Uint8Array(16_000) });
  await using reading = new Fixture({ respond: read });
  await settle();
  const initial = reading.countFrames(FRAME.windowUpdate);
  await reading.send(call(1, "/a", { open: true }), body, body, body);
  for (let turns = 0; turns < 5; turns++) await settle();
  assert.ok(reading.countFrames(FRAME.windowUpdate) > initial);
  await using idle = new Fixture();
  await settle();
  const before = idle.countFrames(FRAME.windowUpdate);
  await idle.send(call(1, "/a", { open: true }), body, body, body);
  for (let turns = 0; turns < 5; turns++) await settle();
  assert.equal(idle.countFrames(FRAME.windowUpdate), before);
});

Deno.test("Connection counts any data of the client as a sign of life", async () => {
  await using fixture = new Fixture();
  await fixture.advance(15_000);
  // The connection reads the clock itself, so that this is now.
  await fixture.send(frame(FRAME.ping, { payload: new Uint8Array(8) }));
  const pings = () => fixture.countFrames(FRAME.ping);
  assert.equal(pings(), 0);
  await fixture.advance(9000);
  assert.equal(pings(), 1);
  await fixture.advance(1000);
  assert.equal(pings(), 1, "one ping at a time");
});
