import { accessOf } from "./access.ts";

/** Authorities that sign certificates of servers, on Debian and what derives from it. */
const SYSTEM_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt";

/**
 * By default, glibc returns the memory of a picture to the kernel and takes it again for the next one,
 * with a page fault for every 4 KiB. It keeps up to 64 MiB instead, for pictures of up to 32 MiB, as in
 * mallopt(3). Chosen.
 */
const KEPT_MEMORY = {
  MALLOC_MMAP_THRESHOLD_: `${32 << 20}`,
  MALLOC_TRIM_THRESHOLD_: `${64 << 20}`,
};

/**
 * Returns the environment of ffmpeg. It reads data of others, so it gets no variable of this program,
 * which may hold passwords and tokens.
 */
function environment(
  { tlsCaPath = SYSTEM_AUTHORITIES, variables }: Pick<FfmpegRights, "tlsCaPath" | "variables">,
): Record<string, string> {
  return {
    PATH: Deno.env.get("PATH") ?? "",
    // Messages of the C library are matched and shown, so they have to be in English.
    LC_ALL: "C",
    SSL_CERT_FILE: tlsCaPath,
    ...KEPT_MEMORY,
    ...variables,
  };
}

/** A program and what starts it. */
export interface FfmpegProgram {
  readonly path: string;
  /** Program that starts it with few rights; absent if the user has switched it off. */
  readonly sandbox?: string;
}

/** What ffmpeg may do besides reading its libraries and using its pipes, and how large those are. */
export interface FfmpegRights {
  /** Pipes of 1 MiB, which pass a raw picture at once, but would delay newer ones. @default false */
  readonly largePipes?: boolean;
  /** @default false */
  readonly network?: boolean;
  /** Files. @default none */
  readonly read?: readonly string[];
  /** Files and devices. @default none */
  readonly write?: readonly string[];
  /** PEM file of the authorities for TLS servers. @default those of the system */
  readonly tlsCaPath?: string | undefined;
  /** Further variables of its environment. @default none */
  readonly variables?: Readonly<Record<string, string>>;
}

/** Returns what ffmpeg needs to read an input: the URL, or `file:` and the path. */
export function rightsFor(
  url: string,
  tlsCaPath?: string,
): FfmpegRights {
  if (accessOf(url).network) return { network: true, tlsCaPath };
  if (url.startsWith("/dev/")) return { write: [url] };
  return url.startsWith("file:") ? { read: [url.slice("file:".length)] } : {};
}

/** What starts a program: its path, and options of `Deno.Command`. */
interface SpawnCommand {
  readonly path: string;
  readonly args: string[];
  readonly env: Record<string, string>;
  readonly clearEnv: true;
}

/** Returns the program, the arguments and the environment that start ffmpeg with these rights. */
export function ffmpegCommand(
  { path, sandbox }: FfmpegProgram,
  args: readonly string[],
  rights: FfmpegRights = {},
): SpawnCommand {
  const environmentOptions = { env: environment(rights), clearEnv: true } as const;
  if (sandbox === undefined) return { path, args: [...args], ...environmentOptions };
  const { largePipes = false, network = false, read = [], write = [], tlsCaPath } = rights;
  return {
    path: sandbox,
    args: [
      ...largePipes ? ["--large-pipes"] : [],
      ...network ? ["--network"] : [],
      ...[...read, ...tlsCaPath === undefined ? [] : [tlsCaPath]].map((file) => `--read=${file}`),
      ...write.map((file) => `--write=${file}`),
      path,
      ...args,
    ],
    ...environmentOptions,
  };
}
