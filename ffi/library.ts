import { assetPath } from "../src/base/assets.ts";
import { AppError, reasonOf, UnavailableError } from "../src/base/errors.ts";

/** The errors of `enum ph_status` in `ffi/native/status.h`. */
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

/** The kind of a {@linkcode NativeError}. */
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

/** The failure of a native call, with the library's message. */
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
  // long long ph_boottime_us(void)
  ph_boottime_us: { parameters: [], result: "i64" },
} as const satisfies Deno.ForeignLibraryInterface;

const opened = new Map<Deno.ForeignLibraryInterface, Deno.StaticForeignLibraryInterface<never>>();

/**
 * Opens `libphysiology.so` with the symbols of one header, once for each table of symbols. The
 * library stays open for the life of the process, because its threads may outlive the object that
 * opened it.
 *
 * @throws {UnavailableError} if the file or a symbol is missing, with a hint.
 */
export function openNativeLibrary<const Symbols extends Deno.ForeignLibraryInterface>(
  symbols: Symbols,
): Deno.StaticForeignLibraryInterface<Symbols> {
  const known = opened.get(symbols);
  if (known) return known as Deno.StaticForeignLibraryInterface<Symbols>;
  const library = openLibrary(
    assetPath("nativeLibrary"),
    symbols,
    "run scripts/setup, which builds it",
  );
  opened.set(symbols, library as Deno.StaticForeignLibraryInterface<never>);
  return library;
}

/**
 * Opens any shared library.
 *
 * @param hint what to do if it cannot be opened.
 * @throws {UnavailableError} if the file or a symbol is missing or the file is cut off, with the hint.
 */
export function openLibrary<const Symbols extends Deno.ForeignLibraryInterface>(
  path: string,
  symbols: Symbols,
  hint: string,
): Deno.StaticForeignLibraryInterface<Symbols> {
  try {
    checkElfSize(path);
    return Deno.dlopen(path, symbols).symbols;
  } catch (cause) {
    const reason = reasonOf(cause);
    throw new UnavailableError(`Cannot open the library ${path}: ${reason}: ${hint}`, { cause });
  }
}

/** Size of the header of a 64-bit ELF file (elf(5), Elf64_Ehdr), and offsets in it. */
const ELF_HEADER = { size: 64, e_shoff: 40, e_shentsize: 58, e_shnum: 60 } as const;

/**
 * Checks that an ELF file has its last part, the table of section headers. The loader maps a file
 * that is cut off, and the first access beyond its end would end the process (SIGBUS).
 *
 * @throws {Error} if it is cut off.
 */
function checkElfSize(path: string): void {
  using file = Deno.openSync(path);
  const { size } = file.statSync();
  const header = new DataView(new ArrayBuffer(ELF_HEADER.size));
  const read = file.readSync(new Uint8Array(header.buffer)) ?? 0;
  const sectionsEnd = Number(header.getBigUint64(ELF_HEADER.e_shoff, true)) +
    header.getUint16(ELF_HEADER.e_shentsize, true) * header.getUint16(ELF_HEADER.e_shnum, true);
  if (read < ELF_HEADER.size || size < sectionsEnd) {
    throw new Error(`the file is cut off at ${size} bytes`);
  }
}

/** Returns CLOCK_MONOTONIC in microseconds, the clock of the timestamps of V4L2. */
export function nativeMonotonicUs(): number {
  return Number(openNativeLibrary(STATUS_SYMBOLS).ph_monotonic_us());
}

/** Returns CLOCK_BOOTTIME in microseconds, which also advances while the machine is suspended. */
export function nativeBoottimeUs(): number {
  return Number(openNativeLibrary(STATUS_SYMBOLS).ph_boottime_us());
}

/**
 * Returns a result of 0 or more unchanged.
 *
 * @param message replaces the library's message, which belongs to the calling thread: required for
 * nonblocking calls.
 * @throws {NativeError} for a negative status.
 */
export function unwrap(code: number, message?: string): number {
  if (code >= 0) return code;
  const pointer = openNativeLibrary(STATUS_SYMBOLS).ph_error_message();
  const text = message ?? (pointer ? Deno.UnsafePointerView.getCString(pointer) : "");
  throw new NativeError(text || `native status ${code}`, STATUS_NAMES[code] ?? "system");
}
