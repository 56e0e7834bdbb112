import assert from "node:assert/strict";
import { BufferPool } from "../../../src/capture/buffer_pool.ts";

Deno.test("BufferPool.acquire() returns released buffers of its size, and 8 of them at most", () => {
  const pool = new BufferPool();
  const buffers = new Set(Array.from({ length: 9 }, () => pool.acquire(10)));
  for (const buffer of buffers) pool.release(buffer);
  const again = Array.from({ length: 9 }, () => pool.acquire(10));
  assert.equal(again.filter((buffer) => buffers.has(buffer)).length, 8);
});

Deno.test("BufferPool.release() ignores a buffer of another size than the present one", () => {
  const pool = new BufferPool();
  const old = pool.acquire(10);
  pool.acquire(20);
  pool.release(old);
  assert.notEqual(pool.acquire(10), old);
  assert.equal(pool.acquire(20).length, 20);
});
