import assert from "node:assert/strict";
import { trackedMarkdown } from "../support/markdown.ts";

const ROOT = new URL("../../", import.meta.url);

function exists(url: URL): boolean {
  try {
    Deno.statSync(url);
    return true;
  } catch {
    return false;
  }
}

/** Paths of the repository between backticks, apart from patterns and placeholders. */
const PATH = /`\.?\/?((?:src|tests|scripts|docs|ffi|launcher|models|samples|config)\/[\w./-]+)`/g;
/** Targets of links to files, without their anchors. */
const LINK = /\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g;

Deno.test("documents refer only to files that exist", () => {
  const missing: string[] = [];
  for (const document of trackedMarkdown()) {
    const text = Deno.readTextFileSync(new URL(document, ROOT));
    for (const [, path = ""] of text.matchAll(PATH)) {
      if (!/NAME|\.\.\./.test(path) && !exists(new URL(path, ROOT))) {
        missing.push(`${document}: ${path}`);
      }
    }
    for (const [, target = ""] of text.matchAll(LINK)) {
      if (!exists(new URL(target, new URL(document, ROOT)))) missing.push(`${document}: ${target}`);
    }
  }
  assert.deepEqual(missing, []);
});

/** The anchor that a heading has on the usual hosts of Git repositories. */
function anchorOf(heading: string): string {
  return heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").trim().replaceAll(/\s/g, "-");
}

Deno.test("documents link only to headings that exist", () => {
  const missing: string[] = [];
  for (const document of trackedMarkdown()) {
    const text = Deno.readTextFileSync(new URL(document, ROOT));
    for (const [, file = "", anchor = ""] of text.matchAll(/\]\(([^)#\s:]*\.md)?#([^)]+)\)/g)) {
      const target = file === "" ? text : Deno.readTextFileSync(
        new URL(file, new URL(document, ROOT)),
      );
      const anchors = [...target.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
        anchorOf(heading)
      );
      if (!anchors.includes(anchor)) missing.push(`${document}: ${file}#${anchor}`);
    }
  }
  assert.deepEqual(missing, []);
});
