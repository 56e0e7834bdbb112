import assert from "node:assert/strict";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { Converter } from "../../../../src/transports/grpc/convert.ts";
import {
  MetricsBufferSchema,
  MetricsSchema,
  StatusCode,
} from "../../../../src/transports/grpc/gen/metrics_pb.ts";
import { fakeMetrics, fakeStatus } from "../../../support/fake_stream.ts";

Deno.test("Converter.coreMetrics() keeps values and times, and omits missing values", () => {
  const convert = new Converter();
  const [first] = fakeMetrics(0);
  const [later] = fakeMetrics(4);
  assert(first?.type === "core_metrics" && later?.type === "core_metrics");
  const early = convert.coreMetrics(first);
  assert.equal(early.pulse?.strict, undefined);
  assert.equal(early.withheld?.pulse, "warming_up");
  assert.equal(early.bloodPressure, undefined);

  const sent = convert.coreMetrics(later);
  const got = fromBinary(MetricsBufferSchema, toBinary(MetricsBufferSchema, sent));
  assert.equal(got.pulse?.strict?.value, 72.5);
  assert(Math.abs((got.pulse?.strict?.confidence ?? 0) - 0.95) < 1e-6);
  assert.equal(got.pulse?.rate[0]?.timestamp, BigInt(later.timestamp));
  assert(Math.abs((got.pulse?.rate[0]?.time ?? 0) - 0.8) < 1e-6);
  assert.equal(got.pulse?.trace.length, 6);
  assert.equal(got.pulse?.hrv?.meanNn, 827);
  assert.equal(got.breathing?.apnea[0]?.detected, false);
  assert.equal(got.withheld, undefined);
  assert.equal(got.metadata?.sequence, 4n);
});

Deno.test("Converter.edgeMetrics() and status() keep values", () => {
  const convert = new Converter();
  const [, edge] = fakeMetrics(4);
  const status = fakeStatus(4, "NO_FACES_FOUND");
  assert(edge?.type === "edge_metrics" && status.type === "status");
  const got = fromBinary(MetricsSchema, toBinary(MetricsSchema, convert.edgeMetrics(edge)));
  assert.equal(got.breathing?.upperTrace.length, 6);
  assert.equal(got.face?.landmarks[0]?.value[0]?.x, 250);
  assert.equal(got.signal?.snrDb, 6.5);
  const message = convert.status(status);
  assert.equal(message.value, StatusCode.NO_FACES_FOUND);
  assert.equal(message.hint, "Sit in front of the camera.");
});

Deno.test("MetricsBuffer has the published field numbers", () => {
  const numbers = Object.fromEntries(MetricsBufferSchema.fields.map((f) => [f.name, f.number]));
  assert.deepEqual(numbers, {
    pulse: 1,
    breathing: 2,
    blood_pressure: 3,
    face: 4,
    metadata: 5,
    withheld: 100,
  });
});
