/**
 * Runs a Python program with numpy and scipy, as an independent computation for signal tests. The
 * program reads `input` from the variable `data` and assigns its result to `result`.
 *
 * @throws {Error} with what Python wrote to stderr, if the program fails
 */
export async function scipy<Result>(program: string, input: unknown): Promise<Result> {
  const script = `
import json, sys
import numpy as np, scipy, scipy.signal
data = json.load(sys.stdin)
${program}
json.dump(result, sys.stdout, default=lambda x: x.tolist())
`;
  const child = new Deno.Command("/usr/bin/python3", {
    args: ["-c", script],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(input)));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  if (!success) throw new Error(`Cannot compute: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}
