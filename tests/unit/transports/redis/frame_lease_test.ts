import assert from "node:assert/strict";
import type { Client } from "../../../../src/transports/redis/client.ts";
import { FrameLeases } from "../../../../src/transports/redis/frame_lease.ts";
import { HeldTimers } from "../../../support/held_timers.ts";

Deno.test("FrameLeases sets each key at once and every 3 s, until it is removed or disposed", async () => {
  using timers = new HeldTimers();
  const set: string[] = [];
  const errors: Error[] = [];
  const client = {
    set(...words: readonly unknown[]) {
      set.push(words.join(" "));
      return set.length === 2 ? Promise.reject(new Error("refused")) : Promise.resolve("OK");
    },
  } as unknown as Client;
  {
    using leases = new FrameLeases(client, (error) => void errors.push(error));
    leases.add("a");
    leases.add("b");
    assert.deepEqual(set, ["a:frame:demand 1 EX 10", "b:frame:demand 1 EX 10"]);
    leases.remove("a");
    timers.advance(2900);
    assert.equal(set.length, 2);
    timers.advance(100);
    assert.deepEqual(set.slice(2), ["b:frame:demand 1 EX 10"]);
  }
  timers.advance(10_000);
  await Promise.resolve();
  assert.deepEqual([set.length, errors.map(({ message }) => message)], [3, ["refused"]]);
});
