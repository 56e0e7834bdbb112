const ROOT = new URL("../../", import.meta.url);

/** Returns the paths of the documents in the repository. */
export function trackedMarkdown(): string[] {
  const { stdout } = new Deno.Command("git", { args: ["ls-files", "*.md"], cwd: ROOT.pathname })
    .outputSync();
  return new TextDecoder().decode(stdout).split("\n").filter(Boolean);
}
