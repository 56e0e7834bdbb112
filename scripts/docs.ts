/** Writes the files that are generated from the flag table; a test fails if they are stale. */
import { FLAGS } from "../src/app/flags.ts";
import { generatedFiles } from "../src/config/generated.ts";

const root = new URL("../", import.meta.url);
for (const [path, text] of generatedFiles(FLAGS)) {
  const url = new URL(path, root);
  Deno.mkdirSync(new URL("./", url), { recursive: true });
  Deno.writeTextFileSync(url, text);
}
