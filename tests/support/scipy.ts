import { PYTHON } from "./program.ts";

/** Computes what it reads, a request a line, until its input ends. */
const SERVER = `
import json, sys
import numpy as np, scipy, scipy.signal, scipy.stats
for line in sys.stdin:
    request = json.loads(line)
    scope = dict(np=np, scipy=scipy, data=request["input"])
    try:
        exec(request["program"], scope)
        reply = dict(result=scope["result"])
    except Exception as error:
        reply = dict(error=repr(error))
    print(json.dumps(reply, default=lambda x: x.tolist()), flush=True)
`;

/** Starts with the module and not in a test, so that it may outlive each; ends with the process. */
const python = new Deno.Command(PYTHON, {
  args: ["-c", SERVER],
  stdin: "piped",
  stdout: "piped",
}).spawn();
const input = python.stdin.getWriter();
const output = python.stdout.getReader();

/**
 * Runs a Python program with numpy and scipy, as an independent computation for signal tests. The
 * program has the variable `data` and assigns its result to `result`. One call at a time.
 *
 * @throws {Error} with the exception of Python, if the program fails
 */
export async function scipy<Result>(program: string, data: unknown): Promise<Result> {
  await input.write(new TextEncoder().encode(`${JSON.stringify({ program, input: data })}\n`));
  const decoder = new TextDecoder();
  let line = "";
  while (!line.endsWith("\n")) {
    const { value, done } = await output.read();
    if (done) throw new Error("Cannot compute: Python has ended");
    line += decoder.decode(value, { stream: true });
  }
  const reply: { readonly result: Result; readonly error?: string } = JSON.parse(line);
  if (reply.error !== undefined) throw new Error(`Cannot compute: ${reply.error}`);
  return reply.result;
}
