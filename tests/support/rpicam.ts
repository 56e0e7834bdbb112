import type { SimulatedCameraOptions } from "../../src/capture/simulator/camera.ts";
import { temporaryFolder } from "./folders.ts";
import { writeProgram } from "./programs.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** How the stand-in for rpicam-vid behaves; a reload of the file applies to its next start. */
export interface RpicamBehavior {
  /** Who is before the camera. */
  readonly person?: Pick<
    SimulatedCameraOptions,
    "pulse" | "variability" | "scene" | "noise"
  >;
  /** Bytes behind each row of Y. @default 0 */
  readonly rowPadding?: number;
  /** Bytes behind each frame. @default 0 */
  readonly framePadding?: number;
  /** Milliseconds from a frame to its metadata. @default 0 */
  readonly metadataDelayMs?: number;
  /** Every Nth frame has no metadata. @default none */
  readonly omitEvery?: number;
  /** Frames after which it stops to write, but does not end. @default never */
  readonly freezeAfter?: number;
  /** Frames after which it fails. @default never */
  readonly exitAfter?: number;
  /** Time by which CLOCK_BOOTTIME, which stamps the frames, is ahead of CLOCK_MONOTONIC. */
  readonly suspendedUs?: number;
  /** Number of cameras. @default 1 */
  readonly cameras?: 0 | 1;
}

/** A folder with the stand-in for rpicam-vid, for PATH. */
export function rpicamStandIn(behavior: RpicamBehavior = {}) {
  const folder = temporaryFolder();
  const behaviorPath = `${folder.path}/behavior.json`;
  const change = (next: RpicamBehavior) =>
    Deno.writeTextFileSync(behaviorPath, JSON.stringify(next));
  change(behavior);
  writeProgram(
    `${folder.path}/rpicam-vid`,
    `#!/bin/sh
exec ${Deno.execPath()} run -A --quiet --no-check --config=${ROOT}deno.json \\
  ${ROOT}tests/support/rpicam_vid/main.ts ${behaviorPath} "$@"
`,
  );
  return {
    /** Value of PATH with the stand-in. */
    path: `${folder.path}:${Deno.env.get("PATH")}`,
    /** Behavior from the next start on. */
    change,
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}
