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

/** A file whose lock another process holds until `free` is set. */
class LockedFile {
  tries = 0;
  free = false;
  unlocked = 0;

  tryLock(exclusive: boolean): Promise<boolean> {
    assert.equal(exclusive, true);
    this.tries++;
    return Promise.resolve(this.free);
  }

  unlock(): Promise<void> {
    this.unlocked++;
    return Promise.resolve();
  }
}

/** Begins to write to a file that is locked; returns its outcome so far. */
function waitForLock(file: LockedFile) {
  const clock = new ManualClock();
  const state = { outcome: "waiting", clock };
  const options = { clock, path: "/lines.jsonl", work: () => Promise.resolve("done") };
  withFileLock(file as unknown as Deno.FsFile, options).then(
    (result) => state.outcome = result,
    (error: Error) => state.outcome = error.message,
  );
  return state;
}

Deno.test("withFileLock() waits for 2 s for a lock of another process, and tries every 5 ms", async () => {
  const file = new LockedFile();
  const state = waitForLock(file);
  await state.clock.advance(2000);
  assert.equal(state.outcome, "waiting");
  assert.equal(file.tries, 401);
  await state.clock.advance(5);
  assert.equal(state.outcome, "Cannot lock /lines.jsonl: another process holds the lock");
  assert.equal(file.unlocked, 0);
});

Deno.test("withFileLock() goes on as soon as the lock is free", async () => {
  const file = new LockedFile();
  const state = waitForLock(file);
  await state.clock.advance(20);
  file.free = true;
  assert.equal(state.outcome, "waiting");
  await state.clock.advance(5);
  assert.deepEqual([state.outcome, file.unlocked], ["done", 1]);
});
