/**
 * Fault matrix: causes one fault after the other at a running server, and prints what an independent
 * subscriber misses, gets twice or gets out of order, how old the core metrics become, and how long
 * the recovery takes.
 *
 *     deno run -A scripts/fault_matrix/main.ts                  # about 20 minutes
 *     deno run -A scripts/fault_matrix/main.ts --short          # each fault shortened
 *     deno run -A scripts/fault_matrix/main.ts --only=broker,spool  # rows whose name has these texts
 *     deno run -A scripts/fault_matrix/main.ts --write-docs     # also these rows in docs/FAULTS.md
 *
 * Exits with status 1 if a row misses a goal.
 */
import { parseArgs } from "node:util";
import { FAULTS, type Row, runFault } from "./matrix.ts";
import { COLUMNS, textOf } from "./table.ts";
import { writeRows } from "./document.ts";

const { values: options } = parseArgs({
  options: {
    "only": { type: "string", default: "" },
    "short": { type: "boolean", default: false },
    "write-docs": { type: "boolean", default: false },
    "log": { type: "boolean", default: false },
  },
});

const faults = FAULTS.filter(({ name }) =>
  options.only.split(",").some((text) => name.includes(text))
);
const rows: Row[] = [];
console.log(textOf(COLUMNS));
for (const fault of faults) {
  const row = await runFault(fault, { short: options.short });
  rows.push(row);
  console.log(textOf(row));
  if (row.skipped !== undefined) continue;
  for (const failure of row.failures) console.log(`    ${failure}`);
  if (options.log || row.failures.length > 0) console.error(row.log.trim());
}
if (options["write-docs"]) await writeRows(rows);
Deno.exit(rows.some((row) => row.skipped === undefined && row.failures.length > 0) ? 1 : 0);
