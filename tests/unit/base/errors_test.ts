import assert from "node:assert/strict";
import {
  AppError,
  ConfigError,
  EXIT,
  ExitError,
  reasonOf,
  UnavailableError,
  UsageError,
} from "../../../src/base/errors.ts";

Deno.test("AppError.from() returns an AppError as it is", () => {
  const error = new ConfigError("Cannot read c.json");
  assert.equal(AppError.from(error), error);
});

Deno.test("AppError.from() wraps anything else as an internal fault and keeps the cause", () => {
  const cause = new TypeError("x is undefined");
  const error = AppError.from(cause);
  assert.equal(error.message, "x is undefined");
  assert.equal(error.cause, cause);
  assert.equal(error.exitStatus, EXIT.internal);
  assert.equal(AppError.from("text").message, "text");
});

Deno.test("AppError.describe() appends the hint if there is one", () => {
  assert.equal(new AppError("Cannot open a.mp4").describe(), "Cannot open a.mp4");
  const error = new AppError("Cannot open a.mp4", { hint: "Check the path" });
  assert.equal(error.describe(), "Cannot open a.mp4: Check the path");
});

Deno.test("ExitError subclasses have their exit status and their name", () => {
  for (
    const [error, status, name] of [
      [new UsageError(""), 64, "UsageError"],
      [new UnavailableError(""), 69, "UnavailableError"],
      [new ConfigError(""), 78, "ConfigError"],
    ] as const
  ) {
    assert.ok(error instanceof ExitError);
    assert.deepEqual([error.exitStatus, error.name], [status, name]);
  }
});

Deno.test("EXIT has the statuses of sysexits.h, and 1 for a missed limit", () => {
  const statuses = { ok: 0, limitMissed: 1, usage: 64, unavailable: 69, internal: 70, config: 78 };
  assert.deepEqual(EXIT, statuses);
  assert.equal(new AppError("").exitStatus, 70);
  assert.equal(new AppError("", { exitStatus: 5 }).exitStatus, 5);
});

Deno.test("reasonOf() returns the reason of the system without its decoration", () => {
  const cases: [unknown, string][] = [
    [new Deno.errors.NotFound("x (os error 2)"), "no such file or directory"],
    [new Deno.errors.PermissionDenied("x (os error 13)"), "permission denied"],
    [new Deno.errors.IsADirectory("x (os error 21)"), "it is a directory"],
    [
      new Deno.errors.NotCapable("Requires read access"),
      "this process was started without permission for it: restart it",
    ],
    [new Error("it broke"), "it broke"],
    ["text", "text"],
  ];
  for (const [cause, reason] of cases) assert.equal(reasonOf(cause), reason);
});
