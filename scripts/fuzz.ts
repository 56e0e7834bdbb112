/**
 * Fuzzes a parser in TypeScript, guided by the coverage that V8 measures, and keeps the inputs that
 * reach new code in `tests/fuzz/corpus`. `scripts/fuzz` runs it.
 *
 *   deno run -A scripts/fuzz.ts --minutes=N TARGET
 */
import { createHash } from "node:crypto";
import { parseArgs } from "node:util";
import { fuzz } from "../tests/fuzz/fuzzer.ts";
import { corpusFolder, FUZZ_TARGETS, readCorpus } from "../tests/fuzz/targets.ts";

const { values, positionals: [name = ""] } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string", default: `${Date.now() % 1e6}` },
  },
});
if (!Object.hasOwn(FUZZ_TARGETS, name)) {
  console.error(`fuzz: Unknown target '${name}': use ${Object.keys(FUZZ_TARGETS).join(", ")}`);
  Deno.exit(64);
}

const endMs = performance.now() + Number(values.minutes) * 60_000;
let reportMs = 0;
const { executions, covered, corpus, finding } = await fuzz(
  FUZZ_TARGETS[name as keyof typeof FUZZ_TARGETS],
  {
    corpus: readCorpus(name),
    seed: Number(values.seed),
    isDone(executions) {
      const nowMs = performance.now();
      if (nowMs >= reportMs) {
        if (reportMs > 0) console.error(`fuzz ${name}: ${executions} executions`);
        reportMs = nowMs + 60_000;
      }
      return nowMs >= endMs;
    },
  },
);
console.log(
  `fuzz ${name}: ${executions} executions, ${covered} characters of the sources covered by ` +
    `${corpus.length} inputs, ${finding ? "1 finding" : "no finding"} (seed ${values.seed})`,
);
if (finding) {
  const path = `finding-${name}-${hashOf(finding.input)}`;
  Deno.writeFileSync(path, finding.input);
  console.error(`fuzz ${name}: ${path}:`, finding.error);
  Deno.exit(1);
}
const folder = corpusFolder(name);
Deno.mkdirSync(folder, { recursive: true });
const kept = new Map(corpus.map((input) => [hashOf(input), input]));
for (const { name: file } of [...Deno.readDirSync(folder)]) {
  if (!kept.delete(file)) Deno.removeSync(`${folder}/${file}`);
}
for (const [file, input] of kept) Deno.writeFileSync(`${folder}/${file}`, input);

function hashOf(input: Uint8Array): string {
  return createHash("sha1").update(input).digest("hex");
}
