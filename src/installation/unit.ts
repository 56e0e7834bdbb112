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
      /^# physiology_server(@NAME)? as a service\.[^[]*/,
      "# Written by physiology_server install.\n",
    )
    .replace(/^ExecStart=.*$/m, () => `ExecStart=${execStart}`)
    .replace(PLACEHOLDER, () => additions.map((line) => `${line}\n`).join(""))
    .replaceAll(/\n{3,}/g, "\n\n");
}

/** Renders the unit of all instances, whose drop-ins have the values. */
export function renderInstanceUnit(template: string): string {
  return renderUnit(template, { execStart: execStartOf(template), additions: [] });
}

/** Renders the drop-in of an instance, which replaces the command line of its unit. */
export function renderDropIn({ execStart, additions }: UnitValues): string {
  const lines = ["[Service]", "ExecStart=", `ExecStart=${execStart}`, ...additions];
  return `# Written by physiology_server install.\n${lines.join("\n")}\n`;
}

/** Returns the program and its quoted arguments in a unit or a drop-in. */
export function execStartOf(unit: string): string {
  return /^ExecStart=(.+)$/m.exec(unit)?.[1] ?? "";
}

/** Returns the values of an installed unit or drop-in. */
export function installedValues(installed: string): UnitValues {
  const kept = installed.match(KEPT_DIRECTIVES) ?? [];
  // A unit of an older version had no limit, and its flags may name any host.
  const isLimited = /^IPAddressDeny=/m.test(installed) || !/^\[Unit\]/m.test(installed);
  const additions = isLimited ? kept : [...kept, ...addressDirectives(true)];
  return { execStart: execStartOf(installed), additions };
}

/** What differs in the unit of all instances: each has a user and folders of its own. */
const INSTANCE_LINES: readonly (readonly [pattern: RegExp, text: string])[] = [
  [
    /^# physiology_server as a service\.[^[]*/,
    "# physiology_server@NAME as a service. Generated from physiology_server.service. `physiology_server\n" +
    "# install --instance=NAME` writes this file, and a drop-in with its flags. By hand: copy the program\n" +
    "# to /usr/local/bin and this file to /etc/systemd/system.\n",
  ],
  [/^(Description=.*)\)$/m, "$1, %i)"],
  [/^(ExecStart=.*)$/m, "$1 --redis_key_prefix=%i"],
  [
    /^DynamicUser=yes$/m,
    "DynamicUser=yes\n# Without a name, all instances would run as the same user.\nUser=physiology-%i",
  ],
  [/^StateDirectory=.*$/m, "$&@%i"],
  [/^WorkingDirectory=.*$/m, "$&@%i"],
  [/are inserted here by `install`\.$/m, "are in the drop-in of each instance."],
];

/**
 * Returns `config/physiology_server@.service`, the template unit of all instances.
 *
 * @param unit the text of `config/physiology_server.service`.
 */
export function instanceTemplate(unit: string): string {
  return INSTANCE_LINES.reduce((text, [pattern, replacement]) => {
    if (!pattern.test(text)) throw new Error(`Cannot find ${pattern} in the unit`);
    return text.replace(pattern, replacement);
  }, unit);
}

/** The template allows localhost and the devices of video4linux itself. */
const KEPT_DIRECTIVES = new RegExp(
  "^((LoadCredential|EnvironmentFile|ReadWritePaths)=.*|IPAddressAllow=(?!localhost$).*|" +
    "DeviceAllow=(?!char-video4linux rw$).*)$",
  "gm",
);

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

/** Splits a command line of a unit file into the arguments that `quoteArgument()` has quoted. */
export function splitArguments(commandLine: string): string[] {
  return [...commandLine.matchAll(/"((?:[^"\\]|\\.)*)"|\S+/gs)].map(([word, quoted]) => {
    const body = quoted?.replaceAll(
      /\\(.)/gs,
      (_escape, letter) => letter === "n" ? "\n" : letter === "t" ? "\t" : letter,
    );
    return (body ?? word).replaceAll("%%", "%").replaceAll("$$", "$");
  });
}

/** Quotes the value of a variable for a file of EnvironmentFile= (systemd.exec(5)). */
export function quoteEnvironment(value: string): string {
  return `"${value.replaceAll(/["\\`$]/g, "\\$&")}"`;
}
