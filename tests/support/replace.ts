/**
 * Replaces a property until the result is disposed.
 *
 * @example
 * ```ts
 * using _exit = replaced(Deno, "exit", (status) => { throw new Exit(status); });
 * ```
 */
export function replaced<Owner extends object, Name extends keyof Owner>(
  owner: Owner,
  name: Name,
  value: NoInfer<Owner[Name]>,
): Disposable {
  const before = owner[name];
  owner[name] = value;
  return { [Symbol.dispose]: () => void (owner[name] = before) };
}
