import assert from "node:assert/strict";
import { OrtError } from "../../../../ffi/onnxruntime/api.ts";
import { OrtSession } from "../../../../ffi/onnxruntime/session.ts";
import { Tensor } from "../../../../ffi/onnxruntime/tensor.ts";
import { assetPath } from "../../../../src/base/assets.ts";

const MODEL = assetPath("faceDetector");

function tensorsFor(infos: OrtSession["inputs"]): Record<string, Tensor> {
  return Object.fromEntries(infos.map(({ name, shape }) => [name, new Tensor(shape)]));
}

function dispose(tensors: Readonly<Record<string, Tensor>>): void {
  for (const tensor of Object.values(tensors)) tensor[Symbol.dispose]();
}

Deno.test("OrtSession has the names and shapes of the face detector's inputs and outputs", async () => {
  using session = await OrtSession.fromFile(MODEL);
  assert.deepEqual(session.inputs, [
    { name: "input:0", shape: [1, 128, 128, 3], elementType: 1 },
  ]);
  assert.deepEqual(
    session.outputs.map(({ name, shape }) => [name, ...shape]),
    [
      ["Identity:0", 1, 512, 1],
      ["Identity_1:0", 1, 384, 1],
      ["Identity_2:0", 1, 512, 16],
      ["Identity_3:0", 1, 384, 16],
    ],
  );
});

Deno.test("OrtSession binding computes the same values by run() as by runSync()", async () => {
  using session = await OrtSession.fromFile(MODEL);
  const inputs = tensorsFor(session.inputs);
  const outputs = tensorsFor(session.outputs);
  inputs["input:0"]!.data.forEach((_, index, data) => data[index] = Math.sin(index * 0.01));
  const binding = session.bind(inputs, outputs);
  binding.runSync();
  const blocking = outputs["Identity_2:0"]!.data.slice();
  assert.ok(blocking.some((value) => value !== 0));
  outputs["Identity_2:0"]!.data.fill(0);
  let ticked = false;
  queueMicrotask(() => ticked = true);
  await binding.run();
  assert.ok(ticked);
  assert.deepEqual(outputs["Identity_2:0"]!.data, blocking);
  dispose(inputs);
  dispose(outputs);
});

Deno.test("OrtSession finishes a run that is in progress when it is disposed", async () => {
  const session = await OrtSession.fromFile(MODEL);
  const inputs = tensorsFor(session.inputs);
  const outputs = tensorsFor(session.outputs);
  const binding = session.bind(inputs, outputs);
  const run = binding.run();
  session[Symbol.dispose]();
  await run;
  assert.ok(outputs["Identity:0"]!.data.some((value) => value !== 0));
  await assert.rejects(binding.run(), /disposed/);
  dispose(inputs);
  dispose(outputs);
});

Deno.test("OrtSession rejects garbage, an empty model and a missing file with ONNX Runtime's reason", async () => {
  assert.throws(() => new OrtSession(new Uint8Array([1, 2, 3, 4])), (error: unknown) => {
    assert.ok(error instanceof OrtError);
    assert.match(error.message, /^Cannot load the model: .*protobuf/);
    return true;
  });
  assert.throws(() => new OrtSession(new Uint8Array(0)), OrtError);
  const cut = Deno.readFileSync(MODEL).slice(0, 200_000);
  assert.throws(() => new OrtSession(cut), OrtError);
  await assert.rejects(OrtSession.fromFile("/nowhere.onnx"), /Cannot use the model \/nowhere.onnx/);
});

Deno.test("OrtSession binding fails for a tensor of the wrong shape, and the next run succeeds", async () => {
  using session = await OrtSession.fromFile(MODEL);
  const outputs = tensorsFor(session.outputs);
  using wrong = new Tensor([1, 64, 64, 3]);
  const failing = session.bind({ "input:0": wrong }, outputs);
  await assert.rejects(failing.run(), (error: unknown) => {
    assert.ok(error instanceof OrtError);
    assert.match(error.message, /^Cannot run the model: .*input:0/s);
    return true;
  });
  assert.throws(() => failing.runSync(), OrtError);
  using right = new Tensor([1, 128, 128, 3]);
  await session.bind({ "input:0": right }, outputs).run();
  dispose(outputs);
});

Deno.test("OrtSession.bind() rejects unknown names and missing inputs", async () => {
  using session = await OrtSession.fromFile(MODEL);
  using tensor = new Tensor([1, 128, 128, 3]);
  assert.throws(() => session.bind({}, {}), /input 'input:0' is missing/);
  assert.throws(() => session.bind({ "input:0": tensor, other: tensor }, {}), /no input 'other'/);
  assert.throws(() => session.bind({ "input:0": tensor }, { other: tensor }), /no output 'other'/);
});

Deno.test("OrtSession binding computes only the outputs that have a tensor", async () => {
  using session = await OrtSession.fromFile(MODEL);
  using small = new Tensor([1, 512, 1]);
  const inputs = tensorsFor(session.inputs);
  const outputs = tensorsFor(session.outputs);
  const all = session.bind(inputs, outputs);
  // A binding of one output computes the same value.
  const one = session.bind(inputs, { "Identity:0": small });
  inputs["input:0"]!.data.fill(0.25);
  await all.run();
  await one.run();
  assert.deepEqual(small.data, outputs["Identity:0"]!.data);
  for (const { data } of Object.values(outputs)) assert.ok(data.some((value) => value !== 0));
  dispose(inputs);
  dispose(outputs);
});

Deno.test("OrtSession.runSync() throws after its disposal", async () => {
  const session = await OrtSession.fromFile(MODEL);
  const inputs = tensorsFor(session.inputs);
  const binding = session.bind(inputs, {});
  session[Symbol.dispose]();
  session[Symbol.dispose]();
  assert.throws(() => binding.runSync(), /disposed of/);
  dispose(inputs);
});
