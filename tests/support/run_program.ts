const ROOT = new URL("../../", import.meta.url).pathname;

/** Exit status and output of one run of the program. */
export interface ProgramOutput {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Variables added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** @default the project's folder */
  readonly cwd?: string;
}

/** Runs the program from source until it exits. */
export async function runProgram(
  args: readonly string[],
  { env = {}, cwd = ROOT }: RunOptions = {},
): Promise<ProgramOutput> {
  const output = await new Deno.Command(`${ROOT}scripts/physiology_server`, {
    args: [...args],
    env: { ...env },
    cwd,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { status: output.code, stdout: decode(output.stdout), stderr: decode(output.stderr) };
}
