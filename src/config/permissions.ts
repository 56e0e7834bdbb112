import type { CommandName } from "./command_names.ts";
import type { Settings } from "./flags.ts";

/** What a run may touch; a list narrows, `true` grants all of a kind. */
export interface Permissions {
  readonly read: true | readonly string[];
  readonly write: true | readonly string[];
  readonly net: true | readonly string[];
  readonly run: readonly string[];
  /** Pointers of native code are all or nothing to Deno. */
  readonly ffi: boolean;
}

/** What the launcher tells about the machine. */
export interface Place {
  /** The folder of the unpacked program. */
  readonly assets: string;
  readonly env: Readonly<Record<string, string>>;
}

const NOTHING = { read: [], write: [], net: [], run: [], ffi: false } as const;

/** These read and print: the launcher's planning run, which may read, does them itself. */
const PRINTING: ReadonlySet<CommandName> = new Set<CommandName>([
  "help",
  "version",
  "licenses",
  "completions",
  "man",
  "check-config",
  "print-config",
]);

/** The least that `command` needs with these settings; undefined where it only reads and prints. */
export function permissionsFor(
  command: CommandName,
  settings: Settings,
  place: Place,
): Permissions | undefined {
  if (PRINTING.has(command)) return undefined;
  const base = { ...NOTHING, ffi: true };
  switch (command) {
    case "save-default-config":
      return { ...NOTHING, read: ["."], write: ["."] };
    case "install":
    case "uninstall":
      return { ...NOTHING, read: true, write: true, run: ["systemctl"] };
    case "simulate":
      return {
        ...base,
        read: [
          place.assets,
          ...given(settings.simulation.outputPath, settings.simulation.truthPath),
        ],
        write: given(settings.simulation.outputPath, settings.simulation.truthPath),
        run: ffmpegs(place),
      };
    case "validate":
      // It is a tool for a laboratory's own machine, and opens what a reader of CSV points to.
      return { ...base, read: true, write: true, run: ffmpegs(place) };
    case "record":
      return {
        ...base,
        read: true,
        write: [settings.record.outputDirectory, ...log(settings)],
        net: redisPeers(settings),
      };
    case "dashboard":
      return {
        ...base,
        read: true,
        write: log(settings),
        net: redisPeers(settings, listener(settings.dashboard.address, settings.dashboard.port)),
      };
    case "devices":
      return { ...base, read: [place.assets] };
    default:
      return servePermissions(settings, place);
  }
}

function servePermissions(settings: Settings, place: Place): Permissions {
  const { camera, file, publish, server, simulate, video, vitals } = settings;
  const write = [
    ...log(settings),
    ...given(publish.spoolPath, server.statePath, ...notifySockets(place)),
    ...simulate.enabled ? given(simulate.truthPath) : [],
    ...publish.backend === "file" ? [file.baseDirectory] : [],
  ];
  const listeners = [
    ...server.grpcPort > 0 ? [listener(server.grpcAddress, server.grpcPort)] : [],
    ...server.httpPort > 0 ? [listener(server.httpAddress, server.httpPort)] : [],
    ...notifySockets(place).map((path) => `unix:${path}`),
  ];
  return {
    read: [
      place.assets,
      ...given(
        video.inputPath,
        video.inputTimePath,
        vitals.pulseModelPath,
        place.env["CREDENTIALS_DIRECTORY"],
        ...filesOfTopic(settings.redis),
        ...filesOfTopic(settings.server),
        settings.file.configPath,
      ),
      ...write,
    ],
    write,
    net: publish.backend === "redis" ? redisPeers(settings, ...listeners) : listeners,
    // Native code compresses a camera's pictures itself, but for those that are drawn on.
    run: camera.use && !publish.enableHud ? [] : ffmpegs(place),
    ffi: true,
  };
}

/** systemd's socket, and the name that we send from; see `src/telemetry/systemd.ts`. */
function notifySockets({ env }: Place): string[] {
  const { NOTIFY_SOCKET: to, PHYSIOLOGY_NOTIFY: from } = env;
  return to && from ? [to, from] : [];
}

/** Certificates, passwords, configuration: what a reload reads again. */
function filesOfTopic(topic: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(topic).flatMap(([key, value]) =>
    /(Path|File)$/.test(key) && typeof value === "string" ? [value] : []
  );
}

/**
 * What the connection to Redis needs by these settings and this process may not have, such as a
 * host or a certificate; undefined where nothing is missing.
 */
export function missingForRedis(settings: Settings): string | undefined {
  const peers = redisPeers(settings);
  const hosts = peers === true ? [undefined] : peers;
  const rights: Deno.PermissionDescriptor[] = [
    ...hosts.map((host) => ({ name: "net" as const, ...host && { host } })),
    ...filesOfTopic(settings.redis).map((path) => ({ name: "read" as const, path })),
  ];
  const missing = rights.find((right) => Deno.permissions.querySync(right).state !== "granted");
  if (!missing) return undefined;
  return "path" in missing ? `${missing.path}` : "host" in missing ? missing.host : "any host";
}

function redisPeers({ redis }: Settings, ...listeners: readonly string[]): true | string[] {
  // Sentinels and cluster nodes name further hosts, which nobody knows before.
  if (redis.cluster || redis.sentinels.length > 0) return true;
  return [listener(redis.host, redis.port), ...listeners];
}

function listener(host: string, port: number): string {
  const name = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return port === 0 ? name : `${name}:${port}`;
}

function log({ logging }: Settings): string[] {
  return given(logging.path);
}

function given(...paths: readonly (string | undefined)[]): string[] {
  return paths.filter((path) => path !== undefined && path !== "") as string[];
}

function ffmpegs({ assets, env }: Place): string[] {
  return [`${assets}/bin/ffmpeg`, "ffmpeg", ...given(env["PHYSIOLOGY_FFMPEG"])];
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
  const items = [...new Set(value)].map((item) => item.replaceAll(",", ",,"));
  return [`--allow-${name}=${items.join(",")}`];
}
