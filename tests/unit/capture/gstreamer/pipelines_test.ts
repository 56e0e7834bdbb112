import assert from "node:assert/strict";
import { wholePipeline } from "../../../../src/capture/gstreamer/pipelines.ts";

const wholeOf = (pipeline: string) =>
  wholePipeline({ pipeline, device: "/dev/video2", index: 2, width: 640, height: 480, fps: 29.97 });
const SINK = " ! appsink name=physiology_sink max-buffers=4 drop=true sync=false";
const CONVERSION = " ! videoconvert ! video/x-raw,format=I420";

Deno.test("wholePipeline() converts raw frames to I420", () => {
  assert.equal(wholeOf("videotestsrc"), `videotestsrc${CONVERSION}${SINK}`);
  const decoded = "filesrc location=a ! jpegdec";
  assert.equal(wholeOf(decoded), decoded + CONVERSION + SINK);
  const converted = "a ! image/jpeg ! jpegdec ! video/x-raw";
  assert.equal(wholeOf(converted), converted + CONVERSION + SINK);
});

Deno.test("wholePipeline() passes JPEGs on", () => {
  for (
    const pipeline of [
      "v4l2src ! image/jpeg,width=640",
      'v4l2src ! "image/jpeg, width=640"',
      "videotestsrc ! jpegenc quality=90",
      "rtspsrc location=rtsp://cam ! rtpjpegdepay",
    ]
  ) assert.equal(wholeOf(pipeline), pipeline + SINK);
});

Deno.test("wholePipeline() builds the pipelines that names stand for", () => {
  assert.equal(
    wholeOf("v4l2src"),
    "v4l2src device=/dev/video2 ! image/jpeg,width=640,height=480,framerate=29970/1000" + SINK,
  );
  assert.equal(
    wholeOf(" libcamerasrc "),
    "libcamerasrc ! video/x-raw,width=640,height=480,framerate=29970/1000" + CONVERSION + SINK,
  );
  assert.match(
    wholeOf("nvarguscamerasrc"),
    /^nvarguscamerasrc sensor-id=2 ! video\/x-raw\(memory:NVMM\),width=640,height=480,.* ! nvvidconv ! video\/x-raw,format=I420 ! videoconvert ! /,
  );
});

Deno.test("wholePipeline() decodes the video of rtspsrc, if nothing follows it", () => {
  const decoding = " ! application/x-rtp,media=video ! decodebin" + CONVERSION + SINK;
  assert.equal(
    wholeOf(" rtspsrc location=rtsp://cam/1 protocols=tcp "),
    "rtspsrc buffer-mode=none location=rtsp://cam/1 protocols=tcp" + decoding,
  );
  // Of a property that is set twice, the last value holds.
  assert.equal(
    wholeOf("rtspsrc buffer-mode=slave location=rtsp://cam/1"),
    "rtspsrc buffer-mode=none buffer-mode=slave location=rtsp://cam/1" + decoding,
  );
  for (
    const pipeline of [
      "rtspsrc",
      "rtspsrc location=rtsp://cam ! rtph264depay",
      "xrtspsrc location=a",
    ]
  ) {
    assert.equal(wholeOf(pipeline), pipeline + CONVERSION + SINK);
  }
});
