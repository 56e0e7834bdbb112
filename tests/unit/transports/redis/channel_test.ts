import assert from "node:assert/strict";
import { MAX_PREFIX_CHARACTERS, parseChannel } from "../../../../src/transports/redis/channel.ts";

Deno.test("parseChannel() splits the name at its last colon, and accepts topics only", () => {
  assert.deepEqual(parseChannel("lab:a:status"), { device: "lab:a", topic: "status" });
  assert.deepEqual(parseChannel("ward:frame"), { device: "ward", topic: "frame" });
  for (const other of ["status", ":status", "ward:", "ward:command_queue", "ward:status:history"]) {
    assert.equal(parseChannel(other), undefined, other);
  }
});

Deno.test("parseChannel() accepts a prefix of 200 characters, and no longer one", () => {
  const channel = (length: number) => `${"x".repeat(length)}:status`;
  assert.equal(parseChannel(channel(MAX_PREFIX_CHARACTERS))?.device.length, 200);
  assert.equal(parseChannel(channel(MAX_PREFIX_CHARACTERS + 1)), undefined);
});
