import type { MonotonicUs } from "../base/time.ts";
import { camelCase, type GroupType, type ToEpoch, type Type } from "./fields/field.ts";

/** Turns a source value into its JSON value; undefined if there is nothing to publish. */
type Encode = (source: unknown, toEpoch: ToEpoch) => unknown;

/**
 * Compiles a group of the field table into a function that encodes its source.
 *
 * A missing measurement becomes a missing key, never 0, null or NaN: undefined and non-finite
 * values, empty lists and empty objects are left out, and so is an object that lacks one of the
 * fields that are always present.
 */
export function encoderOf<Source, Payload>(
  group: GroupType,
): (source: Source, toEpoch: ToEpoch) => Payload | undefined {
  return groupEncoder(group) as (source: Source, toEpoch: ToEpoch) => Payload | undefined;
}

function groupEncoder({ fields }: GroupType): Encode {
  const rows = Object.entries(fields).map(([key, field]) => ({
    key,
    from: (field.from ?? propertyReader(camelCase(key))) as (source: unknown) => unknown,
    encode: typeEncoder(field.type, field.digits),
    required: field.when === undefined,
  }));
  return (source, toEpoch) => {
    if (source === undefined || source === null) return undefined;
    const payload: Record<string, unknown> = {};
    let empty = true;
    for (const { key, from, encode, required } of rows) {
      const value = encode(from(source), toEpoch);
      if (value !== undefined) {
        payload[key] = value;
        empty = false;
      } else if (required) return undefined;
    }
    return empty ? undefined : payload;
  };
}

function propertyReader(name: string) {
  return (source: Readonly<Record<string, unknown>>) => source[name];
}

function typeEncoder(type: Type, digits?: number): Encode {
  switch (type.kind) {
    case "number":
    case "integer":
      return (value) =>
        typeof value !== "number" || !Number.isFinite(value)
          ? undefined
          : digits === undefined
          ? value
          : rounded(value, digits);
    case "time":
      return (timeUs, toEpoch) => timeUs === undefined ? undefined : toEpoch(timeUs as MonotonicUs);
    case "group":
      return groupEncoder(type);
    case "list":
      return listEncoder(typeEncoder(type.item, digits));
    case "boolean":
    case "text":
    case "base64":
    case "constant":
    case "choice":
      return (value) => value;
  }
}

function listEncoder(encodeItem: Encode): Encode {
  return (items, toEpoch) => {
    const encoded: unknown[] = [];
    for (const item of items as readonly unknown[] ?? []) {
      const value = encodeItem(item, toEpoch);
      if (value !== undefined) encoded.push(value);
    }
    return encoded.length > 0 ? encoded : undefined;
  };
}

/** Rounds to `digits` decimals; a value too large to be scaled has no decimals. */
function rounded(value: number, digits: number): number {
  const scale = 10 ** digits;
  const scaled = value * scale;
  return Number.isFinite(scaled) ? Math.round(scaled) / scale : value;
}
