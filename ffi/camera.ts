import {
  type CameraFrame,
  type CameraGranted,
  type CameraLosses,
  type CameraRead,
  type CameraRequest,
  decodeGranted,
  encodeRequest,
} from "./camera_values.ts";
import { pixelBytes, PixelPool, readImage, readText } from "./image.ts";
import { NativeError, openNativeLibrary, unwrap } from "./library.ts";
import { CAMERA_FRAME, CAMERA_GRANTED } from "./struct_layout.ts";

const SYMBOLS = {
  // int ph_camera_check(const char *path)
  ph_camera_check: { parameters: ["buffer"], result: "i32" },
  ph_camera_open: {
    parameters: [
      "buffer", // const char *path
      "buffer", // const struct ph_camera_request *request
      "buffer", // struct ph_camera_granted *granted
      "buffer", // ph_camera **camera
    ],
    result: "i32",
    nonblocking: true,
  },
  ph_camera_next: {
    parameters: [
      "pointer", // ph_camera *camera
      "i32", // int32_t timeout_ms
      "buffer", // uint8_t *pixels
      "usize", // size_t pixels_capacity
      "buffer", // uint8_t *jpeg
      "usize", // size_t jpeg_capacity
      "buffer", // struct ph_camera_frame *frame
    ],
    result: "i32",
    nonblocking: true,
  },
  // void ph_camera_stop(ph_camera *camera)
  ph_camera_stop: { parameters: ["pointer"], result: "void" },
  // void ph_camera_lock(ph_camera *camera, int32_t on)
  ph_camera_lock: { parameters: ["pointer", "i32"], result: "void" },
  // int ph_camera_close(ph_camera *camera)
  ph_camera_close: { parameters: ["pointer"], result: "i32", nonblocking: true },
  // int ph_camera_list(char *text, size_t capacity)
  ph_camera_list: { parameters: ["buffer", "usize"], result: "i32", nonblocking: true },
  // int ph_camera_stable_path(const char *path, char *link, size_t capacity)
  ph_camera_stable_path: { parameters: ["buffer", "buffer", "usize"], result: "i32" },
  // int ph_camera_node_name(const char *path, char *name, size_t capacity)
  ph_camera_node_name: { parameters: ["buffer", "buffer", "usize"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

const library = () => openNativeLibrary(SYMBOLS);

/** PH_CAMERA_BUFFER_TOO_SMALL. */
const BUFFER_TOO_SMALL = 1;

const FRAME = CAMERA_FRAME.offsets;
const encoder = new TextEncoder();
const cString = (text: string) => encoder.encode(text + "\0");

/** The arguments of pending calls, which must not be garbage-collected. */
const pendingMemory = new Set<object>();

/**
 * A camera that a native thread reads. No method blocks the event loop.
 *
 * @example
 * ```ts ignore
 * await using camera = await NativeCamera.open("/dev/video0", request);
 * const read = await camera.next(2000);
 * ```
 */
export class NativeCamera implements AsyncDisposable {
  /**
   * Opens a camera, negotiates the format and starts streaming.
   *
   * @throws {NativeError} with status `no_device`, `busy` or `permission`, which may be temporary,
   * or `format`, which is permanent.
   */
  static async open(path: string, request: CameraRequest): Promise<NativeCamera> {
    const granted = new Uint8Array(new ArrayBuffer(CAMERA_GRANTED.bytes));
    const handle = new BigUint64Array(new ArrayBuffer(8));
    const input = { path: cString(path), request: encodeRequest(request) };
    pendingMemory.add(input);
    try {
      const code = await library().ph_camera_open(input.path, input.request, granted, handle);
      unwrap(code, readText(granted, CAMERA_GRANTED.offsets.message));
    } finally {
      pendingMemory.delete(input);
    }
    return new NativeCamera(Deno.UnsafePointer.create(handle[0]!)!, decodeGranted(granted));
  }

  /** The granted settings. */
  readonly granted: CameraGranted;
  #handle: Deno.PointerObject | undefined;
  #reading: Promise<number> | undefined;
  readonly #imagePool = new PixelPool();
  readonly #jpegPool = new PixelPool();
  #imageCapacity = 640 * 480;
  #jpegCapacity = 128 * 1024;
  readonly #frame = new Uint8Array(new ArrayBuffer(CAMERA_FRAME.bytes));
  readonly #view = new DataView(this.#frame.buffer);
  #losses: CameraLosses = { lost: 0, damaged: 0, overrun: 0, reason: "" };

  private constructor(handle: Deno.PointerObject, granted: CameraGranted) {
    this.#handle = handle;
    this.granted = granted;
  }

  /** Waits for the next frame, in order. Only one call may be pending. */
  async next(timeoutMs: number): Promise<CameraRead> {
    while (true) {
      if (!this.#handle) return { state: "stopped" };
      const image = this.#imagePool.acquire(this.#imageCapacity);
      const jpeg = this.#jpegPool.acquire(this.#jpegCapacity);
      this.#reading = library().ph_camera_next(
        this.#handle,
        timeoutMs,
        new Uint8Array(image),
        BigInt(image.byteLength),
        new Uint8Array(jpeg),
        BigInt(jpeg.byteLength),
        this.#frame,
      );
      const code = await this.#reading;
      if (code === 0) return { state: "frame", ...this.#readFrame(image, jpeg) };
      this.#imagePool.release(image);
      this.#jpegPool.release(jpeg);
      if (code !== BUFFER_TOO_SMALL) return this.#failure(code);
      this.#imageCapacity = Math.max(this.#imageCapacity, pixelBytes(this.#view));
      const jpegBytes = this.#view.getInt32(FRAME.jpegBytes, true);
      // The size of JPEGs varies: the reserve avoids another resize for a slightly larger one.
      if (jpegBytes > this.#jpegCapacity) this.#jpegCapacity = Math.ceil(jpegBytes * 1.5);
    }
  }

  /**
   * Locks exposure, gain, white balance and focus at their current values, or makes them automatic
   * again. Controls that the camera lacks are skipped.
   */
  lock(on: boolean): void {
    if (this.#handle) library().ph_camera_lock(this.#handle, on ? 1 : 0);
  }

  /** Makes the pending `next` and all later ones return `stopped`. */
  stop(): void {
    if (this.#handle) library().ph_camera_stop(this.#handle);
  }

  /**
   * Ends the thread and releases the camera.
   *
   * @throws {NativeError} with status `timeout` if the driver does not respond; the process should
   * then exit.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const handle = this.#handle;
    if (!handle) return;
    library().ph_camera_stop(handle);
    this.#handle = undefined;
    await this.#reading;
    const code = await library().ph_camera_close(handle);
    unwrap(code, "Cannot close the camera: its driver does not respond");
  }

  #readFrame(image: ArrayBuffer, jpeg: ArrayBuffer): { frame: CameraFrame; losses: CameraLosses } {
    const jpegBytes = this.#view.getInt32(FRAME.jpegBytes, true);
    let owned = true;
    const frame = {
      image: readImage(this.#view, image),
      ...(jpegBytes > 0 && { jpeg: new Uint8Array(jpeg, 0, jpegBytes) }),
      timeUs: Number(this.#view.getBigInt64(FRAME.timeUs, true)),
      sequence: Number(this.#view.getBigInt64(FRAME.sequence, true)),
      [Symbol.dispose]: () => {
        if (!owned) return;
        owned = false;
        this.#imagePool.release(image);
        this.#jpegPool.release(jpeg);
      },
    };
    return { frame, losses: this.#readLosses() };
  }

  /** The losses until the last frame; most frames come without a new one. */
  #readLosses(): CameraLosses {
    const before = this.#losses;
    const lost = Number(this.#view.getBigInt64(FRAME.lost, true));
    const damaged = Number(this.#view.getBigInt64(FRAME.damaged, true));
    const overrun = Number(this.#view.getBigInt64(FRAME.overrun, true));
    if (lost !== before.lost || damaged !== before.damaged || overrun !== before.overrun) {
      const reason = readText(this.#frame, FRAME.message);
      this.#losses = { lost, damaged, overrun, reason };
    }
    return this.#losses;
  }

  #failure(code: number): CameraRead {
    const reason = readText(this.#frame, FRAME.message);
    try {
      unwrap(code, reason);
    } catch (error) {
      if (!(error instanceof NativeError)) throw error;
      if (error.status === "timeout") return { state: "timeout", losses: this.#readLosses() };
      if (error.status === "state") return { state: "stopped" };
    }
    return { state: "failed", reason };
  }
}

/** Returns the udev link to a device that stays the same when it is plugged in again, if any. */
export function stableCameraPath(path: string): string | undefined {
  const link = new Uint8Array(new ArrayBuffer(4096));
  const code = library().ph_camera_stable_path(cString(path), link, BigInt(link.length));
  return code === 0 ? readText(link) : undefined;
}

/**
 * Returns the name of a device node of V4L2, such as `unicam-image`, without opening it; undefined if
 * the path leads to none.
 */
export function cameraNodeName(path: string): string | undefined {
  const name = new Uint8Array(new ArrayBuffer(256));
  const code = library().ph_camera_node_name(cString(path), name, BigInt(name.length));
  return code === 0 ? readText(name) : undefined;
}

/**
 * Checks that a camera could be opened, without a change of its settings.
 *
 * @throws {NativeError} as {@linkcode NativeCamera.open}
 */
export function checkCameraDevice(path: string): void {
  unwrap(library().ph_camera_check(cString(path)));
}

/** Lists the cameras of this machine, in the format of `ffi/native/camera_list.h`. */
export async function listCamerasText(): Promise<string> {
  let capacity = 64 * 1024;
  while (true) {
    const text = new Uint8Array(new ArrayBuffer(capacity));
    const code = await library().ph_camera_list(text, BigInt(capacity));
    const length = unwrap(code, "Cannot list the cameras: /dev cannot be read");
    if (length < capacity) return readText(text);
    capacity = length + 1;
  }
}
