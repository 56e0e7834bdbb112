import { DeliveryError, type NotifierKind } from "../notifier.ts";

/** Runs a program for each alert, without a shell; the alert is JSON on its stdin. */
export const command: NotifierKind = (object) => {
  const program = object.require("program").string({
    regex: /^\/[^\0]+$/,
    description: "the absolute path of a program",
  });
  const args = object.get("args")?.list().map((node) => node.string()) ?? [];
  return {
    permissions: { run: [program] },
    open: () =>
      Promise.resolve({
        send: (alert, signal) => run(program, args, { input: JSON.stringify(alert), signal }),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }),
  };
};

async function run(
  program: string,
  args: readonly string[],
  { input, signal }: { readonly input: string; readonly signal: AbortSignal },
): Promise<void> {
  const child = new Deno.Command(program, {
    args: [...args],
    clearEnv: true,
    env: { PATH: "/usr/local/bin:/usr/bin:/bin" },
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const kill = () => {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has already ended.
    }
  };
  signal.addEventListener("abort", kill, { once: true });
  if (signal.aborted) kill();
  try {
    const writer = child.stdin.getWriter();
    // A program that does not read its input is not at fault.
    const written = writer.write(new TextEncoder().encode(input + "\n"))
      .then(() => writer.close()).catch(() => {});
    const { success, code, signal: endedBy } = await child.status;
    await written;
    if (success) return;
    throw new DeliveryError(
      endedBy === null ? `exit status ${code}` : `ended by ${endedBy}`,
      { retry: true },
    );
  } finally {
    signal.removeEventListener("abort", kill);
  }
}
