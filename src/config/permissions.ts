/** Deno permissions of a run; a list grants its items, `true` grants everything of a kind. */
export interface Permissions {
  readonly read: true | readonly string[];
  readonly write: true | readonly string[];
  readonly net: true | readonly string[];
  readonly run: readonly string[];
  /** Use of native code; Deno cannot limit it to one library. */
  readonly ffi: boolean;
  /** Calls of the system beside those of every run, as Deno names them. */
  readonly sys?: readonly string[];
}

/** The program's own files and its environment variables. */
export interface ProgramContext {
  /** The folder of the unpacked program. */
  readonly assets: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Returns the permissions that a part of the program needs with these settings. */
export type PermissionsOf<Settings> = (
  settings: Settings,
  program: ProgramContext,
) => Partial<Permissions>;

/** Returns the union of permissions. A path that may be written may also be read. */
export function combinePermissions(parts: readonly Partial<Permissions>[]): Permissions {
  const write = union(parts.map((part) => part.write));
  const sys = unique(parts.flatMap((part) => part.sys ?? []));
  return {
    read: union([...parts.map((part) => part.read), write]),
    write,
    net: union(parts.map((part) => part.net)),
    run: unique(parts.flatMap((part) => part.run ?? [])),
    ffi: parts.some((part) => part.ffi),
    ...sys.length > 0 ? { sys } : {},
  };
}

function union(grants: readonly (true | readonly string[] | undefined)[]): true | string[] {
  const items: string[] = [];
  for (const grant of grants) {
    if (grant === true) return true;
    items.push(...grant ?? []);
  }
  return unique(items);
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)];
}

/** Returns the paths that are set. */
export function definedPaths(...paths: readonly (string | undefined)[]): string[] {
  return paths.filter((path) => path !== undefined && path !== "") as string[];
}

/** Formats an address for `--allow-net`; port 0 allows every port. */
export function hostAndPort(host: string, port: number): string {
  const name = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return port === 0 ? name : `${name}:${port}`;
}

/** Returns the first host, path or program that this process may not use; undefined if there is none. */
export function missingPermission({ net = [], read = [], run = [] }: Partial<Permissions>) {
  const hosts = net === true ? [undefined] : net;
  const paths = read === true ? [undefined] : read;
  const rights: Deno.PermissionDescriptor[] = [
    ...hosts.map((host) => ({ name: "net" as const, ...host && { host } })),
    ...paths.map((path) => ({ name: "read" as const, ...path && { path } })),
    ...run.map((command) => ({ name: "run" as const, command })),
  ];
  const missing = rights.find((right) => Deno.permissions.querySync(right).state !== "granted");
  if (!missing) return undefined;
  if ("command" in missing) return `${missing.command}`;
  return "path" in missing ? `${missing.path}` : "host" in missing ? missing.host : "any host";
}

/** Formats permissions as flags of Deno. */
export function permissionFlags(
  { read, write, net, run, ffi, sys = [] }: Permissions,
): string[] {
  return [
    "--allow-env",
    `--allow-sys=${["umask", ...sys].join(",")}`, // umask: files that only their owner can read
    ...flag("read", read),
    ...flag("write", write),
    ...flag("net", net),
    ...flag("run", run),
    ...ffi ? ["--allow-ffi"] : [],
  ];
}

function flag(name: string, value: true | readonly string[]): string[] {
  if (value === true) return [`--allow-${name}`];
  if (value.length === 0) return [];
  // Deno separates paths by commas; a comma in a path is doubled.
  const items = unique(value).map((item) => item.replaceAll(",", ",,"));
  return [`--allow-${name}=${items.join(",")}`];
}
