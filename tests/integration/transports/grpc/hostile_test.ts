import assert from "node:assert/strict";
import { GrpcBench } from "../../../support/grpc.ts";
import {
  call,
  endsAnswer,
  FRAME,
  frame,
  headerBlock,
  join,
  PREFACE,
  readToEnd,
  readUntil,
  setting,
  writes,
} from "../../../support/raw_http2.ts";
import { waitFor } from "../../../support/wait.ts";

const PATH = "/presage.physiology.PhysiologyServer/";
const HELLO = join(PREFACE, frame(FRAME.settings));
const INITIAL_WINDOW_SIZE = 4;

/** What a client in good faith gets must not depend on what the others do. */
async function answersOthers(bench: GrpcBench): Promise<void> {
  using socket = await bench.connect();
  await writes(socket, join(HELLO, call(1, `${PATH}GetStatus`)));
  await readUntil(socket, endsAnswer(1));
}

/** Sends `bytes` again and again, reading nothing, until the server hangs up. */
async function hangsUpOn(bench: GrpcBench, bytes: (turn: number) => Uint8Array): Promise<void> {
  const socket = await bench.connect();
  try {
    await writes(socket, HELLO);
    let open = true;
    for (let turn = 0; open && turn < 20_000; turn++) open = await writes(socket, bytes(turn));
    await waitFor("the server to hang up", () => bench.server.connections === 0);
  } finally {
    socket.close();
  }
  await answersOthers(bench);
}

Deno.test("a stream whose window stays shut keeps the newest messages, counted, and no memory", async () => {
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
  await answersOthers(bench);
});

Deno.test("a flood of pings from a peer that reads nothing is hung up on", async () => {
  await using bench = new GrpcBench({ limits: { answerMs: 2000 } });
  const pings = join(
    ...Array.from({ length: 500 }, () => frame(FRAME.ping, { payload: new Uint8Array(8) })),
  );
  await hangsUpOn(bench, () => pings);
});

Deno.test("a flood of settings from a peer that reads nothing is hung up on", async () => {
  await using bench = new GrpcBench({ limits: { answerMs: 2000 } });
  const settings = join(...Array.from({ length: 500 }, () => setting(INITIAL_WINDOW_SIZE, 100)));
  await hangsUpOn(bench, () => settings);
});

Deno.test("requests that are reset as fast as they are made are hung up on", async () => {
  await using bench = new GrpcBench({ limits: { answerMs: 2000 } });
  await hangsUpOn(bench, (turn) => {
    const stream = 2 * turn + 1;
    const cancel = frame(FRAME.reset, { stream, payload: Uint8Array.of(0, 0, 0, 8) });
    return join(call(stream, `${PATH}StreamStatus`), cancel);
  });
});

Deno.test("headers that never end are hung up on", async () => {
  await using bench = new GrpcBench({ limits: { answerMs: 2000 } });
  const payload = headerBlock([["x", "y".repeat(1000)]]);
  await hangsUpOn(bench, (turn) => {
    const type = turn === 0 ? FRAME.headers : FRAME.continuation;
    return frame(type, { stream: 1, payload });
  });
});

Deno.test("a request with more headers than allowed is reset, and the connection lives", async () => {
  await using bench = new GrpcBench();
  using socket = await bench.connect();
  const fields = Array.from({ length: 40 }, (_, i) => [`x-${i}`, "y".repeat(380)] as const);
  await writes(socket, join(HELLO, call(1, `${PATH}GetStatus`, { fields })));
  await writes(socket, call(3, `${PATH}GetStatus`));
  await readUntil(socket, endsAnswer(3));
  assert.equal(bench.counters.get("grpc_requests_total", { method: "GetStatus" }), 1);
});

Deno.test("more requests at once than allowed are refused one by one", async () => {
  await using bench = new GrpcBench({ limits: { maxStreams: 10 } });
  using socket = await bench.connect();
  await writes(
    socket,
    join(HELLO, ...Array.from({ length: 30 }, (_, i) => call(2 * i + 1, `${PATH}StreamStatus`))),
  );
  await waitFor("the streams", () => bench.server.streams === 10);
  await answersOthers(bench);
  assert.equal(bench.server.streams, 10);
});

Deno.test("a request whose body never comes is reset, and a silent peer is hung up on", async () => {
  await using bench = new GrpcBench({ limits: { requestMs: 200, handshakeMs: 200 } });
  using half = await bench.connect();
  await writes(half, join(HELLO, call(1, `${PATH}GetStatus`, { open: true })));
  using silent = await bench.connect();
  assert.equal((await readToEnd(silent)).length > 0, true); // our settings, then the end
  await readUntil(half, ({ type, stream }) => type === FRAME.reset && stream === 1);
});

Deno.test("connections beyond the limit are closed at once, and one that goes makes room", async () => {
  await using bench = new GrpcBench({ maxConnections: 3 });
  const sockets = await Promise.all([1, 2, 3].map(() => bench.connect()));
  await waitFor("three", () => bench.server.connections === 3);
  using fourth = await bench.connect();
  assert.equal((await readToEnd(fourth)).length, 0);
  for (const socket of sockets) socket.close();
  await waitFor("room", () => bench.server.connections === 0);
  await answersOthers(bench);
});

Deno.test("HTTP/1 and TLS on the plain port are hung up on", async () => {
  await using bench = new GrpcBench();
  for (
    const text of ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc"]
  ) {
    using socket = await bench.connect();
    await writes(socket, new TextEncoder().encode(text.padEnd(40)));
    await readToEnd(socket);
  }
  await answersOthers(bench);
});
