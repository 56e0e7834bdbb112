import assert from "node:assert/strict";
import { explainFileError, isDiskFull } from "../../../../src/transports/file/file_error.ts";

function errorOf(message: string, code?: string): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

const FAULTS: readonly (readonly [name: string, error: unknown, message: string])[] = [
  ["a full disk", errorOf("it failed", "ENOSPC"), "the disk is full: free some space"],
  ["an exceeded quota", errorOf("it failed", "EDQUOT"), "the disk is full: free some space"],
  [
    "a full disk by its text",
    errorOf("No space left on device"),
    "the disk is full: free some space",
  ],
  ["a quota by its text", errorOf("Disk quota exceeded"), "the disk is full: free some space"],
  ["a missing folder", new Deno.errors.NotFound("x"), "it does not exist: create it"],
  [
    "a file in its path",
    new Deno.errors.NotADirectory("x"),
    "it is not a folder: choose another --file_base_directory",
  ],
  [
    "a file in its place",
    new Deno.errors.AlreadyExists("x"),
    "it is not a folder: choose another --file_base_directory",
  ],
  [
    "a missing permission",
    new Deno.errors.PermissionDenied("x"),
    "permission denied: let the server's user write there",
  ],
  [
    "a read-only disk",
    errorOf("it failed", "EROFS"),
    "it is read-only: remount it, or choose another --file_base_directory",
  ],
  [
    "a read-only disk by its text",
    errorOf("Read-only file system"),
    "it is read-only: remount it, or choose another --file_base_directory",
  ],
  ["a lock", new Deno.errors.TimedOut("it is locked"), "it is locked: release the lock"],
  ["another error", errorOf("it failed", "EIO"), "it failed"],
  ["a text", "it failed", "it failed"],
];

for (const [name, error, message] of FAULTS) {
  Deno.test(`explainFileError() says what to do about ${name}`, () => {
    assert.equal(explainFileError(error, "/out"), `Cannot write to /out: ${message}`);
    assert.equal(isDiskFull(error), message.startsWith("the disk is full"));
  });
}

Deno.test("isDiskFull() is false for what is no error", () => {
  assert.equal(isDiskFull("no space left"), false);
  assert.equal(isDiskFull(undefined), false);
});
