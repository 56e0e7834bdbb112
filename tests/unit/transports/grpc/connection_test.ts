import assert from "node:assert/strict";
import {
  Connection,
  CONNECTION_LIMITS,
  type RequestHandler,
} from "../../../../src/transports/grpc/connection.ts";
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

  constructor({ handshake = true } = {}) {
    const handler: RequestHandler = ({ url }) => {
      this.requests.push(new URL(url).pathname);
      return new Promise(() => {});
    };
    const socket = this.socket as unknown as Deno.Conn;
    this.connection = new Connection(socket, { handler, limits: CONNECTION_LIMITS });
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
