/**
 * Writes the files that are generated from the tables of the program: flags, fields, statuses,
 * reasons. `--check` only compares them, and fails if one is stale.
 */
import { FLAGS } from "../src/app/flags.ts";
import { VERSION } from "../src/base/version.ts";
import { generatedFiles as flagFiles } from "../src/config/generated.ts";
import { generatedFiles as envelopeFiles } from "../src/envelopes/render/files.ts";
import { instanceTemplate } from "../src/installation/unit.ts";
import { aclExample } from "../src/transports/redis/acl/rules.ts";
import { generatedFiles as webFiles } from "../src/web/generated.ts";
import { growthPlots, readGrowth } from "../tests/bench/growth_results.ts";
import { generatedFiles as grafanaFiles } from "./grafana/dashboard.ts";
import { pageFiles } from "./page_bundle.ts";

const ROOT = new URL("../", import.meta.url);
const read = (path: string) => Deno.readTextFileSync(new URL(path, ROOT));

const files = new Map([
  ...flagFiles(FLAGS),
  ...envelopeFiles({ version: VERSION, read }),
  ...webFiles(),
  ...grafanaFiles(),
  ["config/redis.acl", aclExample()],
  ["docs/performance.svg", growthPlots(readGrowth())],
  ["config/physiology_server@.service", instanceTemplate(read("config/physiology_server.service"))],
  ...pageFiles(),
]);
if (Deno.args.includes("--check")) {
  const stale = [...files].filter(([path, text]) => !isCurrent(path, text)).map(([path]) => path);
  for (const path of stale) console.error(`${path} is stale: run deno task docs`);
  Deno.exit(stale.length > 0 ? 1 : 0);
}
for (const [path, text] of files) {
  const url = new URL(path, ROOT);
  Deno.mkdirSync(new URL("./", url), { recursive: true });
  Deno.writeTextFileSync(url, text);
}

function isCurrent(path: string, text: string): boolean {
  try {
    return read(path) === text;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
