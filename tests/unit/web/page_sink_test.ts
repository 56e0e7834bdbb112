import assert from "node:assert/strict";
import { EnvelopeMessage } from "../../../src/envelopes/message.ts";
import { Hub } from "../../../src/web/hub.ts";
import { PageSink } from "../../../src/web/page_sink.ts";
import { fakeFrame } from "../../support/fake_outbox.ts";
import { fakeJpeg, fakeStatus } from "../../support/fake_stream.ts";
import { ManualClock } from "../../support/manual_clock.ts";

Deno.test("PageSink shows envelopes and frames of its device, and wants frames while they are shown", async () => {
  const hub = new Hub();
  const sink = new PageSink(hub, { device: "ward" });
  assert.equal(sink.framesWanted, false);
  sink.offer(new EnvelopeMessage(fakeStatus(1)));
  assert.deepEqual(hub.devices, ["ward"]);
  const reader = hub.video("ward")!.getReader();
  assert.equal(sink.framesWanted, true);
  const frame = fakeFrame(new ManualClock(), 1);
  const jpeg = fakeJpeg();
  sink.offer({ ...frame, image: { ...frame.image, jpeg } });
  await reader.read();
  assert.ok((await reader.read()).value!.length > jpeg.length);
  await reader.cancel();
  assert.equal(sink.framesWanted, false);
});
