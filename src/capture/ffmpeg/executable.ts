import { assetPath } from "../../base/assets.ts";
import { ffmpegCommand, type FfmpegProgram } from "./command.ts";
import { SourceError } from "../frame.ts";

/** ffmpeg executable that starts, and the options that depend on its version. */
export interface FfmpegExecutable extends FfmpegProgram {
  /** Version as ffmpeg prints it, such as `5.1.9` or `N-47683-g0e8eb07980-static`. */
  readonly version: string;
  /** Version of libavutil, the only one that increases in every kind of build. */
  readonly libavutil: readonly [major: number, minor: number, micro: number];
  /**
   * How certificates of TLS servers are verified: always, by the build of `scripts/build_ffmpeg`,
   * which also reads addresses from a file; by options, by one with GnuTLS; without the name of the
   * server by any other, which is therefore not used for TLS.
   */
  readonly build: "own" | "gnutls" | "other";
  /** Arguments that keep the timestamp of each frame: `-fps_mode`, or `-vsync` before 5.1. */
  readonly passthrough: readonly string[];
}

/** End of the version of `scripts/build_ffmpeg` (`--extra-version`). */
const OWN_SUFFIX = "-physiology";
/** libavutil of ffmpeg 5.1, which introduced `-fps_mode`. */
const FPS_MODE_SINCE = [57, 28, 100] as const;

/** Parses the output of `ffmpeg -version`; returns undefined if it is not from ffmpeg. */
export function parseVersion(path: string, text: string): FfmpegExecutable | undefined {
  const version = /^ffmpeg version (\S+)/m.exec(text)?.[1];
  const numbers = /^libavutil\s+(\d+)\.\s*(\d+)\.\s*(\d+)/m.exec(text);
  if (!version || !numbers) return undefined;
  const libavutil = [Number(numbers[1]), Number(numbers[2]), Number(numbers[3])] as const;
  const modern = compareVersions(libavutil, FPS_MODE_SINCE) >= 0;
  return {
    path,
    version,
    libavutil,
    build: version.endsWith(OWN_SUFFIX)
      ? "own"
      : /^configuration:.* --enable-gnutls\b/m.test(text)
      ? "gnutls"
      : "other",
    passthrough: [modern ? "-fps_mode" : "-vsync", "passthrough"],
  };
}

/** Returns a negative number if `a` is older than `b`, a positive one if it is newer, else 0. */
export function compareVersions(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference) return difference;
  }
  return 0;
}

/** Runs `ffmpeg -version`; returns undefined if that fails. */
async function probeExecutable(path: string): Promise<FfmpegExecutable | undefined> {
  const isSandboxed = Deno.env.get("PHYSIOLOGY_FFMPEG_SANDBOX") !== "off";
  const sandbox = isSandboxed ? { sandbox: assetPath("sandbox") } : {};
  const { path: program, ...options } = ffmpegCommand({ path, ...sandbox }, ["-version"]);
  try {
    const { stdout } = await new Deno.Command(program, {
      ...options,
      stdin: "null",
      stderr: "null",
    }).output();
    const executable = parseVersion(path, new TextDecoder().decode(stdout));
    return executable && { ...executable, ...sandbox };
  } catch {
    return undefined;
  }
}

/** Results by the values of PHYSIOLOGY_FFMPEG and PHYSIOLOGY_FFMPEG_SANDBOX. */
const executables = new Map<string, Promise<FfmpegExecutable>>();

/**
 * Finds the ffmpeg to use: the one that `PHYSIOLOGY_FFMPEG` names, or else the packed one, or else
 * that of the system. The result is cached.
 *
 * @throws {SourceError} if none starts.
 */
export function findFfmpeg(): Promise<FfmpegExecutable> {
  const named = Deno.env.get("PHYSIOLOGY_FFMPEG") ?? "";
  const key = `${named}\0${Deno.env.get("PHYSIOLOGY_FFMPEG_SANDBOX")}`;
  let executable = executables.get(key);
  if (!executable) {
    executable = named ? useNamed(named) : useDefault();
    executable.catch(() => executables.delete(key)); // ffmpeg may be installed before the next call
    executables.set(key, executable);
  }
  return executable;
}

async function useNamed(path: string): Promise<FfmpegExecutable> {
  const executable = await probeExecutable(path);
  if (executable) return executable;
  throw new SourceError(`Cannot start the ffmpeg that PHYSIOLOGY_FFMPEG names: ${path}`, {
    hint: "Set PHYSIOLOGY_FFMPEG to the path of an ffmpeg executable, or unset it",
  });
}

async function useDefault(): Promise<FfmpegExecutable> {
  const executable = await probeExecutable(assetPath("ffmpeg")) ?? await probeExecutable("ffmpeg");
  if (executable) return executable;
  throw new SourceError("Cannot find ffmpeg: it is neither packed nor in PATH", {
    hint: "Install ffmpeg (apt-get install ffmpeg), or set PHYSIOLOGY_FFMPEG to its path",
  });
}
