import assert from "node:assert/strict";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { CommandHandler } from "../../../../src/control/commands.ts";
import { Recording } from "../../../../src/control/recording.ts";
import { silentLog } from "../../../../src/telemetry/log.ts";
import { Counters } from "../../../../src/telemetry/counters.ts";
import {
  Health,
  HealthCheckResponse_ServingStatus as Status,
} from "../../../../src/transports/grpc/gen/health_pb.ts";
import { StatusCode } from "../../../../src/transports/grpc/gen/metrics_pb.ts";
import { PhysiologyServer } from "../../../../src/transports/grpc/gen/physiology_server_pb.ts";
import { ServerReflection } from "../../../../src/transports/grpc/gen/reflection_v1_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../../../../src/transports/grpc/gen/reflection_v1alpha_pb.ts";
import { HealthService } from "../../../../src/transports/grpc/health.ts";
import { ReflectionService } from "../../../../src/transports/grpc/reflection.ts";
import { PhysiologyService } from "../../../../src/transports/grpc/services.ts";
import { fakeMetrics, fakeRecordingState, fakeStatus } from "../../../support/fake_stream.ts";
import { waitFor } from "../../../support/wait.ts";

/** The service with its client, without a network. */
function startService() {
  const counters = new Counters();
  const recording = new Recording();
  let resets = 0;
  const commands = new CommandHandler({ recording, counters, log: silentLog });
  const service = new PhysiologyService({
    counters,
    recording,
    commands,
    onReset: () => void resets++,
  });
  const transport = createRouterTransport((router) => service.register(router));
  return {
    counters,
    recording,
    service,
    client: createClient(PhysiologyServer, transport),
    resets: () => resets,
  };
}

Deno.test("PhysiologyService.setRecording() starts and stops a recording, and returns the state", async () => {
  const { client, recording, counters } = startService();
  const started = await client.setRecording({ recording: true, sessionId: "visit-7" });
  assert.deepEqual([started.recording, started.sessionId], [true, "visit-7"]);
  assert.deepEqual(recording.state, { recording: true, sessionId: "visit-7" });
  const stopped = await client.setRecording({ recording: false });
  assert.deepEqual([stopped.recording, stopped.sessionId], [false, ""]);
  const generated = await client.setRecording({ recording: true });
  assert.match(generated.sessionId, /^\d{8}T\d{6}Z-/);
  assert.equal(counters.get("recording_commands_total", { origin: "grpc", result: "changed" }), 3);
});

Deno.test("PhysiologyService.setRecording() refuses an invalid or a replaced session", async () => {
  const { client, recording } = startService();
  const codeOf = async (command: { recording: boolean; sessionId: string }) => {
    const error = await client.setRecording(command).then(() => undefined, ConnectError.from);
    return error?.code;
  };
  assert.equal(await codeOf({ recording: true, sessionId: "../etc" }), Code.InvalidArgument);
  assert.equal(await codeOf({ recording: true, sessionId: "visit-7" }), undefined);
  assert.equal(await codeOf({ recording: false, sessionId: "visit-6" }), Code.FailedPrecondition);
  assert.equal(recording.state.recording, true);
});

Deno.test("PhysiologyService.getStatus() returns the latest status and the recording state", async () => {
  const { client, service } = startService();
  assert.equal((await client.getStatus({})).status?.value, StatusCode.PROCESSING_NOT_STARTED);
  service.publish(fakeStatus(1, "NO_FACES_FOUND"));
  await client.setRecording({ recording: true, sessionId: "visit-7" });
  const status = await client.getStatus({});
  assert.equal(status.status?.value, StatusCode.NO_FACES_FOUND);
  assert.deepEqual([status.recording, status.sessionId], [true, "visit-7"]);
});

Deno.test("PhysiologyService.resetProcessing() resets the measurement", async () => {
  const { client, resets } = startService();
  await client.resetProcessing({});
  assert.equal(resets(), 1);
});

Deno.test("PhysiologyService streams each type of message, with times since the first of any", async () => {
  const { client, service } = startService();
  const ending = new AbortController();
  const { signal } = ending;
  for (const envelope of fakeMetrics(0)) service.publish(envelope);
  const streams = {
    core: client.streamCoreMetrics({}, { signal })[Symbol.asyncIterator](),
    edge: client.streamEdgeMetrics({}, { signal })[Symbol.asyncIterator](),
    status: client.streamStatus({}, { signal })[Symbol.asyncIterator](),
  };
  const first = {
    core: streams.core.next(),
    edge: streams.edge.next(),
    status: streams.status.next(),
  };
  await waitFor("the streams", () => service.streams === 3, { pollMs: 1 });
  service.publish(fakeStatus(2));
  service.publish(fakeRecordingState(2, "visit-7"));
  for (const envelope of fakeMetrics(5)) service.publish(envelope);
  assert.equal((await first.core).value.metadata.sequence, 0n);
  assert.equal((await first.edge).value.breathing.upperTrace.length, 6);
  assert.equal((await first.status).value.value, StatusCode.OK);
  const [{ time }] = (await streams.core.next()).value.pulse.rate;
  assert.ok(Math.abs(time - 1) < 1e-6, `${time}`);
  ending.abort();
  await Promise.allSettled(Object.values(streams).map((stream) => stream.next()));
});

Deno.test("PhysiologyService takes the first edge metrics for the origin of the times too", async () => {
  const { client, service } = startService();
  const [, edge] = fakeMetrics(0);
  service.publish(edge!);
  service.publish(fakeMetrics(5)[0]!);
  const ending = new AbortController();
  const stream = client.streamCoreMetrics({}, { signal: ending.signal })[Symbol.asyncIterator]();
  const { value } = await stream.next();
  assert.ok(Math.abs(value.pulse.rate[0].time - (1 - 1e-6)) < 1e-6, `${value.pulse.rate[0].time}`);
  ending.abort();
  await stream.next().catch(() => {});
});

Deno.test("PhysiologyService queues 30 messages for a slow stream, and counts what it drops", async () => {
  for (const [published, dropped] of [[30, 0], [31, 1], [40, 10]] as const) {
    const { client, service, counters } = startService();
    const ending = new AbortController();
    const stream = client.streamStatus({}, { signal: ending.signal })[Symbol.asyncIterator]();
    const first = stream.next();
    await waitFor("the stream", () => service.streams === 1, { pollMs: 1 });
    // The stream is not read before all of them are published.
    for (let count = 0; count < published; count++) service.publish(fakeStatus(count));
    assert.equal(counters.get("grpc_dropped_total", { stream: "status" }), dropped);
    await first;
    ending.abort();
    await stream.next().catch(() => {});
  }
});

function startHealth() {
  const health = new HealthService(["physiology"]);
  const transport = createRouterTransport((router) => health.register(router));
  return { health, client: createClient(Health, transport) };
}

Deno.test("HealthService.check() returns the status of the server and its services, and no others", async () => {
  const { health, client } = startHealth();
  for (const service of ["", "physiology"]) {
    assert.equal((await client.check({ service })).status, Status.SERVING);
  }
  health.setServing(false);
  assert.equal((await client.check({ service: "" })).status, Status.NOT_SERVING);
  await assert.rejects(client.check({ service: "x" }), { code: Code.NotFound });
});

Deno.test("HealthService.watch() reports the status and each change of it", async () => {
  const { health, client } = startHealth();
  const ending = new AbortController();
  const stream = client.watch({ service: "" }, { signal: ending.signal })[Symbol.asyncIterator]();
  assert.equal((await stream.next()).value.status, Status.SERVING);
  const next = stream.next();
  health.setServing(true);
  health.setServing(false);
  assert.equal((await next).value.status, Status.NOT_SERVING);
  ending.abort();
  await stream.next().catch(() => {});
});

Deno.test("HealthService.watch() reports an unknown service and nothing else", async () => {
  const { health, client } = startHealth();
  const ending = new AbortController();
  const stream = client.watch({ service: "x" }, { signal: ending.signal })[Symbol.asyncIterator]();
  assert.equal((await stream.next()).value.status, Status.SERVICE_UNKNOWN);
  const next = stream.next().then(({ value }) => value, () => "ended");
  health.setServing(false);
  assert.equal(
    await Promise.race([next, new Promise((done) => setTimeout(done, 20, "open"))]),
    "open",
  );
  ending.abort();
  await next;
});

for (const service of [ServerReflection, ServerReflectionAlpha] as typeof ServerReflection[]) {
  const reflection = new ReflectionService([PhysiologyServer, Health]);
  const transport = createRouterTransport((router) => reflection.register(router));
  const client = createClient(service, transport);

  type Request = Parameters<typeof client.serverReflectionInfo>[0] extends AsyncIterable<infer R>
    ? R
    : never;
  const ask = async (messageRequest: NonNullable<Request["messageRequest"]>) => {
    async function* requests() {
      yield { host: "here", messageRequest } as Request;
    }
    const [response] = await Array.fromAsync(client.serverReflectionInfo(requests()));
    assert.equal(response?.validHost, "here");
    return response!.messageResponse;
  };

  Deno.test(`ReflectionService lists its services by ${service.typeName}`, async () => {
    const response = await ask({ case: "listServices", value: "" });
    assert(response.case === "listServicesResponse");
    assert.deepEqual(response.value.service.map(({ name }) => name), [
      PhysiologyServer.typeName,
      Health.typeName,
      ServerReflection.typeName,
      ServerReflectionAlpha.typeName,
    ]);
  });

  Deno.test(`ReflectionService sends a file with those that it imports by ${service.typeName}`, async () => {
    const filesOf = async (request: Parameters<typeof ask>[0]) => {
      const response = await ask(request);
      assert(response.case === "fileDescriptorResponse", JSON.stringify(response.value));
      return response.value.fileDescriptorProto
        .map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name);
    };
    const all = ["physiology_server.proto", "metrics.proto"];
    for (const name of ["physiology_server.proto", "physiology_server"]) {
      assert.deepEqual(await filesOf({ case: "fileByFilename", value: name }), all);
    }
    const symbols = [
      PhysiologyServer.typeName,
      `${PhysiologyServer.typeName}.GetStatus`,
    ];
    for (const value of symbols) {
      assert.deepEqual(await filesOf({ case: "fileContainingSymbol", value }), all, value);
    }
    const metrics = PhysiologyServer.method.streamCoreMetrics.output.typeName;
    assert.deepEqual(
      await filesOf({ case: "fileContainingSymbol", value: metrics }),
      ["metrics.proto"],
    );
    for (const value of ["grpc.health.v1.HealthCheckResponse.ServingStatus"]) {
      assert.deepEqual(await filesOf({ case: "fileContainingSymbol", value }), ["health.proto"]);
    }
    const { package: prefix } = PhysiologyServer.file.dependencies[0]!.proto;
    const code = `${prefix}.StatusCode`;
    assert.deepEqual(await filesOf({ case: "fileContainingSymbol", value: code }), [
      "metrics.proto",
    ]);
  });

  Deno.test(`ReflectionService refuses what it does not have by ${service.typeName}`, async () => {
    const failureOf = async (request: Parameters<typeof ask>[0]) => {
      const response = await ask(request);
      assert(response.case === "errorResponse", `${response.case}`);
      return [response.value.errorCode, response.value.errorMessage];
    };
    const long = "x".repeat(300);
    assert.deepEqual(await failureOf({ case: "fileByFilename", value: long }), [
      Code.NotFound,
      `Unknown file or symbol: ${"x".repeat(200)}`,
    ]);
    assert.deepEqual(
      await failureOf({ case: "allExtensionNumbersOfType", value: "x" }),
      [Code.NotFound, "There are no extensions"],
    );
    assert.deepEqual(
      await failureOf({ case: undefined } as unknown as Parameters<typeof ask>[0]),
      [Code.InvalidArgument, "Unknown kind of request"],
    );
  });
}
