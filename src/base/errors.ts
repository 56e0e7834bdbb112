/** The exit statuses of the program, with the values of sysexits.h. */
export const EXIT = {
  ok: 0,
  /** A limit was missed: one that the user set for `validate`, or what `check-camera` needs. */
  limitMissed: 1,
  usage: 64,
  unavailable: 69,
  internal: 70,
  config: 78,
} as const;

export interface AppErrorOptions extends ErrorOptions {
  /** What the user can do, as a sentence. @default the message says it already */
  readonly hint?: string | undefined;
  /** Exit status of the process if nothing catches the error. @default EXIT.internal */
  readonly exitStatus?: number | undefined;
}

/** Base class of all errors that this program defines; used as it is for internal faults. */
export class AppError extends Error {
  readonly hint: string | undefined;
  readonly exitStatus: number;

  constructor(message: string, options: AppErrorOptions = {}) {
    super(message, options);
    this.name = new.target.name;
    this.hint = options.hint;
    this.exitStatus = options.exitStatus ?? EXIT.internal;
  }

  /** Returns an `AppError` as it is, and wraps anything else that was caught as an internal fault. */
  static from(reason: unknown): AppError {
    if (reason instanceof AppError) return reason;
    const message = reason instanceof Error ? reason.message : String(reason);
    return new AppError(message, { cause: reason });
  }

  /** The message, followed by the hint if there is one. */
  describe(): string {
    return this.hint === undefined ? this.message : `${this.message}: ${this.hint}`;
  }
}

/** An error that the user can solve: its message is for the user, and a stack trace would not help. */
export class ExitError extends AppError {
  constructor(message: string, options: AppErrorOptions & { readonly exitStatus: number }) {
    super(message, options);
  }
}

/** Wrong flags, arguments or environment variables. */
export class UsageError extends ExitError {
  constructor(message: string, options: AppErrorOptions = {}) {
    super(message, { ...options, exitStatus: EXIT.usage });
  }
}

/** A configuration file, or a file that the user named, that cannot be used. */
export class ConfigError extends ExitError {
  constructor(message: string, options: AppErrorOptions = {}) {
    super(message, { ...options, exitStatus: EXIT.config });
  }
}

/** A service, device or file that is not available. */
export class UnavailableError extends ExitError {
  constructor(message: string, options: AppErrorOptions = {}) {
    super(message, { ...options, exitStatus: EXIT.unavailable });
  }
}

/** The reason for a failure, to end a sentence with: the system's reason without Deno's decoration. */
export function reasonOf(cause: unknown): string {
  if (cause instanceof Deno.errors.NotFound) return "no such file or directory";
  if (cause instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (cause instanceof Deno.errors.IsADirectory) return "it is a directory";
  // The packed program has read permissions only for what its configuration named at the start.
  if (cause instanceof Deno.errors.NotCapable) {
    return "this process was started without permission for it: restart it";
  }
  return cause instanceof Error ? cause.message : String(cause);
}
