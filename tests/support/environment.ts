/** Runs `use` with changed variables of the environment; undefined removes a variable. */
export function withEnvironment<Result>(
  variables: Readonly<Record<string, string | undefined>>,
  use: () => Result,
): Result {
  const before = Object.keys(variables).map((name) => [name, Deno.env.get(name)] as const);
  const set = ([name, value]: readonly [string, string | undefined]) =>
    value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
  Object.entries(variables).forEach(set);
  const restore = () => before.forEach(set);
  let result: Result;
  try {
    result = use();
  } catch (error) {
    restore();
    throw error;
  }
  if (result instanceof Promise) return result.finally(restore) as Result;
  restore();
  return result;
}
