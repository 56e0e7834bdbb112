import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { takeMessage } from "../../../../src/web/device_messages.ts";
import { Hub } from "../../../../src/web/hub.ts";

const channel = fc.oneof(
  fc.string(),
  fc.tuple(
    fc.constantFrom("a", "", ":", "x".repeat(300), "<script>"),
    fc.constantFrom("core_metrics", "frame", "status", "recording_state", "command_queue", ""),
  ).map((parts) => parts.join(":")),
);
const message = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.record({
    type: fc.constantFrom("core_metrics", "frame", "status", "recording_state"),
    timestamp: fc.oneof(fc.integer(), fc.jsonValue()),
    payload: fc.oneof(
      fc.jsonValue(),
      fc.record({ data: fc.oneof(fc.base64String(), fc.jsonValue()) }),
    ),
  }).map((envelope) => Buffer.from(JSON.stringify(envelope))),
);

Deno.test("takeMessage() accepts any message on any channel", () => {
  const hub = new Hub();
  fc.assert(
    fc.property(channel, message, (name, bytes) => takeMessage(hub, name, bytes.toString())),
    { numRuns: 2000 },
  );
  assert(hub.devices.length <= 256);
  assert(hub.devices.every((device) => device.length > 0 && device.length <= 200));
});
