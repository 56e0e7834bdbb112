import assert from "node:assert/strict";
import { takeMessage } from "../../../src/web/device_messages.ts";
import { Hub } from "../../../src/web/hub.ts";
import { fakeJpeg, fakeMetrics, fakeStatus } from "../../support/fake_stream.ts";

const STATUS = JSON.stringify(fakeStatus(1));

/** The devices that the hub knows after a message. */
function devicesAfter(channel: string, text: string): readonly string[] {
  const hub = new Hub();
  takeMessage(hub, channel, text);
  return hub.devices;
}

Deno.test("takeMessage() takes each topic of a device, whose prefix may contain colons", () => {
  assert.deepEqual(devicesAfter("ward:status", STATUS), ["ward"]);
  assert.deepEqual(devicesAfter("a:b:status", STATUS), ["a:b"]);
  assert.deepEqual(devicesAfter("w:status", STATUS), ["w"]);
  const [core] = fakeMetrics(4);
  assert.deepEqual(devicesAfter("ward:core_metrics", JSON.stringify(core)), ["ward"]);
});

Deno.test("takeMessage() ignores other channels, and what is no envelope", () => {
  for (const channel of ["status", ":status", "ward:other", "ward:", "ward:status:history", ""]) {
    assert.deepEqual(devicesAfter(channel, STATUS), [], channel);
  }
  for (const text of ["", "{", "null", "5", "[]", "{}"]) {
    assert.deepEqual(devicesAfter("ward:status", text), [], text);
    assert.deepEqual(devicesAfter("ward:frame", text), [], text);
  }
});

Deno.test("takeMessage() ignores a prefix of more than 200 characters", () => {
  for (const [length, taken] of [[200, 1], [201, 0]] as const) {
    assert.equal(devicesAfter(`${"x".repeat(length)}:status`, STATUS).length, taken);
  }
});

Deno.test("takeMessage() decodes frames, and ignores invalid ones", () => {
  const frame = (data: unknown) =>
    devicesAfter("ward:frame", JSON.stringify({ payload: { data } }));
  assert.deepEqual(frame(fakeJpeg().toBase64()), ["ward"]);
  for (const data of ["%", 5, null, undefined, "AAAA"]) {
    assert.deepEqual(frame(data), [], `${data}`);
  }
});
