import { AppError } from "../../src/base/errors.ts";
import { assetPath } from "../../src/base/assets.ts";
import { openLibrary } from "../library.ts";

/**
 * The version of `OrtApi` that is asked for. Entries are only ever appended to that table, so a
 * place in it, counted in pointers from its start, is the same in every later library.
 */
const API_VERSION = 12;

/**
 * The entries of `struct OrtApi` (onnxruntime_c_api.h) that are used, with the C declaration
 * beside each. Nearly all answer an `OrtStatus *`: null is success.
 */
const ENTRIES = {
  // const char *GetErrorMessage(const OrtStatus *)
  GetErrorMessage: { at: 2, parameters: ["pointer"], result: "pointer" },
  // OrtStatus *CreateEnv(OrtLoggingLevel, const char *logid, OrtEnv **)
  CreateEnv: { at: 3, parameters: ["i32", "buffer", "buffer"], result: "pointer" },
  // OrtStatus *CreateSessionFromArray(const OrtEnv *, const void *, size_t, const OrtSessionOptions *, OrtSession **)
  CreateSessionFromArray: {
    at: 8,
    parameters: ["pointer", "buffer", "usize", "pointer", "buffer"],
    result: "pointer",
  },
  // OrtStatus *CreateSessionOptions(OrtSessionOptions **)
  CreateSessionOptions: { at: 10, parameters: ["buffer"], result: "pointer" },
  // OrtStatus *SetIntraOpNumThreads(OrtSessionOptions *, int)
  SetIntraOpNumThreads: { at: 24, parameters: ["pointer", "i32"], result: "pointer" },
  // OrtStatus *SetInterOpNumThreads(OrtSessionOptions *, int)
  SetInterOpNumThreads: { at: 25, parameters: ["pointer", "i32"], result: "pointer" },
  // OrtStatus *SessionGetInputCount(const OrtSession *, size_t *)
  SessionGetInputCount: { at: 30, parameters: ["pointer", "buffer"], result: "pointer" },
  // OrtStatus *SessionGetOutputCount(const OrtSession *, size_t *)
  SessionGetOutputCount: { at: 31, parameters: ["pointer", "buffer"], result: "pointer" },
  // OrtStatus *SessionGetInputTypeInfo(const OrtSession *, size_t, OrtTypeInfo **)
  SessionGetInputTypeInfo: {
    at: 33,
    parameters: ["pointer", "usize", "buffer"],
    result: "pointer",
  },
  // OrtStatus *SessionGetOutputTypeInfo(const OrtSession *, size_t, OrtTypeInfo **)
  SessionGetOutputTypeInfo: {
    at: 34,
    parameters: ["pointer", "usize", "buffer"],
    result: "pointer",
  },
  // OrtStatus *SessionGetInputName(const OrtSession *, size_t, OrtAllocator *, char **)
  SessionGetInputName: {
    at: 36,
    parameters: ["pointer", "usize", "pointer", "buffer"],
    result: "pointer",
  },
  // OrtStatus *SessionGetOutputName(const OrtSession *, size_t, OrtAllocator *, char **)
  SessionGetOutputName: {
    at: 37,
    parameters: ["pointer", "usize", "pointer", "buffer"],
    result: "pointer",
  },
  // OrtStatus *CreateTensorWithDataAsOrtValue(const OrtMemoryInfo *, void *, size_t bytes,
  //   const int64_t *shape, size_t, ONNXTensorElementDataType, OrtValue **)
  CreateTensorWithDataAsOrtValue: {
    at: 49,
    parameters: ["pointer", "buffer", "usize", "buffer", "usize", "i32", "buffer"],
    result: "pointer",
  },
  // OrtStatus *CastTypeInfoToTensorInfo(const OrtTypeInfo *, const OrtTensorTypeAndShapeInfo **)
  CastTypeInfoToTensorInfo: { at: 55, parameters: ["pointer", "buffer"], result: "pointer" },
  // OrtStatus *GetTensorElementType(const OrtTensorTypeAndShapeInfo *, ONNXTensorElementDataType *)
  GetTensorElementType: { at: 60, parameters: ["pointer", "buffer"], result: "pointer" },
  // OrtStatus *GetDimensionsCount(const OrtTensorTypeAndShapeInfo *, size_t *)
  GetDimensionsCount: { at: 61, parameters: ["pointer", "buffer"], result: "pointer" },
  // OrtStatus *GetDimensions(const OrtTensorTypeAndShapeInfo *, int64_t *, size_t)
  GetDimensions: { at: 62, parameters: ["pointer", "buffer", "usize"], result: "pointer" },
  // OrtStatus *CreateCpuMemoryInfo(OrtAllocatorType, OrtMemType, OrtMemoryInfo **)
  CreateCpuMemoryInfo: { at: 69, parameters: ["i32", "i32", "buffer"], result: "pointer" },
  // OrtStatus *AllocatorFree(OrtAllocator *, void *)
  AllocatorFree: { at: 76, parameters: ["pointer", "pointer"], result: "pointer" },
  // OrtStatus *GetAllocatorWithDefaultOptions(OrtAllocator **): not to be freed
  GetAllocatorWithDefaultOptions: { at: 78, parameters: ["buffer"], result: "pointer" },
  // void ReleaseStatus(OrtStatus *)
  ReleaseStatus: { at: 93, parameters: ["pointer"], result: "void" },
  // void ReleaseSession(OrtSession *)
  ReleaseSession: { at: 95, parameters: ["pointer"], result: "void" },
  // void ReleaseValue(OrtValue *)
  ReleaseValue: { at: 96, parameters: ["pointer"], result: "void" },
  // void ReleaseTypeInfo(OrtTypeInfo *)
  ReleaseTypeInfo: { at: 98, parameters: ["pointer"], result: "void" },
  // void ReleaseSessionOptions(OrtSessionOptions *)
  ReleaseSessionOptions: { at: 100, parameters: ["pointer"], result: "void" },
  // OrtStatus *AddSessionConfigEntry(OrtSessionOptions *, const char *key, const char *value)
  AddSessionConfigEntry: {
    at: 130,
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
const RUN_AT = 9;

type Table = {
  readonly [Name in keyof typeof ENTRIES]: Deno.UnsafeFnPointer<(typeof ENTRIES)[Name]>["call"];
};

export interface OrtApi extends Table {
  readonly Run: Deno.UnsafeFnPointer<typeof RUN>["call"];
  /** The same on a thread of its own, so that the event loop goes on. */
  readonly RunInBackground: Deno.UnsafeFnPointer<typeof RUN & { nonblocking: true }>["call"];
}

/** A failure told by ONNX Runtime, in its own words. */
export class OrtError extends AppError {}

let loaded: OrtApi | undefined;

/**
 * The function table of the ONNX Runtime at `assetPath("onnxRuntime")`, opened once.
 *
 * @throws {Error} where the library is missing or older than the table asked for.
 */
export function ortApi(): OrtApi {
  return loaded ??= openApi();
}

function openApi(): OrtApi {
  const path = assetPath("onnxRuntime");
  // Its builds for Linux collect what models run and send it to their maker. Nothing leaves this
  // machine but what the user publishes, and no file of theirs appears in the home folder.
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
  for (const [name, { at, ...signature }] of Object.entries(ENTRIES)) {
    const pointer = functionAt(table, at, signature);
    api[name] = pointer.call.bind(pointer);
  }
  const run = functionAt(table, RUN_AT, RUN);
  const background = functionAt(table, RUN_AT, { ...RUN, nonblocking: true });
  return {
    ...api as unknown as Table,
    Run: run.call.bind(run),
    RunInBackground: background.call.bind(background),
  };
}

function functionAt<const Signature extends Deno.ForeignFunction>(
  table: Deno.PointerValue,
  at: number,
  signature: Signature,
): Deno.UnsafeFnPointer<Signature> {
  const pointer = table && new Deno.UnsafePointerView(table).getPointer(at * 8);
  if (!pointer) throw new Error(`Cannot use ONNX Runtime: entry ${at} of its table is empty`);
  return new Deno.UnsafeFnPointer<Signature>(pointer as Deno.PointerObject<never>, signature);
}

/**
 * Passes success on.
 *
 * @throws {OrtError} with ONNX Runtime's message, whose memory is released.
 */
export function check(status: Deno.PointerValue, doing: string): void {
  if (status === null) return;
  const api = ortApi();
  const text = api.GetErrorMessage(status);
  const message = text ? Deno.UnsafePointerView.getCString(text) : "no message";
  api.ReleaseStatus(status);
  throw new OrtError(`${doing}: ${message}`);
}

/** Takes one pointer or `size_t` out of a function that writes it to its last argument. */
export function received(doing: string, call: (out: Out) => Deno.PointerValue): Deno.PointerObject {
  const out = new BigUint64Array(new ArrayBuffer(8));
  check(call(out), doing);
  const pointer = Deno.UnsafePointer.create(out[0] ?? 0n);
  if (!pointer) throw new OrtError(`${doing}: no object came back`);
  return pointer;
}

/** As `received`, for a number. */
export function receivedNumber(doing: string, call: (out: Out) => Deno.PointerValue): number {
  const out = new BigUint64Array(new ArrayBuffer(8));
  check(call(out), doing);
  return Number(out[0]);
}

export type Out = BigUint64Array<ArrayBuffer>;

const encoder = new TextEncoder();

/** A C string. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text + "\0");
}
