import assert from "node:assert/strict";
import { collectGarbage } from "../support/heap.ts";
import { GrpcBench } from "../support/grpc.ts";
import {
  call,
  FRAME,
  frame,
  isEndOfResponse,
  join,
  PREFACE,
  readUntil,
  setting,
  writes,
} from "../support/raw_http2.ts";

const STREAM_EDGE = "/presage.physiology.PhysiologyServer/StreamEdgeMetrics";
const GET_STATUS = "/presage.physiology.PhysiologyServer/GetStatus";
const INITIAL_WINDOW_SIZE = 4;
const CONNECTIONS = 250;
const STREAMS = 120;
const MAX_GROWTH_BYTES = 100 << 20;

/** Reads and drops what a connection receives, until it is closed. */
async function drain(socket: Deno.Conn): Promise<void> {
  const chunk = new Uint8Array(65_536);
  try {
    while (await socket.read(chunk) !== null);
  } catch {
    // The connection was reset.
  }
}

function residentBytes(): number {
  collectGarbage();
  return Deno.memoryUsage().rss;
}

Deno.test("GrpcServer serves a client within 100 MB while 250 others open 30,000 streams that accept nothing", async () => {
  await using bench = new GrpcBench();
  bench.stream(20);
  const good = await bench.connect();
  const window = frame(FRAME.windowUpdate, { payload: Uint8Array.of(0x7f, 0, 0, 0) });
  const open = setting(INITIAL_WINDOW_SIZE, 0x7fff_ffff);
  await writes(good, join(PREFACE, open, window, call(1, STREAM_EDGE)));
  await readUntil(good, ({ type, stream }) => type === FRAME.data && stream === 1);
  const before = residentBytes();

  const streams = Array.from({ length: STREAMS }, (_, at) => call(1 + 2 * at, STREAM_EDGE));
  const flood = join(PREFACE, setting(INITIAL_WINDOW_SIZE, 0), ...streams);
  const attackers: Deno.Conn[] = [];
  const draining: Promise<void>[] = [];
  for (let count = 0; count < CONNECTIONS; count++) {
    const attacker = await bench.connect();
    attackers.push(attacker);
    draining.push(drain(attacker));
    await writes(attacker, flood);
    await writes(good, frame(FRAME.ping, { payload: new Uint8Array(8) }));
    await readUntil(good, ({ type, stream }) => type === FRAME.data && stream === 1);
  }
  const fresh = await bench.connect();
  await writes(fresh, join(PREFACE, frame(FRAME.settings), call(1, GET_STATUS)));
  await readUntil(fresh, isEndOfResponse(1));
  assert(bench.server.streams <= 512, `${bench.server.streams} streams`);
  await readUntil(good, ({ type, stream }) => type === FRAME.data && stream === 1);
  const growth = residentBytes() - before;
  assert(growth < MAX_GROWTH_BYTES, `${Math.round(growth / 2 ** 20)} MB`);
  for (const socket of [good, fresh, ...attackers]) socket.close();
  await Promise.all(draining);
});

Deno.test("GrpcServer accepts a client while others hold all connections without a call", async () => {
  await using bench = new GrpcBench({ maxConnections: 20 });
  const held = await Promise.all(Array.from({ length: 30 }, () => bench.connect()));
  const fresh = await bench.connect();
  await writes(fresh, join(PREFACE, frame(FRAME.settings), call(1, GET_STATUS)));
  await readUntil(fresh, isEndOfResponse(1));
  assert(bench.server.connections <= 20);
  for (const socket of [fresh, ...held]) socket.close();
});
