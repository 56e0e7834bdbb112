import assert from "node:assert/strict";
import { NativePipeline } from "../../../ffi/gstreamer.ts";
import { NativeError, nativeMonotonicUs } from "../../../ffi/library.ts";
import { patternJpegs } from "../../support/camera_recording.ts";
import { temporaryFolder } from "../../support/folders.ts";

const SINK = "appsink name=physiology_sink sync=false max-buffers=4";

/** True if GStreamer and its test source are installed. */
async function isInstalled(): Promise<boolean> {
  try {
    await NativePipeline.check(`videotestsrc ! multifilesrc ! ${SINK}`);
  } catch (error) {
    if (!(error instanceof NativeError)) throw error;
    return error.status === "argument" && !error.message.startsWith("no element");
  }
  return true;
}

const ignore = !await isInstalled();

/** Returns the status of the error with which a pipeline does not open. */
async function statusOf(opening: Promise<unknown>): Promise<string> {
  try {
    await opening;
  } catch (error) {
    if (error instanceof NativeError) return error.status;
    throw error;
  }
  return "ok";
}

Deno.test({
  name: "NativePipeline delivers images of any size, then the end of the stream",
  ignore,
  async fn() {
    await using pipeline = await NativePipeline.open(
      "videotestsrc num-buffers=2 ! video/x-raw,format=I420,width=1920,height=1080," +
        `framerate=25/1,colorimetry=1:4:0:0 ! ${SINK}`,
    );
    for (let i = 0; i < 2; i++) {
      const read = await pipeline.next(5_000);
      assert.ok(read.state === "frame");
      using frame = read.frame;
      assert.deepEqual([frame.fps, frame.isTimed, frame.jpeg], [25, true, undefined]);
      const { width, height, y, u, v, color } = frame.image!;
      assert.deepEqual([width, height], [1920, 1080]);
      assert.deepEqual([y.length, u!.length, v!.length], [1920 * 1080, 960 * 540, 960 * 540]);
      assert.deepEqual(color, { range: "full", matrix: "bt601" });
    }
    assert.deepEqual(await pipeline.next(5_000), {
      state: "failed",
      reason: "the stream has ended",
    });
  },
});

Deno.test({
  name: "NativePipeline stamps buffers without a time with their arrival",
  ignore,
  async fn() {
    using folder = temporaryFolder();
    const [jpeg] = await patternJpegs({ count: 1 });
    Deno.writeFileSync(`${folder.path}/frame.jpg`, jpeg!);
    await using pipeline = await NativePipeline.open(
      `multifilesrc location=${folder.path}/frame.jpg caps=image/jpeg num-buffers=1 ! ${SINK}`,
    );
    const before = nativeMonotonicUs();
    const read = await pipeline.next(5_000);
    assert.ok(read.state === "frame");
    using frame = read.frame;
    assert.deepEqual(frame.jpeg, jpeg);
    assert.deepEqual([frame.isTimed, frame.image], [false, undefined]);
    assert.ok(frame.timeUs >= before - 1_000_000 && frame.timeUs <= nativeMonotonicUs());
  },
});

Deno.test({
  name: "NativePipeline reports a timeout, and stops",
  ignore,
  async fn() {
    const pipeline = await NativePipeline.open(
      `videotestsrc is-live=true ! video/x-raw,format=I420,framerate=1/60 ! identity ` +
        `drop-probability=1 ! ${SINK}`,
    );
    assert.deepEqual(await pipeline.next(60), { state: "timeout" });
    const pending = pipeline.next(60_000);
    pipeline.stop();
    assert.deepEqual(await pending, { state: "stopped" });
    await pipeline[Symbol.asyncDispose]();
    await pipeline[Symbol.asyncDispose](); // a second time does nothing
    pipeline.stop();
    assert.deepEqual(await pipeline.next(1), { state: "stopped" });
  },
});

Deno.test({
  name: "NativePipeline refuses pipelines with any error",
  ignore,
  async fn() {
    for (
      const description of ["", "nosuchelement", "videotestsrc !", `videotestsrc x=1 ! ${SINK}`]
    ) {
      assert.equal(await statusOf(NativePipeline.open(description)), "argument", description);
      assert.equal(await statusOf(NativePipeline.check(description)), "argument", description);
    }
    const withoutSink = "videotestsrc ! fakesink";
    assert.equal(await statusOf(NativePipeline.open(withoutSink)), "argument");
    const missing = `filesrc location=/nothing ! ${SINK}`;
    assert.equal(await statusOf(NativePipeline.check(missing)), "ok");
    assert.equal(await statusOf(NativePipeline.open(missing)), "system");
  },
});

Deno.test({
  name: "NativePipeline refuses frames that are not I420",
  ignore,
  async fn() {
    await using pipeline = await NativePipeline.open(
      `videotestsrc ! video/x-raw,format=NV12 ! ${SINK}`,
    );
    assert.deepEqual(await pipeline.next(5_000), {
      state: "failed",
      reason: "a frame has an unexpected layout",
    });
  },
});
