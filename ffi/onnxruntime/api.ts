import { AppError } from "../../src/base/errors.ts";
import { assetPath } from "../../src/base/assets.ts";
import { openLibrary } from "../library.ts";

/**
 * The requested version of `OrtApi`. New entries are only appended to that table, so the index of an
 * entry is the same in all later versions.
 */
const API_VERSION = 12;

/**
 * The used entries of `struct OrtApi` (onnxruntime_c_api.h) by their index, with the C declaration of
 * each. Most return an `OrtStatus *`, which is null for success.
 */
const ENTRIES = {
  // const char *GetErrorMessage(const OrtStatus *)
  GetErrorMessage: { index: 2, parameters: ["pointer"], result: "pointer" },
  // OrtStatus *CreateEnv(OrtLoggingLevel, const char *logid, OrtEnv **)
  CreateEnv: { index: 3, parameters: ["i32", "buffer", "buffer"], result: "pointer" },
  // OrtStatus *CreateSessionFromArray(const OrtEnv *, const void *, size_t, const OrtSessionOptions *, OrtSession **)
  CreateSessionFromArray: {
    index: 8,
    parameters: ["pointer", "buffer", "usize", "pointer", "buffer"],
    result: "pointer",
  },
  // OrtStatus *CreateSessionOptions(OrtSessionOptions **)
  CreateSessionOptions: { index: 10, parameters: ["buffer"], result: "pointer" },
  // OrtStatus *SetIntraOpNumThreads(OrtSessionOptions *, int)
  SetIntraOpNumThreads: { index: 24, parameters: ["pointer", "i32"], result: "pointer" },
  // OrtStatus *SetInterOpNumThreads(OrtSessionOptions *, int)
  SetInterOpNumThreads: { index: 25, parameters: ["pointer", "i32"], result: "pointer" },
  // OrtStatus *SessionGetInputCount(const OrtSession *, size_t *)
  SessionGetInputCount: { index: 30, parameters: ["pointer", "buffer"], result: "pointer" },
  // OrtStatus *SessionGetOutputCount(const OrtSession *, size_t *)
  SessionGetOutputCount: { index: 31, parameters: ["pointer", "buffer"], result: "pointer" },
  // OrtStatus *SessionGetInputTypeInfo(const OrtSession *, size_t, OrtTypeInfo **)
  SessionGetInputTypeInfo: {
    index: 33,
    parameters: ["pointer", "usize", "buffer"],
    result: "pointer",
  },
  // OrtStatus *SessionGetOutputTypeInfo(const OrtSession *, size_t, OrtTypeInfo **)
  SessionGetOutputTypeInfo: {
    index: 34,
    parameters: ["pointer", "usize", "buffer"],
    result: "pointer",
  },
  // OrtStatus *SessionGetInputName(const OrtSession *, size_t, OrtAllocator *, char **)
  SessionGetInputName: {
    index: 36,
    parameters: ["pointer", "usize", "pointer", "buffer"],
    result: "pointer",
  },
  // OrtStatus *SessionGetOutputName(const OrtSession *, size_t, OrtAllocator *, char **)
  SessionGetOutputName: {
    index: 37,
    parameters: ["pointer", "usize", "pointer", "buffer"],
    result: "pointer",
  },
  // OrtStatus *CreateTensorWithDataAsOrtValue(const OrtMemoryInfo *, void *, size_t bytes,
  //   const int64_t *shape, size_t, ONNXTensorElementDataType, OrtValue **)
  CreateTensorWithDataAsOrtValue: {
    index: 49,
    parameters: ["pointer", "buffer", "usize", "buffer", "usize", "i32", "buffer"],
    result: "pointer",
  },
  // OrtStatus *CastTypeInfoToTensorInfo(const OrtTypeInfo *, const OrtTensorTypeAndShapeInfo **)
  CastTypeInfoToTensorInfo: { index: 55, parameters: ["pointer", "buffer"], result: "pointer" },
  // OrtStatus *GetTensorElementType(const OrtTensorTypeAndShapeInfo *, ONNXTensorElementDataType *)
  GetTensorElementType: { index: 60, parameters: ["pointer", "buffer"], result: "pointer" },
  // OrtStatus *GetDimensionsCount(const OrtTensorTypeAndShapeInfo *, size_t *)
  GetDimensionsCount: { index: 61, parameters: ["pointer", "buffer"], result: "pointer" },
  // OrtStatus *GetDimensions(const OrtTensorTypeAndShapeInfo *, int64_t *, size_t)
  GetDimensions: { index: 62, parameters: ["pointer", "buffer", "usize"], result: "pointer" },
  // OrtStatus *CreateCpuMemoryInfo(OrtAllocatorType, OrtMemType, OrtMemoryInfo **)
  CreateCpuMemoryInfo: { index: 69, parameters: ["i32", "i32", "buffer"], result: "pointer" },
  // OrtStatus *AllocatorFree(OrtAllocator *, void *)
  AllocatorFree: { index: 76, parameters: ["pointer", "pointer"], result: "pointer" },
  // OrtStatus *GetAllocatorWithDefaultOptions(OrtAllocator **): not to be freed
  GetAllocatorWithDefaultOptions: { index: 78, parameters: ["buffer"], result: "pointer" },
  // void ReleaseStatus(OrtStatus *)
  ReleaseStatus: { index: 93, parameters: ["pointer"], result: "void" },
  // void ReleaseSession(OrtSession *)
  ReleaseSession: { index: 95, parameters: ["pointer"], result: "void" },
  // void ReleaseValue(OrtValue *)
  ReleaseValue: { index: 96, parameters: ["pointer"], result: "void" },
  // void ReleaseTypeInfo(OrtTypeInfo *)
  ReleaseTypeInfo: { index: 98, parameters: ["pointer"], result: "void" },
  // void ReleaseSessionOptions(OrtSessionOptions *)
  ReleaseSessionOptions: { index: 100, parameters: ["pointer"], result: "void" },
  // OrtStatus *AddSessionConfigEntry(OrtSessionOptions *, const char *key, const char *value)
  AddSessionConfigEntry: {
    index: 130,
    parameters: ["pointer", "buffer", "buffer"],
    result: "pointer",
  },
} as const;

/** OrtStatus *Run(OrtSession *, const OrtRunOptions *, names, inputs, n, names, n, outputs) */
const RUN = {
  parameters: [
    "pointer",
    "pointer",
    "buffer",
    "buffer",
    "usize",
    "buffer",
    "usize",
    "buffer",
  ],
  result: "pointer",
} as const;
const RUN_INDEX = 9;

type Table = {
  readonly [Name in keyof typeof ENTRIES]: Deno.UnsafeFnPointer<(typeof ENTRIES)[Name]>["call"];
};

/** The C API of ONNX Runtime. */
export interface OrtApi extends Table {
  readonly Run: Deno.UnsafeFnPointer<typeof RUN>["call"];
  /** The same on another thread, without blocking the event loop. */
  readonly RunInBackground: Deno.UnsafeFnPointer<typeof RUN & { nonblocking: true }>["call"];
}

/** A failure of ONNX Runtime, with its message. */
export class OrtError extends AppError {}

let loaded: OrtApi | undefined;

/**
 * Returns the function table of the ONNX Runtime at `assetPath("onnxRuntime")`, opened once.
 *
 * @throws {Error} if the library is missing or older than the requested API version.
 */
export function ortApi(): OrtApi {
  return loaded ??= openApi();
}

function openApi(): OrtApi {
  const path = assetPath("onnxRuntime");
  // The builds for Linux send telemetry to their vendor and write a file to the home directory.
  // Nothing except published data may leave this machine.
  Deno.env.set("ORT_DISABLE_TELEMETRY", "1");
  const library = openLibrary(path, {
    // const OrtApiBase *OrtGetApiBase(void)
    OrtGetApiBase: { parameters: [], result: "pointer" },
  }, "run scripts/setup, which fetches it");
  const base = library.OrtGetApiBase();
  // struct OrtApiBase { const OrtApi *(*GetApi)(uint32_t); const char *(*GetVersionString)(void); }
  const getApi = functionAt(base, 0, { parameters: ["u32"], result: "pointer" });
  const table = getApi.call(API_VERSION);
  if (!table) throw new Error(`Cannot use ${path}: it lacks version ${API_VERSION} of the C API`);
  const api: Record<string, unknown> = {};
  for (const [name, { index, ...signature }] of Object.entries(ENTRIES)) {
    const pointer = functionAt(table, index, signature);
    api[name] = pointer.call.bind(pointer);
  }
  const run = functionAt(table, RUN_INDEX, RUN);
  const background = functionAt(table, RUN_INDEX, { ...RUN, nonblocking: true });
  return {
    ...api as unknown as Table,
    Run: run.call.bind(run),
    RunInBackground: background.call.bind(background),
  };
}

function functionAt<const Signature extends Deno.ForeignFunction>(
  table: Deno.PointerValue,
  index: number,
  signature: Signature,
): Deno.UnsafeFnPointer<Signature> {
  const pointer = table && new Deno.UnsafePointerView(table).getPointer(index * 8);
  if (!pointer) throw new Error(`Cannot use ONNX Runtime: entry ${index} of its API is empty`);
  return new Deno.UnsafeFnPointer<Signature>(pointer as Deno.PointerObject<never>, signature);
}

/**
 * Checks the status of a call and releases it.
 *
 * @param task the start of the error message.
 * @throws {OrtError} with the message of ONNX Runtime.
 */
export function check(status: Deno.PointerValue, task: string): void {
  if (status === null) return;
  const api = ortApi();
  const text = api.GetErrorMessage(status);
  const message = text ? Deno.UnsafePointerView.getCString(text) : "no message";
  api.ReleaseStatus(status);
  throw new OrtError(`${task}: ${message}`);
}

/** Calls a function that writes a pointer to its last argument, and returns the pointer. */
export function callForPointer(
  task: string,
  call: (out: Out) => Deno.PointerValue,
): Deno.PointerObject {
  const out = new BigUint64Array(new ArrayBuffer(8));
  check(call(out), task);
  const pointer = Deno.UnsafePointer.create(out[0] ?? 0n);
  if (!pointer) throw new OrtError(`${task}: no object was returned`);
  return pointer;
}

/** Like {@linkcode callForPointer}, for a `size_t` or an enum. */
export function callForNumber(task: string, call: (out: Out) => Deno.PointerValue): number {
  const out = new BigUint64Array(new ArrayBuffer(8));
  check(call(out), task);
  return Number(out[0]);
}

/** The memory of an output argument. */
export type Out = BigUint64Array<ArrayBuffer>;

const encoder = new TextEncoder();

/** Encodes a zero-terminated string. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text + "\0");
}
