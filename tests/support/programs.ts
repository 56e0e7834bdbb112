const RUNNER = new URL("fake_program.sh", import.meta.url).pathname;

/**
 * Writes a script, with its `#!` line, as a program at a path. Several tests share a process: while
 * one of them starts a child, that child holds all files that the others are writing, and the kernel
 * refuses to run a file that is open for writing ("Text file busy"). So the program is a link to a
 * file that no test writes, which runs the script.
 */
export function writeProgram(path: string, script: string): void {
  Deno.writeTextFileSync(`${path}.script`, script);
  try {
    Deno.symlinkSync(RUNNER, path);
  } catch (error) {
    // A program that is replaced has its link.
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
}
