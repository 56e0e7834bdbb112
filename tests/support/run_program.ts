const ROOT = new URL("../../", import.meta.url).pathname;

/** The program's whole answer to one command line. */
export interface Answer {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Further environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** @default the project's folder */
  readonly cwd?: string;
}

/** Runs the program from source, as `scripts/physiology_server` does, to its end. */
export async function runProgram(
  args: readonly string[],
  { env = {}, cwd = ROOT }: RunOptions = {},
): Promise<Answer> {
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
