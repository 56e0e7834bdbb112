import { epochUs } from "../../../src/base/time.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeFrameEnvelope, frameEnvelopeBytes } from "../../../src/envelopes/envelope.ts";

Deno.test("encodeFrameEnvelope() writes JSON with the keys of the contract in their order", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 2000 }), (jpeg) => {
    const bytes = encodeFrameEnvelope({
      timestamp: epochUs(1234567890123459),
      sequence: 7,
      width: 640,
      height: 480,
      jpeg: new Uint8Array(jpeg),
    });
    const envelope = JSON.parse(new TextDecoder().decode(bytes));
    assert.deepEqual(Object.keys(envelope), ["type", "timestamp", "payload"]);
    const { data, ...rest } = envelope.payload;
    assert.deepEqual(rest, { width: 640, height: 480, format: "jpeg", sequence: 7 });
    assert.deepEqual(Uint8Array.fromBase64(data), new Uint8Array(jpeg));
    assert.ok(Math.abs(frameEnvelopeBytes(jpeg.length) - bytes.length) < 64);
  }));
});
