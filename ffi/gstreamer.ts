import { pixelBytes, PixelPool, type PlanarImage, readImage, readText } from "./image.ts";
import { NativeError, openNativeLibrary, unwrap } from "./library.ts";
import { GST_FRAME } from "./struct_layout.ts";

const SYMBOLS = {
  ph_gst_open: {
    parameters: [
      "buffer", // const char *description
      "buffer", // char *message
      "buffer", // ph_gst **pipeline
    ],
    result: "i32",
    nonblocking: true,
  },
  ph_gst_check: {
    parameters: [
      "buffer", // const char *description
      "buffer", // char *message
    ],
    result: "i32",
    nonblocking: true,
  },
  ph_gst_next: {
    parameters: [
      "pointer", // ph_gst *pipeline
      "i32", // int32_t timeout_ms
      "buffer", // uint8_t *data
      "usize", // size_t capacity
      "buffer", // struct ph_gst_frame *frame
    ],
    result: "i32",
    nonblocking: true,
  },
  // void ph_gst_stop(ph_gst *pipeline)
  ph_gst_stop: { parameters: ["pointer"], result: "void" },
  // void ph_gst_close(ph_gst *pipeline)
  ph_gst_close: { parameters: ["pointer"], result: "void", nonblocking: true },
} as const satisfies Deno.ForeignLibraryInterface;

const library = () => openNativeLibrary(SYMBOLS);

/** PH_GST_MESSAGE_SIZE. */
const MESSAGE_BYTES = 256;
/** PH_GST_BUFFER_TOO_SMALL. */
const BUFFER_TOO_SMALL = 1;
const FRAME = GST_FRAME.offsets;

/** The description of a pipeline that is being opened, which must not be garbage-collected. */
const pendingMemory = new Set<Uint8Array<ArrayBuffer>>();

/** A frame of a pipeline. Disposing of it returns its memory to the pool. */
export interface PipelineFrame extends Disposable {
  /** Exactly one of `image` and `jpeg` is present. */
  readonly image?: PlanarImage;
  readonly jpeg?: Uint8Array<ArrayBuffer>;
  /** Capture time in microseconds of CLOCK_MONOTONIC, or time of arrival if `isTimed` is false. */
  readonly timeUs: number;
  readonly isTimed: boolean;
  /** Frames per second that the stream declares. */
  readonly fps?: number;
}

/** The result of waiting for a frame. */
export type PipelineRead =
  | { readonly state: "frame"; readonly frame: PipelineFrame }
  /** No frame arrived in time. */
  | { readonly state: "timeout" }
  /** The stream has ended or an element has failed; the pipeline must be closed. */
  | { readonly state: "failed"; readonly reason: string }
  | { readonly state: "stopped" };

/**
 * A pipeline of the GStreamer of the system, whose libraries are opened with the first one.
 *
 * @example
 * ```ts ignore
 * await using pipeline = await NativePipeline.open("videotestsrc ! appsink name=physiology_sink");
 * const read = await pipeline.next(2000);
 * ```
 */
export class NativePipeline implements AsyncDisposable {
  /**
   * Builds and starts a pipeline.
   *
   * @param description in the syntax of gst-launch-1.0, with an appsink named `physiology_sink`
   * @throws {NativeError} with status `no_device` if GStreamer is not installed, `argument` if the
   * description has an error, or `system` if the pipeline does not start.
   */
  static async open(description: string): Promise<NativePipeline> {
    const handle = new BigUint64Array(new ArrayBuffer(8));
    await withDescription(
      description,
      (text, message) => library().ph_gst_open(text, message, handle),
    );
    return new NativePipeline(Deno.UnsafePointer.create(handle[0]!)!);
  }

  /**
   * Checks that all elements of a pipeline exist and can be linked; starts nothing.
   *
   * @throws {NativeError} as `open`, with status `no_device` or `argument`
   */
  static async check(description: string): Promise<void> {
    await withDescription(description, (text, message) => library().ph_gst_check(text, message));
  }

  #handle: Deno.PointerObject | undefined;
  #reading: Promise<number> | undefined;
  #closing: Promise<void> | undefined;
  readonly #pool = new PixelPool();
  #capacity = 640 * 480 * 3 / 2;
  readonly #frame = new Uint8Array(new ArrayBuffer(GST_FRAME.bytes));
  readonly #view = new DataView(this.#frame.buffer);

  private constructor(handle: Deno.PointerObject) {
    this.#handle = handle;
  }

  /** Waits for the next frame, in order. Only one call may be pending. */
  async next(timeoutMs: number): Promise<PipelineRead> {
    while (true) {
      if (!this.#handle) return { state: "stopped" };
      const block = this.#pool.acquire(this.#capacity);
      this.#reading = library().ph_gst_next(
        this.#handle,
        timeoutMs,
        new Uint8Array(block),
        BigInt(block.byteLength),
        this.#frame,
      );
      const code = await this.#reading;
      if (code === 0) return { state: "frame", frame: this.#readFrame(block) };
      this.#pool.release(block);
      if (code !== BUFFER_TOO_SMALL) return this.#failure(code);
      // The size of JPEGs varies: the reserve avoids another resize for a slightly larger one.
      this.#capacity = Math.ceil(pixelBytes(this.#view) * 1.25);
    }
  }

  /** Makes the pending `next` and all later ones return `stopped`. */
  stop(): void {
    if (this.#handle) library().ph_gst_stop(this.#handle);
  }

  /** Ends the pipeline, once a pending `next` has returned. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    const handle = this.#handle!;
    library().ph_gst_stop(handle);
    this.#handle = undefined;
    await this.#reading;
    await library().ph_gst_close(handle);
  }

  #readFrame(block: ArrayBuffer): PipelineFrame {
    const fps = this.#view.getInt32(FRAME.fpsMilli, true) / 1000;
    let owned = true;
    return {
      ...this.#view.getInt32(FRAME.isJpeg, true) === 1
        ? { jpeg: new Uint8Array(block, 0, pixelBytes(this.#view)) }
        : { image: readImage(this.#view, block) },
      timeUs: Number(this.#view.getBigInt64(FRAME.timeUs, true)),
      isTimed: this.#view.getInt32(FRAME.isTimed, true) === 1,
      ...fps > 0 && { fps },
      [Symbol.dispose]: () => {
        if (owned) this.#pool.release(block);
        owned = false;
      },
    };
  }

  #failure(code: number): PipelineRead {
    const reason = readText(this.#frame, FRAME.message);
    try {
      unwrap(code, reason);
    } catch (error) {
      if (!(error instanceof NativeError)) throw error;
      if (error.status === "timeout") return { state: "timeout" };
      if (error.status === "state") return { state: "stopped" };
    }
    return { state: "failed", reason };
  }
}

/** Calls a function with a description as a C string, and with memory for its message. */
async function withDescription(
  description: string,
  call: (text: Uint8Array<ArrayBuffer>, message: Uint8Array<ArrayBuffer>) => Promise<number>,
): Promise<void> {
  const text = new TextEncoder().encode(`${description}\0`);
  const message = new Uint8Array(new ArrayBuffer(MESSAGE_BYTES));
  pendingMemory.add(text);
  try {
    const code = await call(text, message);
    unwrap(code, readText(message));
  } finally {
    pendingMemory.delete(text);
  }
}
