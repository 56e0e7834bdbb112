import { reasonOf } from "../../src/base/errors.ts";
import {
  callForNumber,
  callForPointer,
  check,
  cString,
  type OrtApi,
  ortApi,
  OrtError,
} from "./api.ts";
import { Tensor } from "./tensor.ts";

/** The description of a model's input or output. */
export interface TensorInfo {
  readonly name: string;
  /** -1 for a dynamic dimension. */
  readonly shape: readonly number[];
  /** `ONNXTensorElementDataType`; 1 is float32. */
  readonly elementType: number;
}

/** A session bound to fixed tensors, so that a run allocates no memory. */
export interface Binding {
  /**
   * Runs the model on another thread and fills the output tensors. Only one run may be pending: the
   * tensors are in use until the promise settles.
   *
   * @throws {OrtError} with the message of ONNX Runtime.
   */
  run(): Promise<void>;
  /** The same on this thread. */
  runSync(): void;
}

/**
 * `ORT_LOGGING_LEVEL_FATAL`. At lower levels ONNX Runtime also prints the failures to stderr that are
 * thrown as errors.
 */
const LOG_FATAL = 4;

/** The memory of pending runs, which must not be garbage-collected. */
const pendingMemory = new Set<object>();

let environment: Deno.PointerObject | undefined;

/** Returns the environment, which is shared by all sessions and never released. */
function ortEnvironment(api: OrtApi): Deno.PointerObject {
  return environment ??= callForPointer(
    "Cannot start ONNX Runtime",
    (out) => api.CreateEnv(LOG_FATAL, cString("physiology"), out),
  );
}

/** A loaded ONNX model. It computes on one thread, and does not spin while idle. */
export class OrtSession implements Disposable {
  readonly #api = ortApi();
  #handle: Deno.PointerObject | undefined;
  #running = 0;
  #disposed = false;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];

  /**
   * @param model the contents of an ONNX file.
   * @throws {OrtError} if ONNX Runtime cannot load it, with its message.
   */
  constructor(model: Uint8Array<ArrayBuffer>) {
    const api = this.#api;
    const task = "Cannot load the model";
    // The memory arena is enabled by default. Without it, each thread that ever ran the model would
    // keep 2.5 MB in its own heap.
    const options = callForPointer(task, (out) => api.CreateSessionOptions(out));
    try {
      check(api.SetIntraOpNumThreads(options, 1), task);
      check(api.SetInterOpNumThreads(options, 1), task);
      const spinning = cString("session.intra_op.allow_spinning");
      check(api.AddSessionConfigEntry(options, spinning, cString("0")), task);
      const environment = ortEnvironment(api);
      this.#handle = callForPointer(
        task,
        (out) =>
          api.CreateSessionFromArray(environment, model, BigInt(model.byteLength), options, out),
      );
    } finally {
      api.ReleaseSessionOptions(options);
    }
    try {
      this.inputs = this.#describe("Input");
      this.outputs = this.#describe("Output");
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Loads a model from a file.
   *
   * @throws {OrtError} if the file cannot be read or loaded, with its path.
   */
  static async fromFile(path: string): Promise<OrtSession> {
    try {
      return new OrtSession(await Deno.readFile(path));
    } catch (cause) {
      const reason = reasonOf(cause);
      throw new OrtError(`Cannot use the model ${path}: ${reason}`, { cause });
    }
  }

  /**
   * Binds tensors to the model's inputs and outputs by name. The caller owns the tensors, which must
   * outlive the binding. Outputs without a tensor are not computed.
   *
   * @throws {TypeError} for an unknown name or a missing input.
   */
  bind(
    inputs: Readonly<Record<string, Tensor>>,
    outputs: Readonly<Record<string, Tensor>>,
  ): Binding {
    const missing = this.inputs.find(({ name }) => !(name in inputs));
    if (missing) {
      throw new TypeError(`Cannot bind the model: the input '${missing.name}' is missing`);
    }
    const inputArguments = new Arguments("input", inputs, this.inputs);
    const outputArguments = new Arguments("output", outputs, this.outputs);
    const run = (call: OrtApi["Run"] | OrtApi["RunInBackground"]) => {
      if (!this.#handle || this.#disposed) {
        throw new OrtError("Cannot run the model: it is disposed of");
      }
      // deno-fmt-ignore
      return call(this.#handle, null, inputArguments.names, inputArguments.values,
        inputArguments.count, outputArguments.names, outputArguments.count,
        outputArguments.values);
    };
    const task = "Cannot run the model";
    return {
      run: async () => {
        const memory = { inputArguments, outputArguments };
        this.#running++;
        pendingMemory.add(memory);
        try {
          check(await run(this.#api.RunInBackground), task);
        } finally {
          pendingMemory.delete(memory);
          this.#running--;
          if (this.#disposed) this.#release();
        }
      },
      runSync: () => check(run(this.#api.Run) as Deno.PointerValue, task),
    };
  }

  /** Releases the model after the pending runs. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#release();
  }

  #release(): void {
    if (this.#running > 0 || !this.#handle) return;
    this.#api.ReleaseSession(this.#handle);
    this.#handle = undefined;
  }

  #describe(kind: "Input" | "Output"): TensorInfo[] {
    const api = this.#api;
    const session = this.#handle ?? null;
    const task = `Cannot read the model's ${kind.toLowerCase()}s`;
    const allocator = callForPointer(task, (out) => api.GetAllocatorWithDefaultOptions(out));
    const count = callForNumber(task, (out) => api[`SessionGet${kind}Count`](session, out));
    return Array.from({ length: count }, (_, index) => {
      const position = BigInt(index);
      const text = callForPointer(
        task,
        (out) => api[`SessionGet${kind}Name`](session, position, allocator, out),
      );
      const name = Deno.UnsafePointerView.getCString(text);
      check(api.AllocatorFree(allocator, text), task);
      const type = callForPointer(
        task,
        (out) => api[`SessionGet${kind}TypeInfo`](session, position, out),
      );
      try {
        const info = callForPointer(task, (out) => api.CastTypeInfoToTensorInfo(type, out));
        const elementType = callForNumber(task, (out) => api.GetTensorElementType(info, out));
        const rank = callForNumber(task, (out) => api.GetDimensionsCount(info, out));
        const shape = new BigInt64Array(new ArrayBuffer(8 * Math.max(rank, 1)));
        check(api.GetDimensions(info, shape, BigInt(rank)), task);
        return { name, shape: Array.from(shape.subarray(0, rank), Number), elementType };
      } finally {
        api.ReleaseTypeInfo(type);
      }
    });
  }
}

/** The C arrays of names and values that are passed to a run. */
class Arguments {
  readonly count: bigint;
  readonly names: BigUint64Array<ArrayBuffer>;
  readonly values: BigUint64Array<ArrayBuffer>;
  /** Keeps the objects that the arrays point to. */
  readonly owned: readonly unknown[];

  constructor(
    kind: string,
    tensors: Readonly<Record<string, Tensor>>,
    known: readonly TensorInfo[],
  ) {
    const entries = Object.entries(tensors);
    const unknown = entries.find(([name]) => !known.some((info) => info.name === name));
    if (unknown) throw new TypeError(`Cannot bind the model: it has no ${kind} '${unknown[0]}'`);
    const texts = entries.map(([name]) => cString(name));
    this.count = BigInt(entries.length);
    this.names = pointers(texts.map((text) => Deno.UnsafePointer.of(text)));
    this.values = pointers(entries.map(([, tensor]) => tensor.handle));
    this.owned = [texts, tensors];
  }
}

function pointers(values: readonly Deno.PointerValue[]): BigUint64Array<ArrayBuffer> {
  const array = new BigUint64Array(new ArrayBuffer(8 * Math.max(values.length, 1)));
  values.forEach((value, index) => array[index] = BigInt(Deno.UnsafePointer.value(value)));
  return array;
}
