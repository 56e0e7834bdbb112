/** What `install` puts into the unit file. */
export interface UnitValues {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Further lines of the service's section. */
  readonly additions: readonly string[];
}

const MARK = /^# Credentials and further folders.*\n/m;

/** The unit file for these values, made from the one that a user may copy. */
export function renderUnit(template: string, values: UnitValues): string {
  const { command, additions } = values;
  return template
    .replace(
      /^# physiology_server as a service\.[^[]*/,
      "# Written by physiology_server install.\n",
    )
    .replace(/^ExecStart=.*$/m, () => `ExecStart=${command.map(quoteArgument).join(" ")}`)
    .replace(MARK, () => additions.map((line) => `${line}\n`).join(""))
    .replaceAll(/\n{3,}/g, "\n\n");
}

/** An argument as systemd.service(5) reads it: no specifier, variable or quote is taken for one. */
export function quoteArgument(argument: string): string {
  const escaped = argument.replaceAll("%", "%%").replaceAll("$", "$$$$");
  if (/^[A-Za-z0-9_@%$+=:,./-]+$/.test(escaped)) return escaped;
  const body = escaped.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")
    .replaceAll("\t", "\\t");
  return `"${body}"`;
}

/** The value of a variable as a file of EnvironmentFile= spells it. */
export function quoteEnvironment(value: string): string {
  return `"${value.replaceAll(/["\\`$]/g, "\\$&")}"`;
}
