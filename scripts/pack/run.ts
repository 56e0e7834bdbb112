/**
 * Runs a program until it exits and returns its stdout. Its stderr is that of this process.
 *
 * @throws {Error} if it exits with another status than 0
 */
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
  if (!success) {
    throw new Error(`Cannot run ${program} ${args[0] ?? ""}: it exited with status ${code}`);
  }
  return new TextDecoder().decode(stdout);
}

export type Arch = "x64" | "arm64";

export function hostArch(): Arch {
  return Deno.build.arch === "aarch64" ? "arm64" : "x64";
}

/** The architecture as Debian names it. */
export function debianArchitecture(arch: Arch): "amd64" | "arm64" {
  return arch === "x64" ? "amd64" : "arm64";
}

/** The project's folder, without a slash at its end. */
export const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
