import { UsageError } from "../base/errors.ts";
import type { FlagTable } from "../config/flag_table.ts";
import { GRPC_PORTS } from "../transports/grpc/flags.ts";
import type { InstalledService } from "./installed.ts";
import type { Service } from "./paths.ts";
import type { ConfiguredValue } from "./secrets.ts";

/** The ports of which each instance gets one for gRPC, after those that other servers try. */
export const INSTANCE_PORTS = { first: GRPC_PORTS.last + 1, last: GRPC_PORTS.last + 100 } as const;

/** The service that is planned, and those that are installed on the same machine. */
export interface Services {
  readonly service: Service;
  readonly installed: readonly InstalledService[];
}

/**
 * Adds to the values of an instance those that differ from other services: the key prefix is its
 * name, and the gRPC port is the one that it has already, or the lowest that no other service has.
 *
 * @throws {UsageError} if all ports are assigned
 */
export function withInstanceValues(
  table: Pick<FlagTable, "flagsOf">,
  values: readonly ConfiguredValue[],
  { service, installed }: Services,
): readonly ConfiguredValue[] {
  if (service.instance === undefined) return values;
  const own: Readonly<Record<string, () => unknown>> = {
    redis_key_prefix: () => service.instance,
    port: () => portOf(values, { service, installed }),
  };
  return table.flagsOf("serve").flatMap((entry) => {
    const given = values.filter((each) => each.entry === entry);
    const value = own[entry.flag.name];
    return given.length > 0 || value === undefined ? given : [{ entry, value: value() }];
  });
}

function portOf(values: readonly ConfiguredValue[], { service, installed }: Services): number {
  const http = values.find(({ entry }) => entry.flag.name === "http_port")?.value;
  const taken = new Set([...othersThan(service, installed).flatMap(portsOf), http]);
  const { first, last } = INSTANCE_PORTS;
  const before = installed.find((each) => each.service.id === service.id);
  const kept = before && portsOf(before).find((port) => port >= first && port <= last);
  if (kept !== undefined && !taken.has(kept)) return kept;
  for (let port = first; port <= last; port++) if (!taken.has(port)) return port;
  throw new UsageError(
    `Cannot install another instance: every port from ${first} to ${last} is assigned: add --port`,
  );
}

/**
 * Checks that no other service has the ports, files and folders of this one.
 *
 * @param args the arguments of the program.
 * @throws {UsageError} if one has
 */
export function rejectShared(
  args: readonly string[],
  { service, installed }: Services,
  isExclusive: (argument: string) => boolean,
): void {
  if (service.instance === undefined) return;
  const others = othersThan(service, installed);
  for (const argument of args) {
    const port = portIn(argument);
    const user = others.find((other) =>
      port === undefined
        ? isExclusive(argument) && other.args.includes(argument)
        : portsOf(other).includes(port)
    );
    if (!user) continue;
    const unit = user.service.unitName;
    const taken = others.flatMap(portsOf);
    let free = port ?? 0;
    while (taken.includes(free) || args.some((each) => portIn(each) === free)) free++;
    const hint = port === undefined ? "choose another one" : `choose another one, such as ${free}`;
    throw new UsageError(`Cannot install with ${argument}: ${unit} uses it: ${hint}`);
  }
}

/** Where a service publishes: services with the same place would mix their messages. */
interface Destination {
  readonly host?: unknown;
  readonly port?: unknown;
  readonly key_prefix?: unknown;
}

/**
 * Checks that no other service publishes under the same prefix of the same Redis.
 *
 * @param destination the values for Redis that are not defaults, by their keys in JSON.
 * @throws {UsageError} if one does
 */
export function rejectSharedPrefix(
  destination: Destination,
  { service, installed }: Services,
  defaults: Destination,
): void {
  if (service.instance === undefined) return;
  const nameOf = (each: Destination) =>
    JSON.stringify([
      each.host ?? defaults.host,
      each.port ?? defaults.port,
      each.key_prefix ?? defaults.key_prefix,
    ]);
  const user = othersThan(service, installed).find((other) =>
    nameOf(parseDestination(other.redisConfig)) === nameOf(destination)
  );
  if (!user) return;
  throw new UsageError(
    `Cannot install with --redis_key_prefix=${destination.key_prefix}: ${user.service.unitName} ` +
      "uses it: choose another one",
  );
}

function parseDestination(text = "{}"): Destination {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {}; // The user has edited it, and its service does not start.
  }
}

function othersThan(
  service: Service,
  installed: readonly InstalledService[],
): readonly InstalledService[] {
  return installed.filter((each) => each.service.id !== service.id);
}

function portsOf({ args }: InstalledService): number[] {
  return args.flatMap((argument) => portIn(argument) ?? []);
}

/** Returns the port of a flag of a server; undefined if it is none, or 0. */
function portIn(argument: string): number | undefined {
  const port = Number(/^--(?:http_)?port=(\d+)$/.exec(argument)?.[1] ?? 0);
  return port === 0 ? undefined : port;
}
