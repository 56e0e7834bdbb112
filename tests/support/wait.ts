/**
 * Polls until `condition` gives something other than false, null or undefined, and returns it.
 *
 * @throws {Error} naming `what` after `timeoutMs` milliseconds (default 10 s).
 */
export async function waitFor<Value>(
  what: string,
  condition: () => Value | Promise<Value>,
  { timeoutMs = 10_000, pollMs = 10 }: { timeoutMs?: number; pollMs?: number } = {},
): Promise<NonNullable<Exclude<Value, false>>> {
  const deadline = performance.now() + timeoutMs;
  while (true) {
    const value = await condition();
    if (value !== false && value !== null && value !== undefined) {
      return value as NonNullable<Exclude<Value, false>>;
    }
    if (performance.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
