/** The exit statuses of the contract, which are those of sysexits.h. */
export const EXIT = {
  ok: 0,
  /** Limits that the user gave were missed; only `validate` uses it. */
  limitMissed: 1,
  usage: 64,
  unavailable: 69,
  internal: 70,
  config: 78,
} as const;

/** An error whose message is for the user, and which ends the process with `status`. */
export class ExitError extends Error {
  override readonly name: string = "ExitError";
  readonly status: number;

  constructor(message: string, options: ErrorOptions & { readonly status: number }) {
    super(message, options);
    this.status = options.status;
  }
}

/** Wrong flags, arguments or environment. */
export class UsageError extends ExitError {
  override readonly name = "UsageError";
  constructor(message: string, options: ErrorOptions = {}) {
    super(message, { ...options, status: EXIT.usage });
  }
}

/** A configuration file, or a file that it names, that cannot be used. */
export class ConfigError extends ExitError {
  override readonly name = "ConfigError";
  constructor(message: string, options: ErrorOptions = {}) {
    super(message, { ...options, status: EXIT.config });
  }
}

/** A service or device that never came. */
export class UnavailableError extends ExitError {
  override readonly name = "UnavailableError";
  constructor(message: string, options: ErrorOptions = {}) {
    super(message, { ...options, status: EXIT.unavailable });
  }
}
