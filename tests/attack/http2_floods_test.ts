import assert from "node:assert/strict";
import { GrpcBench } from "../support/grpc.ts";
import { collectGarbage } from "../support/heap.ts";
import {
  call,
  FRAME,
  frame,
  isEndOfResponse,
  join,
  PREFACE,
  readToEnd,
  readUntil,
  writes,
} from "../support/raw_http2.ts";

const GET_STATUS = "/presage.physiology.PhysiologyServer/GetStatus";
const MAX_GROWTH_BYTES = 60 << 20;
/** RST_STREAM with the error CANCEL. */
const CANCEL = Uint8Array.of(0, 0, 0, 8);

function residentBytes(): number {
  collectGarbage();
  return Deno.memoryUsage().rss;
}

/** Calls GetStatus on a connection of its own. */
async function isServed(bench: GrpcBench): Promise<void> {
  using socket = await bench.connect();
  await writes(socket, join(PREFACE, frame(FRAME.settings), call(1, GET_STATUS)));
  await readUntil(socket, isEndOfResponse(1));
}

/** Sends a flood in parts until the server closes the connection or all is sent. */
async function flood(bench: GrpcBench, part: (index: number) => Uint8Array, parts: number) {
  using socket = await bench.connect();
  const reading = readToEnd(socket);
  await writes(socket, join(PREFACE, frame(FRAME.settings)));
  let sent = 0;
  while (sent < parts && await writes(socket, part(sent))) sent++;
  await isServed(bench);
  await socket.closeWrite().catch(() => {});
  await reading;
  return sent;
}

for (
  const [what, part] of [
    [
      "opens and resets 100,000 streams (CVE-2023-44487)",
      (index: number) =>
        join(...Array.from({ length: 100 }, (_, at) => {
          const stream = 1 + 2 * (100 * index + at);
          return join(
            call(stream, GET_STATUS, { open: true }),
            frame(FRAME.reset, { stream, payload: CANCEL }),
          );
        })),
    ],
    [
      "continues its headers without end (CVE-2024-24549)",
      (index: number) =>
        index === 0
          ? frame(FRAME.headers, { stream: 1, payload: Uint8Array.of(0x82) })
          : frame(FRAME.continuation, { stream: 1, payload: new Uint8Array(16_000).fill(0x82) }),
    ],
    [
      "sends empty DATA frames without end (CVE-2019-9518)",
      (index: number) =>
        index === 0
          ? call(1, GET_STATUS, { open: true })
          : join(...Array.from({ length: 1000 }, () => frame(FRAME.data, { stream: 1 }))),
    ],
    [
      "sends settings without end (CVE-2019-9515)",
      () => join(...Array.from({ length: 1000 }, () => frame(FRAME.settings))),
    ],
  ] as const
) {
  Deno.test(`GrpcServer serves others, in bounded memory, while a client ${what}`, async () => {
    await using bench = new GrpcBench();
    await isServed(bench);
    const before = residentBytes();
    await flood(bench, part, 1000);
    const grown = residentBytes() - before;
    assert(grown < MAX_GROWTH_BYTES, `${grown} bytes`);
    await isServed(bench);
  });
}
