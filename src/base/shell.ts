/** Quotes an argument for a POSIX shell. */
export function quoteForShell(argument: string): string {
  if (/^[A-Za-z0-9_@+=:,./-]+$/.test(argument)) return argument;
  return `'${argument.replaceAll("'", "'\\''")}'`;
}
