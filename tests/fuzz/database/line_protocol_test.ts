import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeLine } from "../../../src/database/line_protocol.ts";
import { rowOf } from "../../../src/database/rows.ts";
import type { MetricTopic } from "../../../src/envelopes/envelope.ts";
import { parseUntrusted } from "../../../src/envelopes/untrusted.ts";
import { parseLine } from "../../support/line_protocol_parser.ts";

/** Texts with the characters that have a meaning in line protocol. */
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom(..."ab ,=\"\\'#\n\r\0\té\u2028😀"), minLength: 1 }),
  fc.string({ unit: "binary", minLength: 1 }),
);
const time = fc.integer({ min: 946_684_800_000_000, max: 4_102_444_800_000_000 });

Deno.test("encodeLine() is one line of which a parser reads the same values", () => {
  fc.assert(
    fc.property(text, fc.option(text), fc.option(text), time, (device, name, message, timeUs) => {
      const values = { device, time: timeUs, code: 3, name, message, session_id: null };
      const line = encodeLine({ table: "statuses", values });
      assert.equal(line.indexOf("\n"), line.length - 1);
      const parsed = parseLine(line.slice(0, -1));
      const flat = (value: string) => value.replaceAll(/[\r\n]/g, " ");
      assert.deepEqual(parsed, {
        measurement: "statuses",
        tags: { device: flat(device).replaceAll("\\", "/") },
        fields: {
          code: 3n,
          ...name === null ? {} : { name: flat(name) },
          ...message === null ? {} : { message: flat(message) },
        },
        time: BigInt(timeUs) * 1000n,
      });
    }),
    { numRuns: 2000 },
  );
});

const value = fc.oneof(
  fc.jsonValue(),
  text,
  fc.double(),
  fc.constantFrom(1e21, 5e-324, -0, 1.7976931348623157e308, 9007199254740993),
);
const payload = fc.record({
  pulse: fc.oneof(
    value,
    fc.record({ strict: fc.oneof(value, fc.record({ value, confidence: value })) }),
  ),
  withheld: fc.oneof(value, fc.record({ pulse: value })),
  metadata: fc.oneof(value, fc.record({ sequence: value, boot_id: value, session_id: value })),
  code: value,
  since: value,
  recording: fc.oneof(fc.boolean(), value),
}, { requiredKeys: [] });
const topic = fc.constantFrom<MetricTopic>(
  "core_metrics",
  "edge_metrics",
  "status",
  "recording_state",
);

Deno.test("rowOf() and encodeLine() accept any message", () => {
  fc.assert(
    fc.property(text, topic, fc.oneof(time, fc.double()), payload, (device, type, at, body) => {
      const sent = JSON.stringify({ type, timestamp: at, payload: body });
      const envelope = parseUntrusted(sent) as Parameters<typeof rowOf>[0]["envelope"];
      const row = rowOf({ device, topic: type, envelope });
      if (!row) return;
      const line = encodeLine(row);
      const parsed = parseLine(line.slice(0, -1));
      assert.equal(parsed.time, BigInt(row.values.time) * 1000n);
      assert(!/\p{Cc}/u.test(line.slice(0, -1)));
    }),
    { numRuns: 2000 },
  );
});
