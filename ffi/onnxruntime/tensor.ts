import { ortApi, OrtError, received } from "./api.ts";

/** `ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT`. */
const ELEMENT_FLOAT = 1;
/** `OrtDeviceAllocator` and `OrtMemTypeDefault`: plain memory. */
const DEVICE_ALLOCATOR = 0;
const MEMORY_DEFAULT = 0;

let plainMemory: Deno.PointerObject | undefined;

/** A tensor of float32 over memory of ours: `data` is written before a run and read after it. */
export class Tensor implements Disposable {
  readonly data: Float32Array<ArrayBuffer>;
  #handle: Deno.PointerObject | undefined;

  /** @param shape its dimensions, each 1 or more; none for a scalar. */
  constructor(readonly shape: readonly number[]) {
    if (shape.some((size) => !Number.isInteger(size) || size < 1)) {
      throw new RangeError(`Cannot make a tensor of the shape [${shape}]: use sizes of 1 or more`);
    }
    // An own ArrayBuffer: V8 keeps small typed arrays in its heap, where they may move.
    const length = shape.reduce((product, size) => product * size, 1);
    this.data = new Float32Array(new ArrayBuffer(4 * length));
    const api = ortApi();
    const doing = "Cannot make a tensor";
    const memory = plainMemory ??= received(
      doing,
      (out) => api.CreateCpuMemoryInfo(DEVICE_ALLOCATOR, MEMORY_DEFAULT, out),
    );
    const sizes = new BigInt64Array(new ArrayBuffer(8 * Math.max(shape.length, 1)));
    shape.forEach((size, index) => sizes[index] = BigInt(size));
    const { data } = this;
    // deno-fmt-ignore
    this.#handle = received(doing, (out) => api.CreateTensorWithDataAsOrtValue(memory, data,
      BigInt(data.byteLength), sizes, BigInt(shape.length), ELEMENT_FLOAT, out));
  }

  /** The `OrtValue *`, for a binding. */
  get handle(): Deno.PointerObject {
    if (!this.#handle) throw new OrtError("Cannot use a tensor that was disposed");
    return this.#handle;
  }

  [Symbol.dispose](): void {
    if (!this.#handle) return;
    ortApi().ReleaseValue(this.#handle);
    this.#handle = undefined;
  }
}
