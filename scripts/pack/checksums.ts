import { createHash } from "node:crypto";

/** Writes `SHA256SUMS` in `folder` over its files whose name matches, sorted by name. */
export function writeChecksums(folder: string, name: RegExp): void {
  const lines = [...Deno.readDirSync(folder)].map((entry) => entry.name)
    .filter((file) => name.test(file)).sort()
    .map((file) => {
      const bytes = Deno.readFileSync(`${folder}/${file}`);
      return `${createHash("sha256").update(bytes).digest("hex")}  ${file}\n`;
    });
  Deno.writeTextFileSync(`${folder}/SHA256SUMS`, lines.join(""));
}
