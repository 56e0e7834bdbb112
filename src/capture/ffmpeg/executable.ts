import { assetPath } from "../../base/assets.ts";
import { SourceError } from "../frame.ts";

/** An ffmpeg that starts, with the words that its age wants. */
export interface FfmpegExecutable {
  readonly path: string;
  /** What it calls itself, such as `5.1.9` or `N-47683-g0e8eb07980-static`. */
  readonly version: string;
  /** libavutil's version, the only number that grows in every build. */
  readonly libavutil: readonly [major: number, minor: number, micro: number];
  /** Keeps each frame's own time: `-fps_mode`, or `-vsync` before ffmpeg 5.1. */
  readonly passthrough: readonly string[];
}

/** libavutil of ffmpeg 5.1, which brought `-fps_mode`. */
const FPS_MODE_SINCE = [57, 28, 100] as const;

/** Reads what `ffmpeg -version` prints; undefined where this is no ffmpeg. */
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

/** Negative where `a` is the older, positive where it is the newer. */
export function compareVersions(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference) return difference;
  }
  return 0;
}

async function ask(path: string): Promise<FfmpegExecutable | undefined> {
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

const found = new Map<string, Promise<FfmpegExecutable>>();

/**
 * The ffmpeg to use: the one that `PHYSIOLOGY_FFMPEG` names, or the newer of the packed one and
 * the system's. Asked once a process.
 *
 * @throws {SourceError} where none starts.
 */
export function findFfmpeg(): Promise<FfmpegExecutable> {
  const named = Deno.env.get("PHYSIOLOGY_FFMPEG") ?? "";
  let executable = found.get(named);
  if (!executable) {
    executable = named ? useNamed(named) : useNewest();
    executable.catch(() => found.delete(named)); // it may be installed in the meantime
    found.set(named, executable);
  }
  return executable;
}

async function useNamed(path: string): Promise<FfmpegExecutable> {
  const executable = await ask(path);
  if (executable) return executable;
  throw new SourceError(`Cannot start the ffmpeg that PHYSIOLOGY_FFMPEG names: ${path}`, {
    hint: "Name the path of an ffmpeg executable, or unset PHYSIOLOGY_FFMPEG",
  });
}

async function useNewest(): Promise<FfmpegExecutable> {
  const [packed, system] = await Promise.all([ask(assetPath("ffmpeg")), ask("ffmpeg")]);
  if (packed && system) {
    return compareVersions(packed.libavutil, system.libavutil) > 0 ? packed : system;
  }
  const executable = packed ?? system;
  if (executable) return executable;
  throw new SourceError("Cannot find ffmpeg: it is neither packed nor in PATH", {
    hint: "Install it (apt-get install ffmpeg), or name one by PHYSIOLOGY_FFMPEG",
  });
}
