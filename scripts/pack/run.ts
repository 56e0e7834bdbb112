/** Runs a program to its end; its stderr is ours. @throws {Error} where it fails. */
export async function run(
  program: string,
  args: readonly string[],
  options: Pick<Deno.CommandOptions, "cwd" | "env"> = {},
): Promise<string> {
  const { success, code, stdout } = await new Deno.Command(program, {
    ...options,
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`Cannot go on: ${program} ${args[0] ?? ""} ended with ${code}`);
  return new TextDecoder().decode(stdout);
}

export type Arch = "x64" | "arm64";

export function hostArch(): Arch {
  return Deno.build.arch === "aarch64" ? "arm64" : "x64";
}

/** The project's folder, without a slash at its end. */
export const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
