import { FAULTS, type Row } from "./matrix.ts";
import { cellsOf, parseMarkdown, renderMarkdown } from "./table.ts";

const DOCUMENT = new URL("../../docs/FAULTS.md", import.meta.url);
const [BEGIN, END] = ["<!-- fault matrix: begin -->", "<!-- fault matrix: end -->"];

/** Replaces the measured rows of the table between the markers of docs/FAULTS.md. */
export async function writeRows(rows: readonly Row[]): Promise<void> {
  const text = await Deno.readTextFile(DOCUMENT);
  const [before, rest = ""] = text.split(BEGIN);
  const [, after = ""] = rest.split(END);
  const cells = parseMarkdown(rest.split(END)[0] ?? "");
  for (const row of rows) cells.set(row.fault.name, cellsOf(row));
  const table = renderMarkdown(FAULTS, cells);
  const { cpus, memory } = machine();
  const measured =
    `Measured on ${cpus} x86-64 cores with ${memory} GB of memory, Linux and Redis ` +
    "of the same machine.";
  await Deno.writeTextFile(
    DOCUMENT,
    `${before}${BEGIN}\n\n${measured}\n\n${table}\n\n${END}${after}`,
  );
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "-q", DOCUMENT.pathname] }).output();
}

function machine() {
  const cpus = navigator.hardwareConcurrency;
  const memory = Math.round(Deno.systemMemoryInfo().total / 2 ** 30);
  return { cpus, memory };
}
