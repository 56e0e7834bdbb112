import assert from "node:assert/strict";
import { create, toBinary } from "@bufbuild/protobuf";
import { SetRecordingRequestSchema } from "../../../../src/transports/grpc/gen/physiology_server_pb.ts";
import { ConfigError } from "../../../../src/base/errors.ts";
import { UnavailableError } from "../../../../src/base/errors.ts";
import { CollectingLog } from "../../../support/collecting_log.ts";
import { GrpcBench } from "../../../support/grpc.ts";
import { waitFor } from "../../../support/wait.ts";
import { HeldTimers } from "../../../support/held_timers.ts";
import {
  call,
  FLAG,
  FRAME,
  frame,
  framesOf,
  isEndOfResponse,
  join,
  PREFACE,
  readToEnd,
  readUntil,
  writes,
} from "../../../support/raw_http2.ts";

const GET_STATUS = "/presage.physiology.PhysiologyServer/GetStatus";
const STREAM_STATUS = "/presage.physiology.PhysiologyServer/StreamStatus";
const SET_RECORDING = "/presage.physiology.PhysiologyServer/SetRecording";
const TOKEN = "correct horse";

/** Opens a connection that has made its handshake. */
async function handshake(bench: GrpcBench): Promise<Deno.TcpConn> {
  const socket = await bench.connect();
  await writes(socket, join(PREFACE, frame(FRAME.settings)));
  return socket;
}

Deno.test("GrpcServer listens on the next free port, and fails without one", async () => {
  await using first = new GrpcBench();
  const port = first.server.port;
  const log = new CollectingLog();
  const open = (lastPort?: number) =>
    new GrpcBench({ log, port, ...lastPort === undefined ? {} : { lastPort } });
  assert.throws(() => open(), UnavailableError);
  await using second = open(port + 5);
  assert(second.server.port > port && second.server.port <= port + 5);
  assert.deepEqual(log.linesWith("in use"), [
    `<4>Port ${port} is in use: listening for gRPC on the next free one port=${second.server.port}`,
  ]);
});

Deno.test("GrpcServer accepts its bearer token and no other of any length", async () => {
  await using bench = new GrpcBench({ token: TOKEN });
  using socket = await bench.connect();
  await writes(socket, join(PREFACE, frame(FRAME.settings)));
  const cases: readonly (readonly [authorization: string | undefined, accepted: boolean])[] = [
    [`Bearer ${TOKEN}`, true],
    [`bearer ${TOKEN}`, true],
    [undefined, false],
    ["Bearer correct horsf", false],
    ["Bearer aaaaaaa aaaaa", false],
    ["Bearer Correct horse", false],
    ["Bearer correct hors", false],
    ["Bearer correct horses", false],
    ["Basic  correct horse", false],
  ];
  let refused = 0;
  for (const [index, [authorization, accepted]] of cases.entries()) {
    const stream = 2 * index + 1;
    const fields = authorization === undefined ? [] : [["authorization", authorization]] as const;
    await writes(socket, call(stream, GET_STATUS, { fields }));
    await readUntil(socket, isEndOfResponse(stream));
    if (!accepted) refused++;
    assert.equal(
      bench.counters.get("grpc_refused_total", { reason: "token" }) ?? 0,
      refused,
      `authorization: ${authorization}`,
    );
  }
});

Deno.test("GrpcServer requires TLS and a token on addresses other than loopback", () => {
  const tls = { cert: "", key: "" };
  for (const options of [{}, { tls }, { token: TOKEN }, { tls, token: "" }]) {
    assert.throws(() => new GrpcBench({ address: "0.0.0.0", ...options }), ConfigError);
  }
});

Deno.test("GrpcServer serves its methods, and counts requests by method", async () => {
  await using bench = new GrpcBench();
  using socket = await handshake(bench);
  const paths = [GET_STATUS, "/grpc.health.v1.Health/Check", "/unknown", GET_STATUS];
  for (const [index, path] of paths.entries()) {
    await writes(socket, call(2 * index + 1, path));
    await readUntil(socket, isEndOfResponse(2 * index + 1));
  }
  const requests = (method: string) => bench.counters.get("grpc_requests_total", { method });
  assert.deepEqual(["GetStatus", "Check", "unknown"].map(requests), [2, 1, 1]);
  assert.equal(bench.counters.get("grpc_refused_total", { reason: "token" }), 0);
});

Deno.test("GrpcServer accepts as many connections with calls as its limit, and counts those that it refuses", async () => {
  await using bench = new GrpcBench({ maxConnections: 2 });
  using first = await handshake(bench);
  using second = await handshake(bench);
  for (const socket of [first, second]) await writes(socket, call(1, STREAM_STATUS));
  await waitFor("the streams", () => bench.server.streams === 2, { pollMs: 1 });
  using third = await bench.connect();
  assert.equal((await readToEnd(third)).length, 0);
  const { counters } = bench;
  assert.equal(counters.get("grpc_refused_total", { reason: "connections" }), 1);
  assert.equal(counters.get("grpc_connections_total"), 3);
  first.close();
  await waitFor("the end of one", () => bench.server.connections === 1, { pollMs: 1 });
});

Deno.test("GrpcServer closes the oldest connection without a call for a new one over its limit", async () => {
  await using bench = new GrpcBench({ maxConnections: 2 });
  using busy = await handshake(bench);
  await writes(busy, call(1, STREAM_STATUS));
  await waitFor("the stream", () => bench.server.streams === 1, { pollMs: 1 });
  using unused = await handshake(bench);
  using fresh = await handshake(bench);
  await readToEnd(unused);
  await writes(fresh, call(1, GET_STATUS));
  await readUntil(fresh, isEndOfResponse(1));
  assert.equal(bench.counters.get("grpc_refused_total", { reason: "unused" }), 1);
  assert.equal(bench.server.streams, 1);
});

Deno.test("GrpcServer has up to 256 connections by default", async () => {
  await using bench = new GrpcBench();
  const sockets: Deno.Conn[] = [];
  try {
    for (let count = 0; count < 257; count++) sockets.push(await bench.connect());
    await waitFor("all of them", () => bench.counters.get("grpc_connections_total") === 257);
    assert.equal(bench.server.connections, 256);
  } finally {
    for (const socket of sockets) socket.close();
  }
});

Deno.test("GrpcServer checks its connections and counts them every second, until it is disposed", async () => {
  using timers = new HeldTimers();
  await using bench = new GrpcBench({ limits: { handshakeMs: -1 } });
  using socket = await bench.connect();
  await waitFor("the connection", () => bench.server.connections === 1, { pollMs: 1 });
  assert.deepEqual(timers.remainingMs, [1000]);
  timers.advance(999);
  assert.equal(bench.server.connections, 1);
  timers.advance(1);
  await readToEnd(socket); // the handshake took too long
  await waitFor("the end", () => bench.server.connections === 0, { pollMs: 1 });
  bench.publish();
  using other = await handshake(bench);
  await writes(other, call(1, STREAM_STATUS));
  await waitFor("the stream", () => bench.server.streams === 1, { pollMs: 1 });
  timers.advance(1000);
  assert.equal(bench.counters.get("grpc_streams"), 1);
  assert.equal(bench.counters.get("grpc_open_connections"), 1);
  await bench.server[Symbol.asyncDispose]();
  assert.deepEqual(timers.remainingMs, []);
});

Deno.test("GrpcServer says goodbye and closes every connection when it is disposed", async () => {
  await using bench = new GrpcBench();
  using socket = await handshake(bench);
  await writes(socket, call(1, STREAM_STATUS));
  await waitFor("the stream", () => bench.server.streams === 1, { pollMs: 1 });
  const { port } = bench.server;
  await bench.server[Symbol.asyncDispose]();
  const frames = framesOf(await readToEnd(socket));
  assert.ok(frames.some(({ type }) => type === 7), "GOAWAY");
  await waitFor("the end", () => bench.server.connections === 0 && bench.server.streams === 0);
  await assert.rejects(Deno.connect({ hostname: "127.0.0.1", port }));
});

Deno.test("GrpcServer names the address that it cannot listen on", () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  assert.throws(() => new GrpcBench({ port }), (error) => {
    assert(error instanceof UnavailableError);
    assert.match(error.message, new RegExp(`gRPC on 127.0.0.1:${port}: .*choose another --port`));
    return true;
  });
});

Deno.test("GrpcServer logs its address, and continues after a connection that it cannot accept", async () => {
  const { listen } = Deno;
  let failures = 0;
  const log = new CollectingLog();
  Deno.listen = ((options: Deno.TcpListenOptions) => {
    const listener = listen(options);
    const accept = listener.accept.bind(listener);
    listener.accept = () =>
      ++failures <= 2 ? Promise.reject(new Error("Too many open files")) : accept();
    return listener;
  }) as typeof Deno.listen;
  try {
    await using bench = new GrpcBench({ log });
    assert.equal(log.linesWith(`Listening for gRPC on 127.0.0.1:${bench.server.port}`).length, 1);
    using socket = await handshake(bench);
    await writes(socket, call(1, GET_STATUS));
    await readUntil(socket, isEndOfResponse(1));
    assert.equal(log.linesWith("Cannot accept a gRPC connection").length, 1);
  } finally {
    Deno.listen = listen;
  }
});

Deno.test("GrpcServer sends small messages at once", async () => {
  const { listen } = Deno;
  const settings: (boolean | undefined)[] = [];
  Deno.listen = ((options: Deno.TcpListenOptions) => {
    const listener = listen(options) as Deno.TcpListener;
    const accept = listener.accept.bind(listener);
    listener.accept = async () => {
      const socket = await accept();
      socket.setNoDelay = (noDelay) => void settings.push(noDelay);
      return socket;
    };
    return listener;
  }) as typeof Deno.listen;
  try {
    await using bench = new GrpcBench();
    using _socket = await handshake(bench);
    await waitFor("the connection", () => bench.server.connections === 1, { pollMs: 1 });
    assert.deepEqual(settings, [true]);
  } finally {
    Deno.listen = listen;
  }
});

/** A message that starts a recording, with an unknown field that makes it as large as that. */
function paddedRecording(bytes: number): Uint8Array<ArrayBuffer> {
  const known = toBinary(
    SetRecordingRequestSchema,
    create(SetRecordingRequestSchema, { recording: true }),
  );
  const length = bytes - known.length - 5; // a tag of two bytes and a length of three
  const head = [0xa2, 0x06, length & 127 | 128, length >> 7 & 127 | 128, length >> 14];
  return join(known, Uint8Array.from(head), new Uint8Array(length));
}

for (const [bytes, accepted] of [[65_536, true], [65_537, false]] as const) {
  Deno.test(`GrpcServer ${accepted ? "accepts" : "refuses"} a request of ${bytes} bytes`, async () => {
    await using bench = new GrpcBench();
    using socket = await handshake(bench);
    const payload = join(new Uint8Array(5), paddedRecording(bytes));
    new DataView(payload.buffer).setUint32(1, bytes);
    const part = (from: number, to: number, flags = 0) =>
      frame(FRAME.data, { flags, stream: 1, payload: payload.subarray(from, to) });
    const parts = [part(0, 16_000), part(16_000, 32_000), part(32_000, 48_000)];
    await writes(socket, join(call(1, SET_RECORDING, { open: true }), ...parts));
    // The first half of the window is open again.
    if (accepted) {
      await readUntil(socket, ({ type, stream }) => type === FRAME.windowUpdate && stream === 1);
      await writes(
        socket,
        join(part(48_000, 64_000), part(64_000, payload.length, FLAG.endStream)),
      );
    }
    await readUntil(socket, isEndOfResponse(1));
    assert.equal(bench.recording.state.recording, accepted);
  });
}
