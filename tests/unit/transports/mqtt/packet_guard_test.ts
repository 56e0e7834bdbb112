import assert from "node:assert/strict";
import fc from "fast-check";
import { PacketGuard } from "../../../../src/transports/mqtt/packet_guard.ts";

/** A packet with a body of `length` bytes (MQTT 5, 1.5.5 and 2.1). */
function packet(length: number): Uint8Array {
  const header = [0x30];
  let rest = length;
  do {
    const digit = rest % 128;
    rest = Math.floor(rest / 128);
    header.push(rest > 0 ? digit | 0x80 : digit);
  } while (rest > 0);
  const bytes = new Uint8Array(header.length + length).fill(0xff, header.length);
  bytes.set(header);
  return bytes;
}

Deno.test("PacketGuard accepts packets up to its limit, however they are split", () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 5 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 5000 }), (lengths, chunk) => {
      const guard = new PacketGuard(20_000);
      const bytes = new Uint8Array(lengths.flatMap((length) => [...packet(length)]));
      for (let at = 0; at < bytes.length; at += chunk) {
        assert(guard.accepts(bytes.subarray(at, at + chunk)));
      }
      assert.equal(guard.accepts(packet(20_001)), false);
    }),
    { numRuns: 30 },
  );
});

Deno.test("PacketGuard rejects a length when its header is complete, not when its bytes arrive", () => {
  for (
    const [limit, length, accepted] of [[65_536, 65_536, true], [65_536, 65_537, false]] as const
  ) {
    assert.equal(new PacketGuard(limit).accepts(packet(length).subarray(0, 4)), accepted);
  }
});

Deno.test("PacketGuard rejects a length of more than four bytes", () => {
  const guard = new PacketGuard(268_435_455);
  assert.equal(guard.accepts(new Uint8Array([0x30, 0xff, 0xff, 0xff])), true);
  assert.equal(guard.accepts(new Uint8Array([0xff])), false);
});
