import { reasonOf, UnavailableError } from "../src/base/errors.ts";
import { openLibrary } from "./library.ts";

/** Names of the library of the user's system, that of the present ABI first. */
const LIBRARY_NAMES = ["liblsl.so.2", "liblsl.so"];
const HINT = "install the package liblsl of Lab Streaming Layer (labstreaminglayer.org), or name " +
  "the library with --lsl_library";

/** The used functions of liblsl (lsl_c.h), with the C declaration of each. */
const SYMBOLS = {
  // int32_t lsl_library_version()
  lsl_library_version: { parameters: [], result: "i32" },
  // double lsl_local_clock()
  lsl_local_clock: { parameters: [], result: "f64" },
  // lsl_streaminfo lsl_create_streaminfo(const char *name, const char *type, int32_t channel_count,
  //   double nominal_srate, lsl_channel_format_t channel_format, const char *source_id)
  lsl_create_streaminfo: {
    parameters: ["buffer", "buffer", "i32", "f64", "i32", "buffer"],
    result: "pointer",
  },
  // void lsl_destroy_streaminfo(lsl_streaminfo info)
  lsl_destroy_streaminfo: { parameters: ["pointer"], result: "void" },
  // lsl_xml_ptr lsl_get_desc(lsl_streaminfo info)
  lsl_get_desc: { parameters: ["pointer"], result: "pointer" },
  // lsl_xml_ptr lsl_append_child(lsl_xml_ptr e, const char *name)
  lsl_append_child: { parameters: ["pointer", "buffer"], result: "pointer" },
  // lsl_xml_ptr lsl_append_child_value(lsl_xml_ptr e, const char *name, const char *value)
  lsl_append_child_value: { parameters: ["pointer", "buffer", "buffer"], result: "pointer" },
  // lsl_outlet lsl_create_outlet(lsl_streaminfo info, int32_t chunk_size, int32_t max_buffered)
  lsl_create_outlet: { parameters: ["pointer", "i32", "i32"], result: "pointer" },
  // void lsl_destroy_outlet(lsl_outlet out)
  lsl_destroy_outlet: { parameters: ["pointer"], result: "void" },
  // int32_t lsl_push_chunk_ftn(lsl_outlet out, const float *data, unsigned long data_elements,
  //   const double *timestamps)
  lsl_push_chunk_ftn: { parameters: ["pointer", "buffer", "usize", "buffer"], result: "i32" },
  // int32_t lsl_push_sample_strt(lsl_outlet out, const char **data, double timestamp)
  lsl_push_sample_strt: { parameters: ["pointer", "buffer", "f64"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

type Symbols = Deno.StaticForeignLibraryInterface<typeof SYMBOLS>;

/** `lsl_channel_format_t` (lsl/common.h). */
const FORMATS = { float32: 1, string: 3 } as const;
/** `LSL_IRREGULAR_RATE`. */
const IRREGULAR_RATE_HZ = 0;
/** Samples of a chunk that is sent at once; 0 leaves it to each push. */
const CHUNK_SIZE = 0;
/** Samples in hundreds that liblsl keeps for each receiver that does not take them. Chosen. */
const MAX_BUFFERED = 60;

/** An element of the description of a stream: a value, or elements within it. */
export interface LslElement {
  readonly name: string;
  readonly content: string | readonly LslElement[];
}

/** A stream of samples that have a time each. */
export interface LslStream {
  readonly name: string;
  /** What the samples are, such as `PPG`. */
  readonly type: string;
  readonly format: keyof typeof FORMATS;
  readonly channels: number;
  /** Identifies the stream after a restart of its program; empty if nothing does. */
  readonly sourceId: string;
  readonly description: readonly LslElement[];
}

/** The sending end of a stream. Neither push waits for a receiver. */
export interface LslOutlet {
  /**
   * Sends samples of floats.
   *
   * @param values of all channels, sample after sample
   * @param times of the samples, on the clock of LSL in seconds
   * @returns false if liblsl has refused them
   */
  pushFloats(values: Float32Array<ArrayBuffer>, times: Float64Array<ArrayBuffer>): boolean;
  /** Sends a sample with one text; returns false if liblsl has refused it. */
  pushText(text: string, time: number): boolean;
  /** Ends the stream. */
  close(): void;
}

/** What a program needs of liblsl to send. */
export interface LslLibrary {
  /** Its version, such as 117 for 1.17. */
  readonly version: number;
  /** The present time of the clock of LSL, in seconds. */
  localClockS(): number;
  /** @throws {UnavailableError} if liblsl cannot send the stream, for example without a free port */
  openOutlet(stream: LslStream): LslOutlet;
}

/**
 * Loads liblsl, which stays loaded for the life of the process, because its threads may outlive the
 * last outlet.
 *
 * @param path of the library; by default the system searches it
 * @throws {UnavailableError} if it is missing, or lacks a function
 */
export function openLsl(path?: string): LslLibrary {
  const symbols = path === undefined ? searchLibrary() : openLibrary(path, SYMBOLS, HINT);
  return {
    version: symbols.lsl_library_version(),
    localClockS: () => symbols.lsl_local_clock(),
    openOutlet: (stream) => new NativeOutlet(symbols, stream),
  };
}

function searchLibrary(): Symbols {
  let reason = "";
  for (const name of LIBRARY_NAMES) {
    try {
      return Deno.dlopen(name, SYMBOLS).symbols;
    } catch (error) {
      reason ||= reasonOf(error).replaceAll(/\s+/g, " ");
    }
  }
  throw new UnavailableError(`Cannot load liblsl: ${reason}: ${HINT}`);
}

class NativeOutlet implements LslOutlet {
  readonly #symbols: Symbols;
  #outlet: Deno.PointerValue;

  constructor(symbols: Symbols, stream: LslStream) {
    this.#symbols = symbols;
    const info = symbols.lsl_create_streaminfo(
      cString(stream.name),
      cString(stream.type),
      stream.channels,
      IRREGULAR_RATE_HZ,
      FORMATS[stream.format],
      cString(stream.sourceId),
    );
    try {
      if (info) this.#describe(symbols.lsl_get_desc(info), stream.description);
      this.#outlet = info && symbols.lsl_create_outlet(info, CHUNK_SIZE, MAX_BUFFERED);
    } finally {
      if (info) symbols.lsl_destroy_streaminfo(info);
    }
    if (!this.#outlet) throw new UnavailableError(`Cannot open the LSL stream ${stream.name}`);
  }

  pushFloats(values: Float32Array<ArrayBuffer>, times: Float64Array<ArrayBuffer>): boolean {
    if (!this.#outlet) return false;
    const count = BigInt(values.length);
    return this.#symbols.lsl_push_chunk_ftn(this.#outlet, values, count, times) === 0;
  }

  pushText(text: string, time: number): boolean {
    if (!this.#outlet) return false;
    const bytes = cString(text);
    const pointers = BigUint64Array.of(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)));
    return this.#symbols.lsl_push_sample_strt(this.#outlet, pointers, time) === 0;
  }

  close(): void {
    if (this.#outlet) this.#symbols.lsl_destroy_outlet(this.#outlet);
    this.#outlet = null;
  }

  #describe(parent: Deno.PointerValue, elements: readonly LslElement[]): void {
    for (const { name, content } of elements) {
      if (typeof content === "string") {
        this.#symbols.lsl_append_child_value(parent, cString(name), cString(content));
      } else this.#describe(this.#symbols.lsl_append_child(parent, cString(name)), content);
    }
  }
}

function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}
