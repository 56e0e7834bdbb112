import type { Finding } from "./findings.ts";

/** The result of a check. */
export interface CheckResult {
  /** A pulse can be measured. */
  readonly usable: boolean;
  /** The input is the simulated camera. */
  readonly simulated: boolean;
}

const LABELS = { good: "good", poor: "poor", bad: "BAD" } as const;

/** Formats the findings for a terminal: one line each, and one with a hint if it is not good. */
export function findingsText(findings: readonly Finding[], result: CheckResult): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.flatMap(({ name, value, verdict, hint }) => [
    `${LABELS[verdict].padEnd(4)}  ${name.padEnd(width)}  ${value}`,
    ...hint === undefined ? [] : [`      ${" ".repeat(width)}  ${hint}`],
  ]);
  return [
    ...result.simulated ? ["SIMULATED: the values below describe no person."] : [],
    "",
    ...lines,
    "",
    result.usable
      ? "The camera can measure a pulse."
      : "The camera cannot measure a pulse yet: correct the lines marked BAD, from the top.",
  ].join("\n");
}

/** Formats the findings as JSON. */
export function findingsJson(findings: readonly Finding[], result: CheckResult): string {
  return JSON.stringify({ ...result, findings }, null, 2);
}
