import assert from "node:assert/strict";
import { GrpcBackend } from "../../../../src/transports/grpc/grpc_backend.ts";
import { grpcTransport } from "../../../../src/transports/grpc/transport.ts";
import { coreMetric, frame } from "../../../support/messages.ts";

Deno.test("GrpcBackend is always ready, and reports the streams as the receivers of metrics", async () => {
  const server = { streams: 3 };
  await using backend = new GrpcBackend(server);
  assert.deepEqual([backend.ready, backend.name], [true, "grpc"]);
  assert.deepEqual(await backend.send(coreMetric(1)), { receivers: 3 });
  server.streams = 0;
  assert.deepEqual(await backend.send(coreMetric(2)), { receivers: 0 });
  server.streams = 2;
  assert.deepEqual(await backend.send(frame(1, 100)), { receivers: 0 });
});

type Context = Parameters<typeof grpcTransport.open>[1];

Deno.test("grpcTransport publishes to the server that runs, and refuses to open without one", async () => {
  const settings = undefined as unknown as Parameters<typeof grpcTransport.open>[0];
  const open = (grpc: Context["grpc"]) => grpcTransport.open(settings, { grpc } as Context);
  const { backend, receivers } = await open({ streams: 5 });
  assert.deepEqual([await backend.send(coreMetric(1)), receivers], [{ receivers: 5 }, []]);
  await assert.rejects(open(undefined), /the server is not running/);
});
