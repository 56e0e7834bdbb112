import assert from "node:assert/strict";
import fc from "fast-check";
import { markReplayed } from "../../../src/delivery/replayed.ts";

Deno.test("markReplayed() changes nothing but the mark", () => {
  const envelope = fc.record({
    type: fc.constantFrom("core_metrics", "status"),
    timestamp: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    payload: fc.record({ sequence: fc.nat(), metadata: fc.record({ sequence: fc.nat() }) }),
  });
  fc.assert(fc.property(envelope, (original) => {
    const late = JSON.parse(new TextDecoder().decode(
      markReplayed(new TextEncoder().encode(JSON.stringify(original))),
    ));
    assert.deepEqual(Object.keys(late), ["type", "timestamp", "payload"]);
    assert.equal(late.payload.metadata.replayed, true);
    delete late.payload.metadata.replayed;
    assert.equal(JSON.stringify(late), JSON.stringify(JSON.parse(JSON.stringify(original))));
  }));
  const noJson = new TextEncoder().encode("{half");
  assert.equal(markReplayed(noJson), noJson);
});
