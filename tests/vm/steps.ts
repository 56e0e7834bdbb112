/**
 * Returns a function that runs a step and ends the test if the step fails: the next steps depend on
 * the state that it leaves in the machine.
 */
export function stepsOf(test: Deno.TestContext) {
  return async (
    name: string,
    run: () => Promise<void>,
    { ignore = false }: { readonly ignore?: boolean } = {},
  ): Promise<void> => {
    const passed = await test.step({ name, fn: run, ignore });
    if (!passed && !ignore) throw new Error(`Stopped after: ${name}`);
  };
}

/** Prints a figure of a step. Bypasses the test runner, which hides the output of tests that pass. */
export function report(text: string): void {
  Deno.writeTextFileSync("/dev/stderr", ` ${text} `, { append: true });
}
