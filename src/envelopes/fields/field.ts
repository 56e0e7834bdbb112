import type { EpochUs, MonotonicUs } from "../../base/time.ts";

/**
 * The language in which the field table is written. One row per payload field gives the TypeScript
 * type, the JSON encoder, the Protobuf definition, the JSON Schema and the documentation.
 */

/** Converts a monotonic time to epoch time, both in microseconds. */
export type ToEpoch = (time: MonotonicUs) => EpochUs;

export interface NumberType {
  readonly kind: "number";
}
export interface IntegerType {
  readonly kind: "integer";
}
export interface BooleanType {
  readonly kind: "boolean";
}
export interface TextType {
  readonly kind: "text";
}
/** Bytes, in base64. */
export interface Base64Type {
  readonly kind: "base64";
  /** Media type of the bytes. */
  readonly mediaType: string;
}
/** Microseconds since the Unix epoch; encoded from monotonic microseconds. */
export interface TimeType {
  readonly kind: "time";
}
export interface ConstantType<V extends string | boolean = string | boolean> {
  readonly kind: "constant";
  readonly value: V;
}
/** One of several texts, each with its meaning. */
export interface ChoiceType<V extends string = string> {
  readonly kind: "choice";
  /** Name of the set of values, as in the schema. */
  readonly name: string;
  readonly meanings: Readonly<Record<V, string>>;
}
/** An object; `name` is its Protobuf message and its definition in the JSON Schema. */
export interface GroupType<F extends Fields = Fields> {
  readonly kind: "group";
  readonly name: string;
  readonly description: string;
  readonly fields: F;
  /** Protobuf fields beside these: published ones that are derived, or that are never set. */
  readonly protoOnly: readonly ProtoOnlyField[];
}

/** A field of a Protobuf message that has no key in JSON. */
export interface ProtoOnlyField {
  /** As in a `.proto` file, without the semicolon: `float time = 1`. */
  readonly declaration: string;
  readonly description: string;
}

export interface ListType<T extends Type = Type> {
  readonly kind: "list";
  readonly item: T;
}

export type Type =
  | NumberType
  | IntegerType
  | BooleanType
  | TextType
  | Base64Type
  | TimeType
  | ConstantType
  | ChoiceType
  // deno-lint-ignore no-explicit-any
  | GroupType<any>
  // deno-lint-ignore no-explicit-any
  | ListType<any>;

/** Where a field stands in the Protobuf messages. */
export type ProtoField =
  | number
  | {
    readonly number: number;
    /** @default the field's own name */
    readonly name?: string;
    /** @default the type that fits the field's */
    readonly type?: string;
    /** The message whose only field, 1, holds the list, for lists that are wrapped. */
    readonly wrapper?: { readonly message: string; readonly field: string };
  }
  | { readonly omitted: string };

/** One row of the field table. */
export interface Field<T extends Type = Type> {
  readonly type: T;
  /** What the value is, in full sentences. */
  readonly description: string;
  readonly unit?: string;
  /** Decimals that are kept; further ones are noise. */
  readonly digits?: number;
  /** Inclusive limits of the value. */
  readonly range?: readonly [min: number, max: number];
  /** When the field is present; a field without this is always present. */
  readonly when?: string;
  readonly proto: ProtoField;
  /**
   * Reads the value from the group's source.
   *
   * @default the property of the source with the same name in camel case
   */
  // deno-lint-ignore no-explicit-any
  readonly from?: (source: any) => unknown;
}

export type Fields = Readonly<Record<string, Field>>;

/** The TypeScript type of a value as it stands in JSON. */
export type ValueOf<T> = T extends NumberType | IntegerType ? number
  : T extends TimeType ? EpochUs
  : T extends BooleanType ? boolean
  : T extends TextType | Base64Type ? string
  : T extends ConstantType<infer V> ? V
  : T extends ChoiceType<infer V> ? V
  : T extends GroupType<infer F> ? PayloadOf<F>
  : T extends ListType<infer I> ? readonly ValueOf<I>[]
  : never;

type OptionalKeys<F> = {
  [K in keyof F]: F[K] extends { readonly when: string } ? K : never;
}[keyof F];

/** The TypeScript type of an object with these fields: those with `when` are optional. */
export type PayloadOf<F> =
  & { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: ValueOf<TypeOf<F[K]>> }
  & { readonly [K in OptionalKeys<F>]?: ValueOf<TypeOf<F[K]>> };

type TypeOf<F> = F extends { readonly type: infer T } ? T : never;

type Camel<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : S;

/** Requires `from` for each field that the source has no property for. */
type Sourced<F, Source> = {
  [K in keyof F]: F[K] extends { readonly from: unknown } ? unknown
    : Camel<K & string> extends keyof Source ? unknown
    : { readonly from: (source: Source) => unknown };
};

/** Fields that are encoded from a `Source`; a field that the source lacks is a type error. */
export function fieldsOf<Source>() {
  return <const F extends Fields>(fields: F & Sourced<F, Source>): F => fields;
}

export const NUMBER: NumberType = { kind: "number" };
export const INTEGER: IntegerType = { kind: "integer" };
export const BOOLEAN: BooleanType = { kind: "boolean" };
export const TEXT: TextType = { kind: "text" };
export const TIME: TimeType = { kind: "time" };

export function constant<const V extends string | boolean>(value: V): ConstantType<V> {
  return { kind: "constant", value };
}

export function choice<const V extends string>(
  name: string,
  meanings: Readonly<Record<V, string>>,
): ChoiceType<V> {
  return { kind: "choice", name, meanings };
}

export function group<const F extends Fields>(
  name: string,
  description: string,
  fields: F,
  protoOnly: readonly ProtoOnlyField[] = [],
): GroupType<F> {
  return { kind: "group", name, description, fields, protoOnly };
}

export function list<T extends Type>(item: T): ListType<T> {
  return { kind: "list", item };
}

/** `pulse_rate` → `pulseRate`. */
export function camelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
