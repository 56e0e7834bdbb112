import { ConfigError, reasonOf, UsageError } from "../base/errors.ts";
import { parseCommandLine } from "../config/command_line.ts";
import type { FlagTable } from "../config/flag_table.ts";
import type { LoadContext } from "../config/load.ts";

/** Names the flags of every device. */
const EVERY_DEVICE = "*";

/**
 * Adds to the command line of `install` the flags that the file of `--provision` has for this device,
 * before those that were given, which therefore win. The file is an object of devices by their host
 * names, each an object of flags; `*` has those of every device.
 *
 * @throws {ConfigError} if the file cannot be used
 * @throws {UsageError} if it does not name this device
 */
export function withProvision(
  table: FlagTable,
  argv: readonly string[],
  { readText }: Pick<LoadContext, "readText">,
): readonly string[] {
  const { command, values } = parseCommandLine(table, argv);
  if (command !== "install") return argv;
  const textOf = (name: string) => [...values].find(([{ flag }]) => flag.name === name)?.[1];
  const path = textOf("provision");
  if (!path) return argv;
  const devices = readDevices(path, readText);
  const root = textOf("root");
  const host = readText(root ? `${root}/etc/hostname` : "/proc/sys/kernel/hostname").trim();
  const own = Object.hasOwn(devices, host) ? devices[host] : undefined;
  if (own === undefined) {
    const names = Object.keys(devices).filter((name) => name !== EVERY_DEVICE);
    throw new UsageError(
      `Cannot install with ${path}: it has no device ${host}: ` +
        `known devices are ${names.join(", ") || "none"}`,
    );
  }
  const flags = Object.entries({ ...devices[EVERY_DEVICE], ...own })
    .map(([name, value]) => `--${name}=${textFor(value)}`);
  try {
    parseCommandLine(table, ["install", ...flags]);
  } catch (cause) {
    throw new ConfigError(`Cannot install with ${path}: ${reasonOf(cause)}`, { cause });
  }
  return ["install", ...flags, ...argv.slice(1)];
}

type Devices = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

function readDevices(path: string, readText: (path: string) => string): Devices {
  let devices: unknown;
  try {
    devices = JSON.parse(readText(path));
  } catch (cause) {
    throw new ConfigError(`Cannot read the devices in ${path}: ${reasonOf(cause)}`, { cause });
  }
  if (!isObject(devices) || !Object.values(devices).every(isObject)) {
    throw new ConfigError(
      `Cannot use the devices in ${path}: it must be an object of host names, each an object of flags`,
    );
  }
  return devices as Devices;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Writes a value as on the command line. */
function textFor(value: unknown): string {
  return Array.isArray(value) ? value.join(",") : `${value}`;
}
