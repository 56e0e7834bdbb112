import assert from "node:assert/strict";
import { withFileLock } from "../../../../src/transports/file/file_lock.ts";
import { temporaryFolder } from "../../../support/folders.ts";
import { ManualClock } from "../../../support/manual_clock.ts";

/** Two descriptors of one file, with locks of their own. */
function lockedFiles() {
  const folder = temporaryFolder();
  const path = `${folder.path}/lines.jsonl`;
  Deno.writeTextFileSync(path, "");
  const [file, other] = [0, 1].map(() => Deno.openSync(path, { read: true, write: true }));
  return {
    path,
    file: file!,
    other: other!,
    clock: new ManualClock(),
    [Symbol.dispose]: () => {
      file!.close();
      other!.close();
      folder[Symbol.dispose]();
    },
  };
}

Deno.test("withFileLock() holds the lock during the work alone, even if that fails", async () => {
  using fixture = lockedFiles();
  const { file, other, clock, path } = fixture;
  const isFree = () => {
    const free = other.tryLockSync(true);
    if (free) other.unlockSync();
    return free;
  };
  const work = () => Promise.resolve(isFree());
  assert.equal(await withFileLock(file, { clock, path, work }), false);
  assert.equal(isFree(), true);
  const failing = () => Promise.reject(new Error("It failed"));
  await assert.rejects(withFileLock(file, { clock, path, work: failing }), /It failed/);
  assert.equal(isFree(), true);
});

Deno.test("withFileLock() waits for 2 s for a lock of another process, and tries every 5 ms", async () => {
  using fixture = lockedFiles();
  const { file, other, clock, path } = fixture;
  other.lockSync(true);
  let tries = 0;
  const tryLock = file.tryLock.bind(file);
  file.tryLock = (exclusive) => {
    tries++;
    return tryLock(exclusive);
  };
  let outcome = "waiting";
  const done = withFileLock(file, { clock, path, work: () => Promise.resolve() })
    .then(() => outcome = "done", (error: Error) => outcome = error.message);
  await advance(clock, 1990);
  assert.equal(outcome, "waiting");
  assert.ok(tries > 390 && tries < 410, `${tries}`);
  await advance(clock, 20);
  await done;
  assert.equal(outcome, `Cannot lock ${path}: another process holds the lock`);
});

Deno.test("withFileLock() goes on as soon as the lock is free", async () => {
  using fixture = lockedFiles();
  const { file, other, clock, path } = fixture;
  other.lockSync(true);
  const done = withFileLock(file, { clock, path, work: () => Promise.resolve(7) });
  await advance(clock, 1500);
  other.unlockSync();
  await advance(clock, 5);
  assert.equal(await done, 7);
});

/** Advances in steps of a try, each with time for the operation on the file. */
async function advance(clock: ManualClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 5) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    await clock.advance(5);
  }
}
