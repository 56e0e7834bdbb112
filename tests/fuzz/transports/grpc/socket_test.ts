import fc from "fast-check";
import { GrpcBench } from "../../../support/grpc.ts";
import {
  call,
  FRAME,
  frame,
  join,
  PREFACE,
  readToEnd,
  writes,
} from "../../../support/raw_http2.ts";
import { waitFor } from "../../../support/wait.ts";

const PATHS = [
  "/presage.physiology.PhysiologyServer/SetRecording",
  "/presage.physiology.PhysiologyServer/StreamCoreMetrics",
  "/grpc.health.v1.Health/Watch",
  "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
  "//",
  "*",
];

/** Valid calls, arbitrary frames, and arbitrary bytes. */
const piece = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 9 }), fc.constantFrom(...PATHS))
    .map(([stream, path]) => call(stream, path, { open: true })),
  fc.record({
    type: fc.integer({ min: 0, max: 12 }),
    flags: fc.integer({ min: 0, max: 255 }),
    stream: fc.integer({ min: 0, max: 12 }),
    payload: fc.uint8Array({ maxLength: 64 }),
  }).map(({ type, ...rest }) => frame(type, rest)),
  fc.uint8Array({ maxLength: 200 }),
);

Deno.test("GrpcServer survives arbitrary bytes on its sockets", async () => {
  await using bench = new GrpcBench();
  bench.stream(5);
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 12 }),
      fc.boolean(),
      async (pieces, withPreface) => {
        using socket = await bench.connect();
        const preface = withPreface ? join(PREFACE, frame(FRAME.settings)) : new Uint8Array();
        await writes(socket, join(preface, ...pieces));
        await socket.closeWrite().catch(() => {});
        await readToEnd(socket);
      },
    ),
    { numRuns: 1500 },
  );
  await waitFor("all connections to end", () => bench.server.connections === 0);
  await waitFor("all streams to end", () => bench.server.streams === 0);
});
