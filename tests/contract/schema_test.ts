import { Parser } from "@asyncapi/parser";
import { Ajv2020 } from "ajv/dist/2020.js";
import assert from "node:assert/strict";
import { type Topic, TOPICS } from "../../src/envelopes/envelope.ts";
import type { Fields, GroupType, Type } from "../../src/envelopes/fields/field.ts";
import { TOPIC_TABLE } from "../../src/envelopes/fields/table.ts";
import { examplePath } from "../../src/envelopes/render/files.ts";
import {
  MetricsBufferSchema,
  MetricsSchema,
  StatusCodeSchema,
  StatusValueSchema,
} from "../../src/transports/grpc/gen/metrics_pb.ts";
import { STATUS_TABLE } from "../../src/vitals/condition/status_table.ts";
import { STREAM_PATH } from "../../src/web/routes/page_routes.ts";
import { parseSubscription } from "../../src/web/stream/subscription.ts";
import { assertEnvelope } from "../support/envelope_schema.ts";

const ROOT = new URL("../../", import.meta.url);
const read = (path: string) => Deno.readTextFileSync(new URL(path, ROOT));

for (const topic of TOPICS) {
  Deno.test(`docs/examples/${topic}.json keeps its schema`, () => {
    assertEnvelope(JSON.parse(read(examplePath(topic))));
  });
}

Deno.test("assertEnvelope() refuses unknown keys, empty objects and wrong types", () => {
  const status = JSON.parse(read(examplePath("status")));
  assert.throws(() => assertEnvelope({ ...status, extra: 1 }), /extra/);
  assert.throws(() => assertEnvelope({ ...status, timestamp: "1" }), /integer/);
  const payload = { ...status.payload, unknown: true };
  assert.throws(() => assertEnvelope({ ...status, payload }), /unknown/);
  const core = JSON.parse(read(examplePath("core_metrics")));
  const emptied = { ...core, payload: { ...core.payload, pulse: {} } };
  assert.throws(() => assertEnvelope(emptied), /fewer than 1 propert/);
});

Deno.test("asyncapi.json is a valid AsyncAPI 3 document of all channels", async () => {
  const { document, diagnostics } = await new Parser().parse(read("docs/asyncapi.json"));
  const problems = diagnostics.filter(({ severity }) => severity <= 1);
  assert.deepEqual(problems.map(({ message, path }) => `${path.join(".")}: ${message}`), []);
  assert(document);
  const addresses = document.channels().all().map((channel) => channel.address());
  for (const name of [...TOPICS, "command_queue", "metrics:command_queue"]) {
    assert(addresses.includes(`{prefix}:${name}`), name);
  }
  assert(addresses.includes(STREAM_PATH));
});

Deno.test("asyncapi.json describes the subscriptions that parseSubscription() accepts", () => {
  const { messages, schemas } = JSON.parse(read("docs/asyncapi.json")).components;
  const isValid = new Ajv2020().compile(schemas.subscription);
  const example = messages.subscription.examples[0].payload;
  const { maxItems, items } = schemas.subscription.properties.devices;
  const names = (count: number, length: number) => Array(count).fill("a".repeat(length));
  const subscriptions = [
    example,
    { subscribe: [] },
    { devices: ["a"] },
    { subscribe: ["unknown"] },
    { ...example, devices: names(maxItems, 1) },
    { ...example, devices: names(maxItems + 1, 1) },
    { ...example, live: names(1, items.maxLength) },
    { ...example, live: names(1, items.maxLength + 1) },
    { ...example, stills: "ward-4" },
  ];
  const states = subscriptions.map((each) => parseSubscription(JSON.stringify(each)).state);
  assert.deepEqual(states, subscriptions.map((each) => isValid(each) ? "ok" : "invalid"));
  assert.deepEqual(new Set(states), new Set(["ok", "invalid"]));
});

/** Every field of the table with its path, by topic. */
function* fieldsOf(
  { fields }: { readonly fields: Fields },
  path: string,
): Generator<[path: string, field: Fields[string]]> {
  for (const [name, field] of Object.entries(fields)) {
    const here = path ? `${path}.${name}` : name;
    yield [here, field];
    const inner: Type = field.type.kind === "list" ? field.type.item : field.type;
    if (inner.kind === "group") {
      yield* fieldsOf(inner, field.type.kind === "list" ? `${here}[]` : here);
    }
  }
}

function allFields(topic: Topic) {
  return [...fieldsOf(TOPIC_TABLE[topic].payload as GroupType, "")];
}

Deno.test("field table describes every field in a sentence", () => {
  for (const topic of TOPICS) {
    for (const [path, { description, when }] of allFields(topic)) {
      assert.match(description, /^[A-Z`].{3,}\.$/, `${topic} ${path}`);
      if (when !== undefined) assert.match(when, /^[A-Z`].{3,}\.$/, `${topic} ${path}`);
    }
  }
});

Deno.test("ENVELOPES.md and the schemas hold every field of the table", () => {
  const page = read("docs/ENVELOPES.md");
  const description = read("docs/asyncapi.json");
  for (const topic of TOPICS) {
    const schema = read(`docs/schema/${topic}.schema.json`);
    for (const [path] of allFields(topic)) {
      assert(page.includes(`| \`${path}\` |`), `${topic} ${path}`);
      const key = `"${path.split(".").at(-1)}": {`;
      assert(schema.includes(key) && description.includes(key), `${topic} ${path}`);
    }
  }
});

Deno.test("generated Protobuf code has the fields of metrics.proto", () => {
  const proto = read("src/transports/grpc/proto/metrics.proto");
  const schemas = [MetricsBufferSchema, MetricsSchema, StatusValueSchema];
  const messages = new Map(schemas[0]?.file.messages.map((message) => [message.name, message]));
  const declared = [...proto.matchAll(/message (\w+) \{([^}]*)\}/g)];
  assert.equal(declared.length, messages.size);
  for (const [, name = "", body = ""] of declared) {
    const numbers = [...body.matchAll(/(\w+) = (\d+);/g)].map(([, field, number]) => [
      field,
      Number(number),
    ]);
    const compiled = messages.get(name)?.fields.map((field) => [field.name, field.number]);
    assert.deepEqual(numbers, compiled, `${name}: run scripts/generate_grpc`);
  }
  const codes = StatusCodeSchema.values.map(({ name, number }) => [name, number]);
  const rows = Object.entries(STATUS_TABLE).map(([name, { code }]) => [name, code]);
  assert.deepEqual(Object.fromEntries(codes), Object.fromEntries(rows));
});
