import { assetPath } from "../../base/assets.ts";
import { SourceError } from "../frame.ts";

/** ffmpeg executable that starts, and the options that depend on its version. */
export interface FfmpegExecutable {
  readonly path: string;
  /** Version as ffmpeg prints it, such as `5.1.9` or `N-47683-g0e8eb07980-static`. */
  readonly version: string;
  /** Version of libavutil, the only one that increases in every kind of build. */
  readonly libavutil: readonly [major: number, minor: number, micro: number];
  /** Arguments that keep the timestamp of each frame: `-fps_mode`, or `-vsync` before 5.1. */
  readonly passthrough: readonly string[];
}

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
  try {
    const { stdout } = await new Deno.Command(path, {
      args: ["-version"],
      stdin: "null",
      stderr: "null",
    }).output();
    return parseVersion(path, new TextDecoder().decode(stdout));
  } catch {
    return undefined;
  }
}

/** Results by the value of PHYSIOLOGY_FFMPEG. */
const executables = new Map<string, Promise<FfmpegExecutable>>();

/**
 * Finds the ffmpeg to use: the one that `PHYSIOLOGY_FFMPEG` names, or else the newer of the packed
 * one and that of the system. The result is cached.
 *
 * @throws {SourceError} if none starts.
 */
export function findFfmpeg(): Promise<FfmpegExecutable> {
  const named = Deno.env.get("PHYSIOLOGY_FFMPEG") ?? "";
  let executable = executables.get(named);
  if (!executable) {
    executable = named ? useNamed(named) : useNewest();
    executable.catch(() => executables.delete(named)); // ffmpeg may be installed before the next call
    executables.set(named, executable);
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

async function useNewest(): Promise<FfmpegExecutable> {
  const [packed, system] = await Promise.all([
    probeExecutable(assetPath("ffmpeg")),
    probeExecutable("ffmpeg"),
  ]);
  if (packed && system) {
    return compareVersions(packed.libavutil, system.libavutil) > 0 ? packed : system;
  }
  const executable = packed ?? system;
  if (executable) return executable;
  throw new SourceError("Cannot find ffmpeg: it is neither packed nor in PATH", {
    hint: "Install ffmpeg (apt-get install ffmpeg), or set PHYSIOLOGY_FFMPEG to its path",
  });
}
