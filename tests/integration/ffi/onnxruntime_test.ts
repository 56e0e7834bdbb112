import assert from "node:assert/strict";
import { OrtSession } from "../../../ffi/onnxruntime/session.ts";
import { Tensor } from "../../../ffi/onnxruntime/tensor.ts";
import { assetPath } from "../../../src/base/assets.ts";

const MODEL = assetPath("faceDetector");

function tensorsFor(infos: OrtSession["inputs"]): Record<string, Tensor> {
  return Object.fromEntries(infos.map(({ name, shape }) => [name, new Tensor(shape)]));
}

function dispose(tensors: Readonly<Record<string, Tensor>>): void {
  for (const tensor of Object.values(tensors)) tensor[Symbol.dispose]();
}

/** Resident set size of this process, in MB. */
function residentMb(): number {
  return Deno.memoryUsage().rss / 1e6;
}

Deno.test("OrtSession binding leaves no memory with the thread that ran it", async () => {
  using session = await OrtSession.fromFile(MODEL);
  const inputs = tensorsFor(session.inputs);
  const outputs = tensorsFor(session.outputs);
  const binding = session.bind(inputs, outputs);
  const threads = 24;
  const runOnManyThreads = async () => {
    const others = Array.from({ length: threads }, () => Deno.stat(MODEL)); // each on a thread of the pool
    await binding.run();
    await Promise.all(others);
  };
  await binding.run();
  const before = residentMb();
  for (let run = 0; run < 300; run++) await runOnManyThreads();
  const grown = residentMb() - before;
  // 2.5 MB with each thread would be 60.
  assert.ok(grown < 20, `the process grew by ${grown.toFixed(1)} MB`);
  dispose(inputs);
  dispose(outputs);
});

Deno.test("OrtSession does not leak over thousands of runs, failures and loads", async () => {
  using session = await OrtSession.fromFile(MODEL);
  const inputs = tensorsFor(session.inputs);
  const outputs = tensorsFor(session.outputs);
  const binding = session.bind(inputs, outputs);
  using wrong = new Tensor([1, 64, 64, 3]);
  const failing = session.bind({ "input:0": wrong }, outputs);
  const model = Deno.readFileSync(MODEL);
  const work = async (rounds: number) => {
    for (let round = 0; round < rounds; round++) {
      for (let run = 0; run < 50; run++) {
        await binding.run();
        await failing.run().catch(() => {});
      }
      new OrtSession(model)[Symbol.dispose]();
      new Tensor([1, 128, 128, 3])[Symbol.dispose]();
      try {
        new OrtSession(model.subarray(0, 300_000));
      } catch {
        // expected: the model is truncated
      }
    }
  };
  await work(15);
  const before = residentMb();
  await work(60);
  const grown = residentMb() - before;
  // 3,000 runs: a leak of one input or output would be 580 or 120 MB. Other tests of this process
  // and its collector move it by some tens of MB on a busy machine.
  assert.ok(grown < 50, `the process grew by ${grown.toFixed(1)} MB`);
  dispose(inputs);
  dispose(outputs);
});
