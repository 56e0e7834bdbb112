import { ARCH, assetPath } from "../../src/base/assets.ts";
import { type FfmpegExecutable, findFfmpeg } from "../../src/capture/ffmpeg/executable.ts";
import { withEnvironment } from "./environment.ts";

/** Runs `use` with the ffmpeg at a path. */
export function withFfmpeg<Result>(path: string, use: () => Result): Result {
  return withEnvironment({ PHYSIOLOGY_FFMPEG: path }, use);
}

const own = await withFfmpeg(assetPath("ffmpeg"), findFfmpeg).catch(() => undefined);

/** The ffmpeg of the system, and that of `scripts/build_ffmpeg` if it was built. */
export const FFMPEGS: readonly FfmpegExecutable[] = [
  await withFfmpeg("ffmpeg", findFfmpeg),
  ...own?.build === "own" ? [own] : [],
];

/** The ffmpeg of `scripts/build_ffmpeg`; undefined if it was not built. */
export const OWN_FFMPEG = FFMPEGS.find(({ build }) => build === "own");

/** Path of the ffmpeg of `scripts/build_ffmpeg` for an architecture; it may not exist. */
export const ownFfmpegPath = (arch: typeof ARCH) => assetPath("ffmpeg").replace(ARCH, arch);
