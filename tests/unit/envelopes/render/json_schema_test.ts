import { Ajv2020 } from "ajv/dist/2020.js";
import assert from "node:assert/strict";
import { TOPICS } from "../../../../src/envelopes/envelope.ts";
import { envelopeSchema } from "../../../../src/envelopes/render/json_schema.ts";

const STATUS = {
  type: "status",
  timestamp: 1,
  payload: {
    code: 0,
    name: "OK",
    message: "Good signal.",
    hint: "Keep still.",
    since: 1,
    sequence: 0,
    recording: false,
  },
};

Deno.test("envelopeSchema() is a valid schema of draft 2020-12 that names its topic", () => {
  for (const topic of TOPICS) {
    const schema = envelopeSchema(topic);
    assert.equal(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert.deepEqual((schema["properties"] as { type: object }).type, {
      const: topic,
      description: "Kind of the message.",
    });
    new Ajv2020({ strict: true }).compile(schema);
  }
});

Deno.test("envelopeSchema() accepts unknown keys of a payload, unless it is closed", () => {
  const later = { ...STATUS, payload: { ...STATUS.payload, added_later: 1 } };
  const open = new Ajv2020().compile(envelopeSchema("status"));
  const closed = new Ajv2020().compile(envelopeSchema("status", { closed: true }));
  assert.deepEqual([open(STATUS), open(later)], [true, true]);
  assert.deepEqual([closed(STATUS), closed(later)], [true, false]);
});

Deno.test("envelopeSchema() requires the fields without `when`, and their ranges", () => {
  const validate = new Ajv2020().compile(envelopeSchema("status"));
  const { hint: _, ...withoutHint } = STATUS.payload;
  assert.equal(validate({ ...STATUS, payload: withoutHint }), false);
  assert.equal(validate({ ...STATUS, payload: { ...STATUS.payload, code: 200 } }), false);
  assert.equal(validate({ ...STATUS, payload: { ...STATUS.payload, name: "FINE" } }), false);
});
