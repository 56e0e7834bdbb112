import assert from "node:assert/strict";
import { Tensor } from "../../../../ffi/onnxruntime/tensor.ts";

for (
  const [shape, length] of [[[], 1], [[3], 3], [[1, 1], 1], [[2, 3, 4], 24]] as const
) {
  Deno.test(`Tensor of shape [${shape}] has ${length} values`, () => {
    using tensor = new Tensor(shape);
    assert.deepEqual([tensor.data.length, tensor.data.byteLength], [length, 4 * length]);
    assert.equal(tensor.data.buffer.byteLength, 4 * length);
    assert.ok(tensor.handle);
  });
}

for (const shape of [[0], [2, -1], [1.5], [NaN]]) {
  Deno.test(`Tensor refuses the shape [${shape}]`, () => {
    assert.throws(() => new Tensor(shape), RangeError);
  });
}

Deno.test("Tensor cannot be used after its disposal", () => {
  const tensor = new Tensor([2]);
  tensor[Symbol.dispose]();
  tensor[Symbol.dispose]();
  assert.throws(() => tensor.handle, /disposed of/);
});
