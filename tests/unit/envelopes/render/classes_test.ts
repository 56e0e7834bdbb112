import assert from "node:assert/strict";
import { classes, fieldText, pascalCase, wrap } from "../../../../src/envelopes/render/classes.ts";
import { NUMBER } from "../../../../src/envelopes/fields/field.ts";
import { TOPIC_TABLE, TOPICS } from "../../../../src/envelopes/fields/table.ts";

Deno.test("classes() names payloads after their topics, and every group once", () => {
  const { rows, nameOf } = classes();
  const names = rows.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const topic of TOPICS) {
    assert.equal(nameOf(TOPIC_TABLE[topic].payload), pascalCase(topic));
  }
  const { core_metrics, edge_metrics } = TOPIC_TABLE;
  assert.equal(nameOf(core_metrics.payload.fields.breathing.type), "Breathing");
  assert.equal(nameOf(edge_metrics.payload.fields.breathing.type), "EdgeMetricsBreathing");
});

Deno.test("classes() yields each group after those that it consists of", () => {
  const { rows, nameOf } = classes();
  const seen = new Set<string>();
  for (const { name, fields } of rows) {
    for (const [, { type }] of fields) {
      const inner = type.kind === "list" ? type.item : type;
      if (inner.kind === "group") assert.ok(seen.has(nameOf(inner)), `${name} before its parts`);
    }
    seen.add(name);
  }
});

Deno.test("fieldText() has the unit and the condition of a field", () => {
  const field = { type: NUMBER, description: "A value.", proto: 1 } as const;
  assert.equal(fieldText(field), "A value.");
  assert.equal(
    fieldText({ ...field, unit: "ms", when: "It is known." }),
    "A value. Unit: ms. Present when: It is known.",
  );
});

Deno.test("wrap() breaks between words, and leaves a long word whole", () => {
  assert.deepEqual(wrap("one two three", 7), ["one two", "three"]);
  assert.deepEqual(wrap("one two three", 6), ["one", "two", "three"]);
  assert.deepEqual(wrap("incomprehensible to", 6), ["incomprehensible", "to"]);
  assert.deepEqual(wrap("", 6), []);
});
