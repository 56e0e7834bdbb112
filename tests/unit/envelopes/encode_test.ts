import assert from "node:assert/strict";
import fc from "fast-check";
import { type EpochUs, epochUs, type MonotonicUs, monotonicUs } from "../../../src/base/time.ts";
import { encoderOf } from "../../../src/envelopes/encode.ts";
import {
  BOOLEAN,
  constant,
  type Fields,
  group,
  INTEGER,
  list,
  NUMBER,
  TEXT,
  TIME,
} from "../../../src/envelopes/fields/field.ts";

const ROW = { description: "A value.", proto: 1 } as const;
const OPTIONAL = { ...ROW, when: "It was measured." } as const;
const toEpoch = (time: MonotonicUs): EpochUs => epochUs(time + 1_000_000);

function encode(fields: Fields, source: unknown): unknown {
  return encoderOf(group("Test", "A test.", fields))(source, toEpoch);
}

Deno.test("encoderOf() reads snake_case fields from camelCase properties", () => {
  assert.deepEqual(encode({ upper_trace: { ...ROW, type: TEXT } }, { upperTrace: "a" }), {
    upper_trace: "a",
  });
});

Deno.test("encoderOf() reads a field by its from() instead", () => {
  const rate = { ...ROW, type: NUMBER, from: ({ hz }: { hz: number }) => 60 * hz };
  assert.deepEqual(encode({ rate }, { hz: 1.2 }), { rate: 72 });
});

Deno.test("encoderOf() rounds to the digits of the row, half up", () => {
  const fields = { a: { ...ROW, type: NUMBER, digits: 2 }, b: { ...ROW, type: NUMBER } };
  assert.deepEqual(encode(fields, { a: 1.005001, b: 1.005001 }), { a: 1.01, b: 1.005001 });
  assert.deepEqual(encode(fields, { a: -1.004, b: 0 }), { a: -1, b: 0 });
});

Deno.test("encoderOf() converts times to the epoch, of lists too", () => {
  const times = list(group("Sample", "A sample.", { timestamp: { ...ROW, type: TIME } }));
  assert.deepEqual(
    encode({ at: { ...ROW, type: TIME }, all: { ...ROW, type: times } }, {
      at: monotonicUs(5),
      all: [{ timestamp: monotonicUs(7) }],
    }),
    { at: 1_000_005, all: [{ timestamp: 1_000_007 }] },
  );
});

Deno.test("encoderOf() leaves out optional values that are missing, empty or not finite", () => {
  const fields = {
    number: { ...OPTIONAL, type: NUMBER },
    integer: { ...OPTIONAL, type: INTEGER },
    flag: { ...OPTIONAL, type: BOOLEAN },
    values: { ...OPTIONAL, type: list(NUMBER) },
    inner: { ...OPTIONAL, type: group("Inner", "Inner.", { a: { ...OPTIONAL, type: NUMBER } }) },
    name: { ...ROW, type: TEXT },
  };
  const missing = { number: NaN, integer: Infinity, values: [], inner: {}, name: "x" };
  assert.deepEqual(encode(fields, missing), { name: "x" });
  const present = { number: 0, integer: 0, flag: false, values: [0], inner: { a: 0 }, name: "" };
  assert.deepEqual(encode(fields, present), present);
});

Deno.test("encoderOf() leaves out an object that lacks a required value", () => {
  const inner = group("Inner", "Inner.", {
    value: { ...ROW, type: NUMBER },
    stable: { ...ROW, type: BOOLEAN },
  });
  const fields = { inner: { ...OPTIONAL, type: inner }, all: { ...OPTIONAL, type: list(inner) } };
  assert.equal(encode(fields, { inner: { value: NaN, stable: true } }), undefined);
  const whole = { value: 1, stable: true };
  assert.deepEqual(encode(fields, { all: [{ value: 1 }, whole] }), { all: [whole] });
  assert.equal(encode(fields, undefined), undefined);
});

Deno.test("encoderOf() keeps the order of the table", () => {
  const fields = { b: { ...ROW, type: NUMBER }, a: { ...ROW, type: constant("x") } };
  assert.equal(JSON.stringify(encode(fields, { a: "x", b: 1 })), '{"b":1,"a":"x"}');
});

Deno.test("encoderOf() never yields null, NaN or an empty container, for any source", () => {
  const fields = {
    number: { ...OPTIONAL, type: NUMBER, digits: 3 },
    values: { ...OPTIONAL, type: list(NUMBER) },
    inner: {
      ...OPTIONAL,
      type: group("Inner", "Inner.", {
        value: { ...ROW, type: NUMBER },
        values: { ...OPTIONAL, type: list(NUMBER) },
      }),
    },
  };
  const number = fc.option(fc.double(), { nil: undefined });
  const source = fc.record({
    number,
    values: fc.array(number),
    inner: fc.option(fc.record({ value: number, values: fc.array(number) }), { nil: undefined }),
  });
  fc.assert(fc.property(source, (given) => {
    const text = JSON.stringify(encode(fields, given)) ?? "";
    assert.doesNotMatch(text, /null|NaN|\[\]|\{\}/);
  }));
});
