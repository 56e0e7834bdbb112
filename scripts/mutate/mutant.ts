/** One small fault in one source file. */
export interface Mutant {
  /** Path from the root of the repository. */
  readonly path: string;
  /** Line of the change, from 1. */
  readonly line: number;
  readonly operator: string;
  /** Half-open range of the source text, in UTF-16 code units, that `replacement` replaces. */
  readonly start: number;
  readonly end: number;
  readonly original: string;
  readonly replacement: string;
}

/** The text of a file with a mutant applied. */
export function applyMutant(text: string, { start, end, replacement }: Mutant): string {
  return text.slice(0, start) + replacement + text.slice(end);
}

/** The room of a source file: its folder below `src`, or `native` and `ffi` for the two parts of ffi. */
export function roomOf(path: string): string {
  const [top = "", room = ""] = path.split("/");
  return top === "ffi" ? (room === "native" ? "native" : "ffi") : room;
}

/** The last significant digits of 0.1 + 0.2 and the like are noise in a source file. */
const SIGNIFICANT_DIGITS = 12;

/** A numeric literal with its value doubled, or 1 for 0; undefined if it is not finite. */
export function doubled(literal: string): string | undefined {
  const value = Number(literal.replaceAll("_", ""));
  if (!Number.isFinite(value)) return undefined;
  return value === 0 ? "1" : String(Number((2 * value).toPrecision(SIGNIFICANT_DIGITS)));
}

/** Opposites of comparisons; the same in TypeScript and C. */
export const OPPOSITE_COMPARISONS: ReadonlyMap<string, string> = new Map([
  ["<", ">="],
  ["<=", ">"],
  [">", "<="],
  [">=", "<"],
  ["===", "!=="],
  ["!==", "==="],
  ["==", "!="],
  ["!=", "=="],
]);

/** Other operators that are exchanged for their counterpart. */
export const COUNTERPARTS: ReadonlyMap<string, string> = new Map([
  ["&&", "||"],
  ["||", "&&"],
  ["+", "-"],
  ["-", "+"],
  ["*", "/"],
  ["/", "*"],
  ["+=", "-="],
  ["-=", "+="],
]);
