import { COUNTERPARTS, doubled, type Mutant, OPPOSITE_COMPARISONS } from "./mutant.ts";

interface Rule {
  readonly operator: string;
  readonly pattern: RegExp;
  readonly replace: (match: string) => string | undefined;
}

/** Binary operators have a space on both sides, as clang-format writes them. */
const RULES: readonly Rule[] = [
  {
    operator: "comparison",
    pattern: /(?<= )(<=|>=|==|!=|<|>)(?= )/g,
    replace: (match) => OPPOSITE_COMPARISONS.get(match),
  },
  {
    operator: "logic",
    pattern: /(?<= )(&&|\|\|)(?= )/g,
    replace: (match) => COUNTERPARTS.get(match),
  },
  {
    operator: "arithmetic",
    pattern: /(?<=[\w)\]] )([+\-*/]|\+=|-=)(?= )/g,
    replace: (match) => COUNTERPARTS.get(match),
  },
  {
    operator: "number",
    pattern: /(?<![\w.])\d+(\.\d+)?(?=[^\w.])/g,
    replace: (match) => doubled(match),
  },
  // A call that stands alone on its line.
  { operator: "call", pattern: /(?<=^\s+)[a-z_][\w]*\([^;{}]*\);(?=\n)/gm, replace: () => ";" },
];

/** The mutants of a C file, in the order of the text. */
export function cMutants(path: string, text: string): Mutant[] {
  const code = blankOut(text);
  return RULES.flatMap(({ operator, pattern, replace }) =>
    [...code.matchAll(pattern)].flatMap((match): Mutant[] => {
      const replacement = replace(match[0]);
      if (replacement === undefined) return [];
      const start = match.index;
      return [{
        path,
        line: code.slice(0, start).split("\n").length,
        operator,
        start,
        end: start + match[0].length,
        original: match[0],
        replacement,
      }];
    })
  ).sort((a, b) => a.start - b.start);
}

/** Replaces comments, strings, preprocessor lines and assertions by spaces, so that positions stay. */
function blankOut(text: string): string {
  const ignored =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*|_Static_assert\([\s\S]*?\);/gm;
  return text.replaceAll(ignored, (part) => part.replaceAll(/[^\n]/g, " "));
}
