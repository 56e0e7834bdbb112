import { type Mutant, roomOf } from "./mutant.ts";

/** What happened to a mutant: the stage whose tests noticed it, or `survived`. */
export interface Verdict {
  readonly mutant: Mutant;
  readonly killedBy: string | undefined;
}

/** A Markdown report: a row for each room, then the survivors. */
export function renderReport(verdicts: readonly Verdict[]): string {
  const rooms = Map.groupBy(verdicts, ({ mutant }) => roomOf(mutant.path));
  const rows = [...rooms].sort().map(([room, of]) => row(room, of));
  const survivors = verdicts.filter(({ killedBy }) => killedBy === undefined);
  return [
    "| room | mutants | killed | rate |",
    "| --- | ---: | ---: | ---: |",
    ...rows,
    row("all", verdicts),
    "",
    ...survivors.map(({ mutant }) => `- ${describe(mutant)}`),
    "",
  ].join("\n");
}

function row(name: string, verdicts: readonly Verdict[]): string {
  const killed = verdicts.filter(({ killedBy }) => killedBy !== undefined).length;
  const rate = verdicts.length > 0 ? Math.round((100 * killed) / verdicts.length) : 100;
  return `| ${name} | ${verdicts.length} | ${killed} | ${rate} % |`;
}

/** One line that a reviewer can apply by hand: place, operator, and both texts. */
export function describe({ path, line, operator, original, replacement }: Mutant): string {
  const short = (text: string) => {
    const flat = text.replaceAll(/\s+/g, " ");
    return flat.length > 60 ? `${flat.slice(0, 57)}...` : flat;
  };
  return `${path}:${line} ${operator}: \`${short(original)}\` -> \`${short(replacement)}\``;
}
