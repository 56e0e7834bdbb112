import assert from "node:assert/strict";
import { temporaryFolder } from "./folders.ts";
import { Program, PYTHON } from "./program.ts";

/** The folder of the Python package. */
export const PYTHON_CLIENT = new URL("../../clients/python/", import.meta.url).pathname;

/** Runs a command until it exits with status 0, and returns its output. */
export async function succeed(
  command: string,
  args: readonly string[],
  options: Deno.CommandOptions = {},
): Promise<string> {
  await using program = new Program(command, args, options);
  assert.equal(await program.ended(), 0, program.output);
  return program.output;
}

/** The package built as a wheel and installed in a virtual environment, until it is disposed. */
export class InstalledClient implements Disposable {
  readonly #folder = temporaryFolder();

  /** Builds and installs without a network. */
  static async install(): Promise<InstalledClient> {
    const client = new InstalledClient();
    const { path } = client.#folder;
    // A build writes beside the sources.
    await succeed("cp", ["-r", PYTHON_CLIENT, `${path}/source`]);
    await succeed(PYTHON, [
      "-m",
      "build",
      "--wheel",
      "--no-isolation",
      `--outdir=${path}/wheels`,
      `${path}/source`,
    ]);
    await succeed(PYTHON, ["-m", "venv", "--system-site-packages", `${path}/venv`]);
    await succeed(client.python, [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--no-index",
      "--no-deps",
      client.wheel,
    ]);
    return client;
  }

  /** The interpreter that finds the package. */
  get python(): string {
    return `${this.#folder.path}/venv/bin/python`;
  }

  /** Path of the wheel. */
  get wheel(): string {
    const [wheel] = Deno.readDirSync(`${this.#folder.path}/wheels`);
    return `${this.#folder.path}/wheels/${wheel?.name}`;
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}
