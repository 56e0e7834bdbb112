import type { Clock } from "../../telemetry/clock.ts";

/** How long to wait for a lock that another process holds, in milliseconds. */
const LOCK_TIMEOUT_MS = 2000;
const POLL_MS = 5;

export interface FileLockOptions<Result> {
  readonly clock: Clock;
  /** Path of the file, for the error message. */
  readonly path: string;
  readonly work: () => Promise<Result>;
}

/**
 * Runs `work` while holding an exclusive lock (flock(2)) on `file`.
 *
 * @throws {Deno.errors.TimedOut} if another process holds the lock for longer than 2 s
 */
export async function withFileLock<Result>(
  file: Deno.FsFile,
  { clock, path, work }: FileLockOptions<Result>,
): Promise<Result> {
  const deadlineUs = clock.monotonicUs() + LOCK_TIMEOUT_MS * 1000;
  while (!await file.tryLock(true)) {
    if (clock.monotonicUs() > deadlineUs) {
      throw new Deno.errors.TimedOut(`Cannot lock ${path}: another process holds the lock`);
    }
    await clock.sleep(POLL_MS);
  }
  try {
    return await work();
  } finally {
    await file.unlock();
  }
}
