import * as z from "zod";
import type { Flag } from "./flag.ts";
import { Secret } from "./secret.ts";

/** A valid value, or what a value must be, as the end of `it must be ...`. */
export type Checked = { readonly value: unknown } | { readonly mustBe: string };

/** Returns the schema of a flag's value in JSON. */
export function schemaOf(flag: Flag): z.ZodType {
  const [min, max] = flag.range ?? [-Infinity, Infinity];
  switch (flag.kind) {
    case "bool":
      return z.boolean();
    case "int":
      return z.int().min(min).max(max);
    case "float":
      return z.number().min(min).max(max);
    case "enum":
      return z.enum(flag.choices as [string, ...string[]]);
    case "list":
      return z.array(textSchema(flag)).max(1000);
    case "text":
    case "path":
    case "secret":
      return flag.default === undefined
        ? z.union([z.literal(""), textSchema(flag)])
        : textSchema(flag);
  }
}

function textSchema(flag: Flag): z.ZodType {
  // A NUL ends a string in C, which would cut off the rest silently.
  const schema = z.string().max(65_536).regex(/^[^\0]*$/);
  return flag.pattern ? schema.regex(flag.pattern.regex) : schema;
}

/** Checks a value from a JSON file. */
export function checkJson(flag: Flag, candidate: unknown): Checked {
  const result = schemaOf(flag).safeParse(candidate);
  if (!result.success) return { mustBe: requirement(flag) };
  if (flag.kind === "secret") return { value: new Secret(result.data as string) };
  // An empty text means that the value is absent, so that a file can list every key.
  if (flag.default === undefined && result.data === "") return { value: undefined };
  return { value: Array.isArray(result.data) ? Object.freeze(result.data) : result.data };
}

/** Checks a value from the command line or the environment. */
export function checkText(flag: Flag, text: string): Checked {
  return checkJson(flag, fromText(flag, text));
}

const BOOLEANS: Readonly<Record<string, boolean>> = {
  true: true,
  t: true,
  yes: true,
  y: true,
  1: true,
  false: false,
  f: false,
  no: false,
  n: false,
  0: false,
};
const INTEGER = /^[+-]?\d{1,16}$/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i;

/** Returns the JSON value of a text, or the text itself if it cannot be converted. */
function fromText(flag: Flag, text: string): unknown {
  switch (flag.kind) {
    case "bool":
      return BOOLEANS[text.toLowerCase()] ?? text;
    case "int":
      return INTEGER.test(text) ? Number(text) : text;
    case "float":
      return NUMBER.test(text) ? Number(text) : text;
    case "enum":
      return flag.choices?.find((choice) => choice.toLowerCase() === text.toLowerCase()) ?? text;
    case "list":
      return text.split(",").map((part) => part.trim()).filter((part) => part !== "");
    default:
      return text;
  }
}

/** Describes the valid values: `an integer from 1 to 65535`. */
export function requirement(flag: Flag): string {
  const range = flag.range ? ` from ${flag.range[0]} to ${flag.range[1]}` : "";
  switch (flag.kind) {
    case "bool":
      return "true or false";
    case "int":
      return `an integer${range}`;
    case "float":
      return `a number${range}`;
    case "enum":
      return `one of ${flag.choices?.join(", ")}`;
    case "list":
      return flag.pattern?.description ?? "a list of texts";
    case "path":
      return flag.pattern?.description ?? "a path";
    case "text":
    case "secret":
      return flag.pattern?.description ?? "a text";
  }
}

/** Formats a value for the command line; a secret is masked. */
export function formatValue(value: unknown): string {
  if (value === undefined) return "";
  return Array.isArray(value) ? value.join(",") : String(value);
}
