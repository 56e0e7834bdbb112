import assert from "node:assert/strict";
import { GrpcBench } from "../../../support/grpc.ts";
import {
  call,
  FRAME,
  frame,
  headerBlock,
  isEndOfResponse,
  join,
  PREFACE,
  readToEnd,
  readUntil,
  setting,
  writes,
} from "../../../support/raw_http2.ts";
import { waitFor } from "../../../support/wait.ts";

const PATH = "/presage.physiology.PhysiologyServer/";
const HANDSHAKE = join(PREFACE, frame(FRAME.settings));
const INITIAL_WINDOW_SIZE = 4;

/** Asserts that another client is still served. */
async function assertServesOthers(bench: GrpcBench): Promise<void> {
  using socket = await bench.connect();
  await writes(socket, join(HANDSHAKE, call(1, `${PATH}GetStatus`)));
  await readUntil(socket, isEndOfResponse(1));
}

/** Sends `bytes` repeatedly without reading until the server closes the connection. */
async function assertCloses(bench: GrpcBench, bytes: (index: number) => Uint8Array): Promise<void> {
  const socket = await bench.connect();
  try {
    await writes(socket, HANDSHAKE);
    let open = true;
    for (let index = 0; open && index < 20_000; index++) {
      open = await writes(socket, bytes(index));
    }
    await waitFor("the server to close the connection", () => bench.server.connections === 0);
  } finally {
    socket.close();
  }
  await assertServesOthers(bench);
}

Deno.test("GrpcServer drops and counts messages of a stream whose flow-control window is full", async () => {
  await using bench = new GrpcBench();
  using socket = await bench.connect();
  await writes(
    socket,
    join(PREFACE, setting(INITIAL_WINDOW_SIZE, 100), call(1, `${PATH}StreamCoreMetrics`)),
  );
  await waitFor("the stream", () => bench.server.streams === 1);
  for (let message = 0; message < 200; message++) bench.publish();
  await waitFor(
    "drops",
    () => bench.counters.get("grpc_dropped_total", { stream: "core_metrics" }) > 150,
  );
  await assertServesOthers(bench);
});

Deno.test("GrpcServer closes a connection that floods it with PING and does not read", async () => {
  await using bench = new GrpcBench({ limits: { keepaliveTimeoutMs: 2000 } });
  const pings = join(
    ...Array.from({ length: 500 }, () => frame(FRAME.ping, { payload: new Uint8Array(8) })),
  );
  await assertCloses(bench, () => pings);
});

Deno.test("GrpcServer closes a connection that floods it with SETTINGS and does not read", async () => {
  await using bench = new GrpcBench({ limits: { keepaliveTimeoutMs: 2000 } });
  const settings = join(...Array.from({ length: 500 }, () => setting(INITIAL_WINDOW_SIZE, 100)));
  await assertCloses(bench, () => settings);
});

Deno.test("GrpcServer closes a connection that resets its requests at once", async () => {
  await using bench = new GrpcBench({ limits: { keepaliveTimeoutMs: 2000 } });
  await assertCloses(bench, (index) => {
    const stream = 2 * index + 1;
    const cancel = frame(FRAME.reset, { stream, payload: Uint8Array.of(0, 0, 0, 8) });
    return join(call(stream, `${PATH}StreamStatus`), cancel);
  });
});

Deno.test("GrpcServer closes a connection with endless headers", async () => {
  await using bench = new GrpcBench({ limits: { keepaliveTimeoutMs: 2000 } });
  const payload = headerBlock([["x", "y".repeat(1000)]]);
  await assertCloses(bench, (index) => {
    const type = index === 0 ? FRAME.headers : FRAME.continuation;
    return frame(type, { stream: 1, payload });
  });
});

Deno.test("GrpcServer resets a request with too many headers and keeps the connection", async () => {
  await using bench = new GrpcBench();
  using socket = await bench.connect();
  const fields = Array.from({ length: 40 }, (_, i) => [`x-${i}`, "y".repeat(380)] as const);
  await writes(socket, join(HANDSHAKE, call(1, `${PATH}GetStatus`, { fields })));
  await writes(socket, call(3, `${PATH}GetStatus`));
  await readUntil(socket, isEndOfResponse(3));
  assert.equal(bench.counters.get("grpc_requests_total", { method: "GetStatus" }), 1);
});

Deno.test("GrpcServer rejects requests over the limit of concurrent streams", async () => {
  await using bench = new GrpcBench({ limits: { maxStreams: 10 } });
  using socket = await bench.connect();
  await writes(
    socket,
    join(
      HANDSHAKE,
      ...Array.from({ length: 30 }, (_, i) => call(2 * i + 1, `${PATH}StreamStatus`)),
    ),
  );
  await waitFor("the streams", () => bench.server.streams === 10);
  await assertServesOthers(bench);
  assert.equal(bench.server.streams, 10);
});

Deno.test("GrpcServer resets a request without a body and closes a connection without a handshake", async () => {
  await using bench = new GrpcBench({ limits: { requestMs: 200, handshakeMs: 200 } });
  using half = await bench.connect();
  await writes(half, join(HANDSHAKE, call(1, `${PATH}GetStatus`, { open: true })));
  using silent = await bench.connect();
  assert.equal((await readToEnd(silent)).length > 0, true); // the server's SETTINGS, then the end
  await readUntil(half, ({ type, stream }) => type === FRAME.reset && stream === 1);
});

Deno.test("GrpcServer closes connections over the limit at once if all others have calls", async () => {
  await using bench = new GrpcBench({ maxConnections: 3 });
  const sockets = await Promise.all([1, 2, 3].map(() => bench.connect()));
  for (const socket of sockets) {
    await writes(socket, join(HANDSHAKE, call(1, `${PATH}StreamStatus`)));
  }
  await waitFor("three streams", () => bench.server.streams === 3);
  using fourth = await bench.connect();
  assert.equal((await readToEnd(fourth)).length, 0);
  for (const socket of sockets) socket.close();
  await waitFor("no connections", () => bench.server.connections === 0);
  await assertServesOthers(bench);
});

Deno.test("GrpcServer closes connections that use HTTP/1 or TLS on the plaintext port", async () => {
  await using bench = new GrpcBench();
  for (
    const text of ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc"]
  ) {
    using socket = await bench.connect();
    await writes(socket, new TextEncoder().encode(text.padEnd(40)));
    await readToEnd(socket);
  }
  await assertServesOthers(bench);
});
