import assert from "node:assert/strict";
import { EnvelopeMessage } from "../../../src/envelopes/message.ts";
import { Hub } from "../../../src/web/hub.ts";
import { PageSink } from "../../../src/web/page_sink.ts";
import { FakeViewer } from "../../support/fake_frames.ts";
import { fakeFrame } from "../../support/fake_outbox.ts";
import { fakeJpeg, fakeStatus } from "../../support/fake_stream.ts";
import { ManualClock } from "../../support/manual_clock.ts";

Deno.test("PageSink shows envelopes and frames of its device, and wants frames while they are shown", () => {
  const hub = new Hub();
  const sink = new PageSink(hub, { device: "ward" });
  assert.equal(sink.framesWanted, false);
  sink.offer(new EnvelopeMessage(fakeStatus(1)));
  assert.deepEqual(hub.devices, ["ward"]);
  const viewer = new FakeViewer({ ward: "live" });
  hub.frames.add(viewer);
  assert.equal(sink.framesWanted, true);
  const frame = fakeFrame(new ManualClock(), 1);
  const jpeg = fakeJpeg();
  sink.offer({ ...frame, image: { ...frame.image, jpeg } });
  assert.deepEqual(viewer.frames, ["ward 1"]);
  hub.frames.remove(viewer);
  assert.equal(sink.framesWanted, false);
});
