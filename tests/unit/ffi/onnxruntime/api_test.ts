import assert from "node:assert/strict";
import {
  callForNumber,
  callForPointer,
  check,
  type OrtApi,
  ortApi,
  OrtError,
} from "../../../../ffi/onnxruntime/api.ts";
import { OrtSession } from "../../../../ffi/onnxruntime/session.ts";
import { Tensor } from "../../../../ffi/onnxruntime/tensor.ts";
import { assetPath } from "../../../../src/base/assets.ts";
import { replaced } from "../../../support/replace.ts";

const MODEL = assetPath("faceDetector");

/** The calls of functions of ONNX Runtime, which are still made, until the result is disposed. */
class RecordedCalls implements Disposable {
  readonly #stack = new DisposableStack();
  readonly calls: (readonly [name: string, ...parameters: unknown[]])[] = [];

  constructor(...names: readonly (keyof OrtApi)[]) {
    const api = ortApi() as unknown as Record<string, (...parameters: unknown[]) => unknown>;
    for (const name of names) {
      const call = api[name]!;
      this.#stack.use(replaced(api, name, (...parameters) => {
        this.calls.push([name, ...parameters]);
        return call(...parameters);
      }));
    }
  }

  count(name: keyof OrtApi): number {
    return this.calls.filter(([called]) => called === name).length;
  }

  [Symbol.dispose](): void {
    this.#stack.dispose();
  }
}

Deno.test("ortApi() disables the telemetry of ONNX Runtime", () => {
  ortApi();
  assert.equal(Deno.env.get("ORT_DISABLE_TELEMETRY"), "1");
});

Deno.test("OrtSession releases what it used to load a model, and the model when it is disposed", async () => {
  using recorded = new RecordedCalls(
    "AllocatorFree",
    "ReleaseTypeInfo",
    "ReleaseSessionOptions",
    "ReleaseSession",
  );
  const session = await OrtSession.fromFile(MODEL);
  const tensors = session.inputs.length + session.outputs.length;
  assert.equal(recorded.count("AllocatorFree"), tensors);
  assert.equal(recorded.count("ReleaseTypeInfo"), tensors);
  assert.equal(recorded.count("ReleaseSessionOptions"), 1);
  assert.equal(recorded.count("ReleaseSession"), 0);
  session[Symbol.dispose]();
  session[Symbol.dispose]();
  assert.equal(recorded.count("ReleaseSession"), 1);
});

Deno.test("OrtSession releases its options and the status of the failure if a model cannot be loaded", () => {
  using recorded = new RecordedCalls(
    "GetErrorMessage",
    "ReleaseStatus",
    "ReleaseSessionOptions",
    "ReleaseSession",
  );
  assert.throws(() => new OrtSession(new Uint8Array([1, 2, 3, 4])), OrtError);
  assert.deepEqual(recorded.calls.map(([name]) => name), [
    "GetErrorMessage",
    "ReleaseStatus",
    "ReleaseSessionOptions",
  ]);
  const [message, release] = recorded.calls;
  assert.equal(message?.[1], release?.[1]);
});

Deno.test("Tensor releases its value once", () => {
  using recorded = new RecordedCalls("ReleaseValue");
  const tensor = new Tensor([2, 3]);
  const { handle } = tensor;
  assert.equal(recorded.count("ReleaseValue"), 0);
  tensor[Symbol.dispose]();
  tensor[Symbol.dispose]();
  assert.deepEqual(recorded.calls, [["ReleaseValue", handle]]);
});

Deno.test("OrtSession computes on one thread that does not spin", async () => {
  using recorded = new RecordedCalls(
    "SetIntraOpNumThreads",
    "SetInterOpNumThreads",
    "AddSessionConfigEntry",
  );
  using _session = await OrtSession.fromFile(MODEL);
  const [intra, inter, spinning] = recorded.calls;
  assert.deepEqual([intra?.[2], inter?.[2]], [1, 1]);
  const text = (bytes: unknown) => new TextDecoder().decode(bytes as Uint8Array);
  assert.equal(text(spinning?.[2]), "session.intra_op.allow_spinning\0");
  assert.equal(text(spinning?.[3]), "0\0");
});

Deno.test("check() accepts the status of a success", () => {
  check(null, "Cannot fail");
});

Deno.test("callForPointer() and callForNumber() return what the call wrote", () => {
  const pointer = callForPointer("Cannot read", (out) => {
    out[0] = 0x1000n;
    return null;
  });
  assert.equal(Deno.UnsafePointer.value(pointer), 0x1000n);
  const number = callForNumber("Cannot read", (out) => {
    out[0] = 41n;
    return null;
  });
  assert.equal(number, 41);
  assert.throws(() => callForPointer("Cannot read", () => null), {
    message: "Cannot read: no object was returned",
  });
});

Deno.test("OrtSession releases its model only after the run that is in progress", async () => {
  using recorded = new RecordedCalls("ReleaseSession");
  const session = await OrtSession.fromFile(MODEL);
  using input = new Tensor(session.inputs[0]!.shape);
  using output = new Tensor([1, 512, 1]);
  const run = session.bind({ "input:0": input }, { "Identity:0": output }).run();
  session[Symbol.dispose]();
  assert.equal(recorded.count("ReleaseSession"), 0);
  await run;
  assert.equal(recorded.count("ReleaseSession"), 1);
});
