import { assetPath } from "../src/base/assets.ts";
import { AppError, reasonOf } from "../src/base/errors.ts";

/** What `ffi/native/status.h` calls `enum ph_status`. */
const STATUS_NAMES: Readonly<Record<number, NativeStatus>> = {
  [-1]: "argument",
  [-2]: "memory",
  [-3]: "system",
  [-4]: "no_device",
  [-5]: "busy",
  [-6]: "permission",
  [-7]: "format",
  [-8]: "timeout",
  [-9]: "state",
};

export type NativeStatus =
  | "argument"
  | "memory"
  | "system"
  | "no_device"
  | "busy"
  | "permission"
  | "format"
  | "timeout"
  | "state";

/** A native call that failed, with the library's own message. */
export class NativeError extends AppError {
  constructor(message: string, readonly status: NativeStatus) {
    super(message);
  }
}

const STATUS_SYMBOLS = {
  // const char *ph_error_message(void)
  ph_error_message: { parameters: [], result: "pointer" },
  // long long ph_monotonic_us(void)
  ph_monotonic_us: { parameters: [], result: "i64" },
} as const satisfies Deno.ForeignLibraryInterface;

/**
 * Opens `libphysiology.so` with one part's symbols. The library stays open for the life of the
 * process: its threads may outlast whoever opened it.
 *
 * @throws {Error} where the file is missing or lacks a symbol, with what to do.
 */
export function openNativeLibrary<const Symbols extends Deno.ForeignLibraryInterface>(
  symbols: Symbols,
): Deno.StaticForeignLibraryInterface<Symbols> {
  return openLibrary(assetPath("nativeLibrary"), symbols, "run scripts/setup, which builds it");
}

/** Opens any shared object, its failure told with a hint. */
export function openLibrary<const Symbols extends Deno.ForeignLibraryInterface>(
  path: string,
  symbols: Symbols,
  hint: string,
): Deno.StaticForeignLibraryInterface<Symbols> {
  try {
    return Deno.dlopen(path, symbols).symbols;
  } catch (cause) {
    const reason = reasonOf(cause);
    throw new Error(`Cannot open the library ${path}: ${reason}: ${hint}`, { cause });
  }
}

let status: Deno.StaticForeignLibraryInterface<typeof STATUS_SYMBOLS> | undefined;

/** The native clock, on which drivers stamp their frames: microseconds of CLOCK_MONOTONIC. */
export function nativeMonotonicUs(): number {
  status ??= openNativeLibrary(STATUS_SYMBOLS);
  return Number(status.ph_monotonic_us());
}

/**
 * Passes a result of 0 or more through.
 *
 * The message belongs to the calling thread, so a nonblocking call must bring its own.
 *
 * @throws {NativeError} for a negative status.
 */
export function unwrap(code: number, message?: string): number {
  if (code >= 0) return code;
  status ??= openNativeLibrary(STATUS_SYMBOLS);
  const pointer = status.ph_error_message();
  const text = message ?? (pointer ? Deno.UnsafePointerView.getCString(pointer) : "");
  throw new NativeError(text || `native status ${code}`, STATUS_NAMES[code] ?? "system");
}
