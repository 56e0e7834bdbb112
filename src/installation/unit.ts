/** What `install` puts into the unit file. */
export interface UnitValues {
  /** The program and its arguments, quoted. */
  readonly execStart: string;
  /** Further lines of the service's section. */
  readonly additions: readonly string[];
}

const MARK = /^# Credentials and further folders.*\n/m;

/** The unit file for these values, made from the one that a user may copy. */
export function renderUnit(template: string, values: UnitValues): string {
  const { execStart, additions } = values;
  return template
    .replace(
      /^# physiology_server as a service\.[^[]*/,
      "# Written by physiology_server install.\n",
    )
    .replace(/^ExecStart=.*$/m, () => `ExecStart=${execStart}`)
    .replace(MARK, () => additions.map((line) => `${line}\n`).join(""))
    .replaceAll(/\n{3,}/g, "\n\n");
}

/** The unit file that does what an installed one does, by the template of another version. */
export function renewUnit(template: string, installed: string): string {
  const execStart = /^ExecStart=(.*)$/m.exec(installed)?.[1] ?? "";
  const additions = installed.match(/^(LoadCredential|EnvironmentFile|ReadWritePaths)=.*$/gm) ?? [];
  return renderUnit(template, { execStart, additions });
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
