import type { Clock } from "../../telemetry/clock.ts";

/** How long somebody else may hold a file that we want to write, milliseconds. */
const PATIENCE_MS = 2000;
const POLL_MS = 5;

/**
 * Runs `work` under an exclusive flock on `file`.
 *
 * @throws {Deno.errors.TimedOut} where another process holds it for too long.
 */
export async function underLock<Result>(
  file: Deno.FsFile,
  { clock, path, work }: { clock: Clock; path: string; work: () => Promise<Result> },
): Promise<Result> {
  const untilUs = clock.monotonicUs() + PATIENCE_MS * 1000;
  while (!await file.tryLock(true)) {
    if (clock.monotonicUs() > untilUs) {
      throw new Deno.errors.TimedOut(`Cannot lock ${path}: another process holds it`);
    }
    await clock.sleep(POLL_MS);
  }
  try {
    return await work();
  } finally {
    await file.unlock();
  }
}
