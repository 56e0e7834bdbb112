import { UnavailableError } from "../base/errors.ts";

/**
 * Runs a program of the system.
 *
 * @throws {UnavailableError} with its stderr if it fails or is not installed
 */
export async function runProgram(program: string, args: readonly string[]): Promise<void> {
  const name = `${program.replace(/^.*\//, "")} ${args.join(" ")}`;
  const { success, stderr } = await new Deno.Command(program, {
    args: [...args],
    stdout: "null",
    stderr: "piped",
  }).output().catch((cause) => {
    throw new UnavailableError(`Cannot run ${name}: ${cause.message}`, { cause });
  });
  if (success) return;
  const reason = new TextDecoder().decode(stderr).trim().split("\n").join("; ");
  throw new UnavailableError(`Cannot run ${name}: ${reason}`);
}
