/** The real time, whatever a test puts in place of `performance.now()`, in milliseconds. */
const nowMs = performance.now.bind(performance);

/**
 * Polls until `condition` returns a value other than false, null or undefined, and returns it.
 *
 * @param what Names the condition in the error.
 * @throws {Error} after `timeoutMs` milliseconds (default 10 s)
 */
export async function waitFor<Value>(
  what: string,
  condition: () => Value | Promise<Value>,
  { timeoutMs = 10_000, pollMs = 10 }: { timeoutMs?: number; pollMs?: number } = {},
): Promise<NonNullable<Exclude<Value, false>>> {
  const deadlineMs = nowMs() + timeoutMs;
  while (true) {
    const value = await condition();
    if (value !== false && value !== null && value !== undefined) {
      return value as NonNullable<Exclude<Value, false>>;
    }
    if (nowMs() > deadlineMs) throw new Error(`Waited ${timeoutMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
