/** The values that `install` inserts into the unit file. */
export interface UnitValues {
  /** The program and its quoted arguments. */
  readonly execStart: string;
  /** Additional lines of the section [Service]. */
  readonly additions: readonly string[];
}

/** The line that the additions replace. */
const PLACEHOLDER = /^# Credentials and further folders.*\n/m;

/** Renders the unit file from its template in `config/`. */
export function renderUnit(template: string, values: UnitValues): string {
  const { execStart, additions } = values;
  return template
    .replace(
      /^# physiology_server as a service\.[^[]*/,
      "# Written by physiology_server install.\n",
    )
    .replace(/^ExecStart=.*$/m, () => `ExecStart=${execStart}`)
    .replace(PLACEHOLDER, () => additions.map((line) => `${line}\n`).join(""))
    .replaceAll(/\n{3,}/g, "\n\n");
}

/** Renders the template of this version with the values of an installed unit file. */
export function renewUnit(template: string, installed: string): string {
  const execStart = /^ExecStart=(.*)$/m.exec(installed)?.[1] ?? "";
  const kept = installed.match(KEPT_DIRECTIVES) ?? [];
  // A unit of an older version had no limit, and its flags may name any host.
  const additions = /^IPAddressDeny=/m.test(installed)
    ? kept
    : [...kept, ...addressDirectives(true)];
  return renderUnit(template, { execStart, additions });
}

/** The template allows localhost itself. */
const KEPT_DIRECTIVES =
  /^((LoadCredential|EnvironmentFile|ReadWritePaths)=.*|IPAddressAllow=(?!localhost$).*)$/gm;

/** Returns the lines of the unit that allow addresses beyond this machine; true: all. */
export function addressDirectives(peers: true | readonly string[]): string[] {
  return (peers === true ? ["any"] : peers).map((address) => `IPAddressAllow=${address}`);
}

/** Quotes an argument for a unit file, with specifiers and variables escaped (systemd.service(5)). */
export function quoteArgument(argument: string): string {
  const escaped = argument.replaceAll("%", "%%").replaceAll("$", "$$$$");
  if (/^[A-Za-z0-9_@%$+=:,./-]+$/.test(escaped)) return escaped;
  const body = escaped.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")
    .replaceAll("\t", "\\t");
  return `"${body}"`;
}

/** Quotes the value of a variable for a file of EnvironmentFile= (systemd.exec(5)). */
export function quoteEnvironment(value: string): string {
  return `"${value.replaceAll(/["\\`$]/g, "\\$&")}"`;
}
