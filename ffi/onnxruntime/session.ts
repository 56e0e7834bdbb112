import { reasonOf } from "../../src/base/errors.ts";
import { check, cString, type OrtApi, ortApi, OrtError, received, receivedNumber } from "./api.ts";
import { Tensor } from "./tensor.ts";

/** A model's input or output. */
export interface TensorInfo {
  readonly name: string;
  /** -1 where the model leaves a dimension open. */
  readonly shape: readonly number[];
  /** `ONNXTensorElementDataType`; 1 is float32. */
  readonly elementType: number;
}

/** Runs of one session over tensors that stay the same, so that a run allocates nothing. */
export interface Binding {
  /**
   * Runs the model on a thread of its own; afterwards the outputs' data are filled. One run at a
   * time: the tensors are in use until it resolves.
   *
   * @throws {OrtError} with ONNX Runtime's message.
   */
  run(): Promise<void>;
  /** The same on this thread. */
  runSync(): void;
}

/**
 * Places in the log levels of ONNX Runtime. It would print each failure to stderr that we throw
 * anyway: only what ends the process may speak.
 */
const LOG_FATAL = 4;

/** What runs in the background reads and writes: the garbage collector must not take it. */
const inUse = new Set<object>();

let environment: Deno.PointerObject | undefined;

/** The one environment of the process; it lives as long as the process. */
function ortEnvironment(api: OrtApi): Deno.PointerObject {
  return environment ??= received(
    "Cannot start ONNX Runtime",
    (out) => api.CreateEnv(LOG_FATAL, cString("physiology"), out),
  );
}

/** A loaded ONNX model. One thread computes, and none spins while idle. */
export class OrtSession implements Disposable {
  readonly #api = ortApi();
  #handle: Deno.PointerObject | undefined;
  #running = 0;
  #disposed = false;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];

  /**
   * @param model the bytes of an ONNX file.
   * @throws {OrtError} where ONNX Runtime cannot use them, with its message.
   */
  constructor(model: Uint8Array<ArrayBuffer>) {
    const api = this.#api;
    const doing = "Cannot load the model";
    // By default what a run needs stays in an arena of the session, for the next run. Taken from the
    // system each time it would stay with every thread that ever ran one, 2.5 MB with each.
    const options = received(doing, (out) => api.CreateSessionOptions(out));
    try {
      check(api.SetIntraOpNumThreads(options, 1), doing);
      check(api.SetInterOpNumThreads(options, 1), doing);
      const spinning = cString("session.intra_op.allow_spinning");
      check(api.AddSessionConfigEntry(options, spinning, cString("0")), doing);
      const environment = ortEnvironment(api);
      this.#handle = received(
        doing,
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
   * @throws {OrtError} naming the file, also where it cannot be read.
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
   * Ties tensors to the model's inputs and outputs by name. The tensors stay the caller's and must
   * outlive the binding; outputs that are not named are not computed.
   *
   * @throws {TypeError} for a name that the model lacks or an input that is missing.
   */
  bind(
    inputs: Readonly<Record<string, Tensor>>,
    outputs: Readonly<Record<string, Tensor>>,
  ): Binding {
    const missing = this.inputs.find(({ name }) => !(name in inputs));
    if (missing) {
      throw new TypeError(`Cannot bind the model: the input '${missing.name}' is missing`);
    }
    const given = new Arguments("input", inputs, this.inputs);
    const taken = new Arguments("output", outputs, this.outputs);
    const run = (call: OrtApi["Run"] | OrtApi["RunInBackground"]) => {
      if (!this.#handle || this.#disposed) {
        throw new OrtError("Cannot run a model that was disposed");
      }
      // deno-fmt-ignore
      return call(this.#handle, null, given.names, given.values, given.count,
        taken.names, taken.count, taken.values);
    };
    const doing = "Cannot run the model";
    return {
      run: async () => {
        const use = { given, taken };
        this.#running++;
        inUse.add(use);
        try {
          check(await run(this.#api.RunInBackground), doing);
        } finally {
          inUse.delete(use);
          this.#running--;
          if (this.#disposed) this.#release();
        }
      },
      runSync: () => check(run(this.#api.Run) as Deno.PointerValue, doing),
    };
  }

  /** Releases the model, after the runs that are under way. */
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
    const doing = `Cannot read the model's ${kind.toLowerCase()}s`;
    const allocator = received(doing, (out) => api.GetAllocatorWithDefaultOptions(out));
    const count = receivedNumber(doing, (out) => api[`SessionGet${kind}Count`](session, out));
    return Array.from({ length: count }, (_, index) => {
      const at = BigInt(index);
      const text = received(
        doing,
        (out) => api[`SessionGet${kind}Name`](session, at, allocator, out),
      );
      const name = Deno.UnsafePointerView.getCString(text);
      check(api.AllocatorFree(allocator, text), doing);
      const type = received(doing, (out) => api[`SessionGet${kind}TypeInfo`](session, at, out));
      try {
        const info = received(doing, (out) => api.CastTypeInfoToTensorInfo(type, out));
        const elementType = receivedNumber(doing, (out) => api.GetTensorElementType(info, out));
        const rank = receivedNumber(doing, (out) => api.GetDimensionsCount(info, out));
        const shape = new BigInt64Array(new ArrayBuffer(8 * Math.max(rank, 1)));
        check(api.GetDimensions(info, shape, BigInt(rank)), doing);
        return { name, shape: Array.from(shape.subarray(0, rank), Number), elementType };
      } finally {
        api.ReleaseTypeInfo(type);
      }
    });
  }
}

/** The C arrays of names and values that a run is given. */
class Arguments {
  readonly count: bigint;
  readonly names: BigUint64Array<ArrayBuffer>;
  readonly values: BigUint64Array<ArrayBuffer>;
  /** Keeps what the arrays point to. */
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
