import type { MonotonicUs } from "../../base/time.ts";
import { SimulatedCamera } from "./camera.ts";
import { rateAt } from "./rate_schedule.ts";
import { STAMPED_TRUTH_HEADER, TRUTH_HEADER, truthRow, type TruthSample } from "./truth.ts";
import { exists } from "../../base/exists.ts";
import { reasonOf, UnavailableError, UsageError } from "../../base/errors.ts";
import type { CameraInputSettings } from "../camera_flags.ts";
import type { SimulatedCameraSettings } from "./flags.ts";
import type { Clock } from "../../telemetry/clock.ts";

export interface SimulationOptions {
  /** CSV file that receives the ground truth of each frame. */
  readonly truthPath: string | undefined;
  /** True if each row ends with the timestamp of the published frame. */
  readonly stamped: boolean;
  readonly realtime: boolean;
  readonly durationS?: number;
  /** Called with the ground truth of each frame, just before the frame is yielded. */
  readonly onTruth?: (truth: TruthSample, timeUs: MonotonicUs) => void;
}

/** The settings of a simulated camera. */
export interface SimulatedInputSettings {
  readonly camera: CameraInputSettings;
  readonly simulate: SimulatedCameraSettings;
}

/**
 * Checks what `openSimulation()` would refuse, and leaves the truth file as it is.
 *
 * @throws {ExitError} as `openSimulation()`
 */
export function checkSimulation(
  { simulate }: Pick<SimulatedInputSettings, "simulate">,
  truthPath: string | undefined,
): void {
  for (const flag of ["pulseBpm", "breathingBpm"] as const) checkSchedule(simulate[flag]);
  if (truthPath === undefined) return;
  try {
    const isNew = !exists(truthPath);
    Deno.openSync(truthPath, { append: true, create: true }).close();
    if (isNew) Deno.removeSync(truthPath);
  } catch (cause) {
    throw truthError(truthPath, cause);
  }
}

/** The simulated camera that the settings describe; its truth file is whole after each frame. */
export function openSimulation(
  { camera, simulate }: SimulatedInputSettings,
  { clock, truthPath, stamped, ...run }: SimulationOptions & { readonly clock: Clock },
): SimulatedCamera {
  for (const flag of ["pulseBpm", "breathingBpm"] as const) checkSchedule(simulate[flag]);
  const file = truthPath === undefined ? undefined : openTruth(truthPath);
  file?.write(stamped ? STAMPED_TRUTH_HEADER : TRUTH_HEADER);
  return new SimulatedCamera({
    ...run,
    width: camera.widthPx,
    height: camera.heightPx,
    fps: camera.maxFps,
    scene: simulate.scene,
    spectrum: simulate.spectrum,
    pulse: simulate.pulseBpm,
    breathing: simulate.breathingBpm,
    noise: simulate.noise,
    motion: simulate.motion,
    light: simulate.light,
    frameDrop: simulate.frameDrop,
    seed: simulate.seed,
    clock,
    ...(file && {
      onTruth: (sample, timeUs) =>
        file.write(truthRow(sample, stamped ? clock.epochUs(timeUs) : undefined)),
      onClose: () => file.close(),
    }),
  });
}

/** Checks the order of the steps; the pattern of the flag checks each step. */
function checkSchedule(schedule: string): void {
  try {
    rateAt(schedule);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new UsageError(cause.message, { cause });
  }
}

/** Opens the file immediately, so that a wrong path is reported before anything runs. */
function openTruth(path: string): { write(text: string): void; close(): void } {
  try {
    const file = Deno.openSync(path, { write: true, create: true, truncate: true });
    const encoder = new TextEncoder();
    return {
      write(text) {
        let rest = encoder.encode(text);
        while (rest.length > 0) rest = rest.subarray(file.writeSync(rest));
      },
      close: () => file.close(),
    };
  } catch (cause) {
    throw truthError(path, cause);
  }
}

function truthError(path: string, cause: unknown): UnavailableError {
  return new UnavailableError(`Cannot write the ground truth to ${path}: ${reasonOf(cause)}`, {
    cause,
  });
}
