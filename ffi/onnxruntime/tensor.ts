import { callForPointer, ortApi, OrtError } from "./api.ts";

/** `ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT`. */
const ELEMENT_FLOAT = 1;
/** `OrtDeviceAllocator` and `OrtMemTypeDefault`: CPU memory. */
const DEVICE_ALLOCATOR = 0;
const MEMORY_DEFAULT = 0;

let cpuMemory: Deno.PointerObject | undefined;

/** A float32 tensor whose `data` is written before a run or read after it. */
export class Tensor implements Disposable {
  readonly data: Float32Array<ArrayBuffer>;
  #handle: Deno.PointerObject | undefined;

  /** @param shape the dimensions, each 1 or more; empty for a scalar. */
  constructor(readonly shape: readonly number[]) {
    if (shape.some((size) => !Number.isInteger(size) || size < 1)) {
      throw new RangeError(
        `Cannot create a tensor: each dimension must be 1 or more: current value is [${shape}]`,
      );
    }
    // An explicit ArrayBuffer, because V8 keeps small typed arrays in its heap and may move them.
    const length = shape.reduce((product, size) => product * size, 1);
    this.data = new Float32Array(new ArrayBuffer(4 * length));
    const api = ortApi();
    const task = "Cannot create a tensor";
    const memory = cpuMemory ??= callForPointer(
      task,
      (out) => api.CreateCpuMemoryInfo(DEVICE_ALLOCATOR, MEMORY_DEFAULT, out),
    );
    const sizes = new BigInt64Array(new ArrayBuffer(8 * Math.max(shape.length, 1)));
    shape.forEach((size, index) => sizes[index] = BigInt(size));
    const { data } = this;
    // deno-fmt-ignore
    this.#handle = callForPointer(task, (out) => api.CreateTensorWithDataAsOrtValue(memory, data,
      BigInt(data.byteLength), sizes, BigInt(shape.length), ELEMENT_FLOAT, out));
  }

  /** The `OrtValue *`. */
  get handle(): Deno.PointerObject {
    if (!this.#handle) throw new OrtError("Cannot use the tensor: it is disposed of");
    return this.#handle;
  }

  [Symbol.dispose](): void {
    if (!this.#handle) return;
    ortApi().ReleaseValue(this.#handle);
    this.#handle = undefined;
  }
}
