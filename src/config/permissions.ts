/** What a run may touch; a list narrows, `true` grants all of a kind. */
export interface Permissions {
  readonly read: true | readonly string[];
  readonly write: true | readonly string[];
  readonly net: true | readonly string[];
  readonly run: readonly string[];
  /** Deno cannot narrow the use of native code. */
  readonly ffi: boolean;
}

/** The program's own files and its environment variables. */
export interface ProgramContext {
  /** The folder of the unpacked program. */
  readonly assets: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Permissions that follow from settings, each beside the flags that it needs. */
export type PermissionsOf<Settings> = (
  settings: Settings,
  program: ProgramContext,
) => Partial<Permissions>;

/** The union of several permissions. What may be written may also be read. */
export function combinePermissions(parts: readonly Partial<Permissions>[]): Permissions {
  const write = union(parts.map((part) => part.write));
  return {
    read: union([...parts.map((part) => part.read), write]),
    write,
    net: union(parts.map((part) => part.net)),
    run: unique(parts.flatMap((part) => part.run ?? [])),
    ffi: parts.some((part) => part.ffi),
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

/** The paths that are given. */
export function given(...paths: readonly (string | undefined)[]): string[] {
  return paths.filter((path) => path !== undefined && path !== "") as string[];
}

/** A peer or a listening address in Deno's form; port 0 allows every port. */
export function hostAndPort(host: string, port: number): string {
  const name = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return port === 0 ? name : `${name}:${port}`;
}

/** The first host or path that this process may not use; undefined if nothing is missing. */
export function missingPermission({ net = [], read = [] }: Partial<Permissions>) {
  const hosts = net === true ? [undefined] : net;
  const paths = read === true ? [undefined] : read;
  const rights: Deno.PermissionDescriptor[] = [
    ...hosts.map((host) => ({ name: "net" as const, ...host && { host } })),
    ...paths.map((path) => ({ name: "read" as const, ...path && { path } })),
  ];
  const missing = rights.find((right) => Deno.permissions.querySync(right).state !== "granted");
  if (!missing) return undefined;
  return "path" in missing ? `${missing.path}` : "host" in missing ? missing.host : "any host";
}

/** Deno's flags for these permissions. */
export function permissionFlags(
  { read, write, net, run, ffi }: Permissions,
  { running }: { readonly running?: string | undefined } = {},
): string[] {
  const marked = write === true || running === undefined ? write : [...write, running];
  return [
    "--allow-env",
    ...flag("read", read),
    ...flag("write", marked),
    ...flag("net", net),
    ...flag("run", run),
    ...ffi ? ["--allow-ffi"] : [],
  ];
}

function flag(name: string, value: true | readonly string[]): string[] {
  if (value === true) return [`--allow-${name}`];
  if (value.length === 0) return [];
  // A comma in a path is written twice.
  const items = unique(value).map((item) => item.replaceAll(",", ",,"));
  return [`--allow-${name}=${items.join(",")}`];
}
