import assert from "node:assert/strict";
import { NativePipeline } from "../../../ffi/gstreamer.ts";
import { NativeError } from "../../../ffi/library.ts";
import type { Frame, SourceEvent } from "../../../src/capture/frame.ts";
import { wholePipeline } from "../../../src/capture/gstreamer/pipelines.ts";
import { checkPipeline, GstreamerSource } from "../../../src/capture/gstreamer/source.ts";
import { patternJpegs } from "../../support/camera_recording.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { Program, PYTHON } from "../../support/program.ts";
import { runProgram, startProgram, Subscriber } from "../../support/physiology_server.ts";
import { freePort, startRedis } from "../../support/redis_server.ts";
import { takeFrames, testSource } from "../../support/source_suite.ts";

const RTSP_CAMERA = new URL("../../support/rtsp_camera.py", import.meta.url).pathname;
const REQUESTED = { device: "/dev/video0", index: 0, width: 640, height: 480, fps: 30 };
const LIVE = "videotestsrc is-live=true ! video/x-raw,width=128,height=96,framerate=30/1";

/** True if the elements of a pipeline are installed. */
async function isInstalled(pipeline: string): Promise<boolean> {
  try {
    await NativePipeline.check(wholePipeline({ ...REQUESTED, pipeline }));
    return true;
  } catch (error) {
    if (error instanceof NativeError) return false;
    throw error;
  }
}

const ignore = !await isInstalled("videotestsrc ! jpegenc") || !await isInstalled("avidemux");

function openSource(pipeline: string): GstreamerSource {
  return new GstreamerSource({
    pipeline: wholePipeline({ ...REQUESTED, pipeline }),
    fps: 30,
    analysisWidth: 320,
  });
}

/** Takes frames of a pipeline. */
async function framesOf<Value>(
  pipeline: string,
  options: { count: number; inspect: (frame: Frame) => Value },
): Promise<Value[]> {
  await using source = openSource(pipeline);
  return await takeFrames(source, options);
}

if (!ignore) testSource({ name: "GStreamer", open: () => openSource(LIVE), ends: false });

Deno.test({
  name: "GstreamerSource stamps frames with their capture times",
  ignore,
  async fn() {
    const frames = await framesOf(LIVE, {
      count: 15,
      inspect: ({ timeUs }) => ({ timeUs, ageMs: performance.now() - timeUs / 1000 }),
    });
    for (const [i, { timeUs, ageMs }] of frames.entries()) {
      assert.ok(ageMs > -5 && ageMs < 1_000, `${ageMs} ms`);
      const intervals = i === 0 ? 1 : (timeUs - frames[i - 1]!.timeUs) / (1e6 / 30);
      assert.ok(Math.abs(intervals - Math.round(intervals)) < 0.05, `${intervals} intervals`);
    }
  },
});

Deno.test({
  name: "GstreamerSource delivers GRAY8 and GRAY16_LE with neutral chroma",
  ignore,
  async fn() {
    for (const format of ["GRAY8", "GRAY16_LE"]) {
      const pipeline =
        `videotestsrc is-live=true ! video/x-raw,format=${format},width=64,height=48`;
      const [chroma] = await framesOf(pipeline, {
        count: 1,
        inspect: ({ image: { u, v } }) => [...u!, ...v!],
      });
      assert.ok(chroma!.length >= 2 * 32 * 24 && chroma!.every((value) => value === 128), format);
    }
  },
});

Deno.test({
  name: "GstreamerSource reads the planes of I420, whatever the padding of their rows",
  ignore,
  async fn() {
    for (const [width, height] of [[322, 242], [640, 480], [16, 16]]) {
      const pipeline = "videotestsrc is-live=true pattern=solid-color " +
        "foreground-color=0xffff0000 ! " +
        `video/x-raw,format=I420,width=${width},height=${height},colorimetry=bt601`;
      const [frame] = await framesOf(pipeline, {
        count: 1,
        inspect: ({ image: { y, u, v, yStride, uvStride, color, ...image }, jpeg }) => {
          const corners = (plane: Uint8Array, stride: number, w: number, h: number) => [
            plane[0],
            plane[stride * (h - 1) + w - 1],
          ];
          const [w, h] = [image.width / 2, image.height / 2];
          return {
            size: [image.width, image.height],
            samples: [
              ...corners(y, yStride, image.width, image.height),
              ...corners(u!, uvStride, w, h),
              ...corners(v!, uvStride, w, h),
            ],
            color,
            jpeg,
          };
        },
      });
      assert.deepEqual(frame, {
        size: [width, height],
        samples: [81, 81, 90, 90, 240, 240], // red, ITU-R BT.601
        color: { range: "limited", matrix: "bt601" },
        jpeg: undefined,
      });
    }
  },
});

Deno.test({
  name: "GstreamerSource passes JPEGs of any size on, and decodes them",
  ignore,
  async fn() {
    const pipeline = "videotestsrc is-live=true pattern=snow ! " +
      "video/x-raw,width=1280,height=720,framerate=30/1 ! jpegenc quality=100";
    const frames = await framesOf(pipeline, {
      count: 3,
      inspect: ({ jpeg, width, image }) => ({
        start: [...jpeg!.subarray(0, 2)],
        width,
        analysis: image.width,
      }),
    });
    for (const frame of frames) {
      assert.deepEqual(frame, { start: [0xff, 0xd8], width: 1280, analysis: 320 });
    }
  },
});

Deno.test({
  name: "GstreamerSource removes the bytes behind a JPEG, as of a driver's whole buffer",
  ignore: ignore || !await isInstalled("multifilesrc ! image/jpeg"),
  async fn() {
    using folder = temporaryFolder();
    const [longer, shorter] = await patternJpegs({ count: 2 }).then((jpegs) =>
      jpegs.sort((a, b) => b.length - a.length)
    );
    const buffer = Uint8Array.from([...shorter!, ...longer!, ...new Uint8Array(1_000)]);
    Deno.writeFileSync(`${folder.path}/a.jpg`, buffer);
    const pipeline = `multifilesrc location=${folder.path}/a.jpg loop=true ` +
      'caps="image/jpeg,framerate=30/1" ! identity sync=true ! image/jpeg';
    const [jpeg] = await framesOf(pipeline, { count: 1, inspect: ({ jpeg }) => jpeg!.slice() });
    assert.deepEqual(jpeg, shorter);
  },
});

Deno.test({
  name: "GstreamerSource starts a pipeline again that has ended or failed",
  ignore,
  async fn() {
    for (const end of ["num-buffers=3", "! identity error-after=3"]) {
      const [source, ...rest] = LIVE.split(" ! ");
      const pipeline = end.startsWith("!")
        ? `${LIVE} ${end}`
        : [`${source} ${end}`, ...rest].join(" ! ");
      await using gstreamer = openSource(pipeline);
      const kinds: SourceEvent["kind"][] = [];
      for await (const event of gstreamer) {
        if (event.kind === "frame") event.frame[Symbol.dispose]();
        if (event.kind !== kinds.at(-1)) kinds.push(event.kind);
        if (kinds.length === 5) break;
      }
      assert.deepEqual(kinds, ["connected", "frame", "disconnected", "connected", "frame"]);
    }
  },
});

for (
  const [end, what] of [
    [" ! rtpjpegdepay", "passes the JPEGs of a camera by RTSP on"],
    ["", "decodes a camera that rtspsrc names"],
  ] as const
) {
  Deno.test({
    name: `GstreamerSource ${what}, and again after it was switched off`,
    ignore: ignore || !await isInstalled(`rtspsrc location=rtsp://127.0.0.1/1${end}`),
    async fn() {
      const port = freePort();
      const startCamera = async () => {
        const camera = new Program(PYTHON, [RTSP_CAMERA, `${port}`]);
        await camera.prints("ready");
        return camera;
      };
      await using camera = await startCamera();
      const url = `rtsp://127.0.0.1:${port}/camera`;
      const buffering = end && " buffer-mode=none";
      await using source = openSource(`rtspsrc location=${url} protocols=tcp${buffering}${end}`);
      const events = source[Symbol.asyncIterator]();
      /** Takes events up to the next frame, and returns its time; or up to a disconnection. */
      const next = async (kind: "frame" | "disconnected") => {
        while (true) {
          const { value: event } = await events.next();
          if (event?.kind === "frame") event.frame[Symbol.dispose]();
          if (event?.kind === kind) return event.kind === "frame" ? event.frame.timeUs : 0;
        }
      };
      const times: number[] = [];
      while (times.length < 20) times.push(await next("frame"));
      const steps = times.slice(1).map((us, i) => (us - times[i]!) / (1e6 / 15));
      for (const step of steps) assert.ok(Math.abs(step - Math.round(step)) < 0.1, `${steps}`);
      camera.kill("SIGKILL");
      await camera.ended();
      await next("disconnected");
      await using _again = await startCamera();
      await next("frame");
    },
  });
}

Deno.test({
  name: "GstreamerSource refuses a pipeline with an error, with its words",
  ignore,
  async fn() {
    const cases: [string, RegExp][] = [
      ["nosuchelement", /no element "nosuchelement"/],
      ["videotestsrc nosuchproperty=1", /no property "nosuchproperty"/],
      ["videotestsrc ! ! identity", /syntax error/],
    ];
    for (const [pipeline, expected] of cases) {
      await assert.rejects(framesOf(pipeline, { count: 1, inspect: () => {} }), expected);
      await assert.rejects(checkPipeline(wholePipeline({ ...REQUESTED, pipeline })), expected);
    }
    const missing = framesOf("filesrc location=/nothing ! avidemux", {
      count: 1,
      inspect: () => {},
    });
    await assert.rejects(missing, /Resource not found/);
  },
});

Deno.test({
  name: "server measures the pulse in a pipeline of GStreamer, and publishes its JPEGs",
  ignore,
  async fn() {
    using folder = temporaryFolder();
    const clip = `${folder.path}/clip.avi`;
    const simulated = await runProgram([
      ...["simulate", `--output=${clip}`, "--duration=25", "--simulate_pulse=84"],
      ...["--capture_width_px=320", "--capture_height_px=240"],
    ]);
    assert.equal(simulated.code, 0, simulated.stderr);
    await using broker = await startRedis();
    const subscriber = await Subscriber.of(broker);
    await using server = startProgram([
      ...["--use_camera", "--camera_source=gstreamer", `--redis_port=${broker.port}`],
      `--camera_pipeline=filesrc location=${clip} ! avidemux ! identity sync=true ! image/jpeg`,
    ]);
    const { payload } = await subscriber.first(
      "core_metrics",
      ({ payload }) => payload.pulse?.strict !== undefined,
      60_000,
    );
    // The rate of the person varies around its mean.
    assert.ok(Math.abs(payload.pulse!.strict!.value - 84) < 5, `${payload.pulse!.strict!.value}`);
    const frame = await subscriber.first("frame");
    assert.deepEqual([frame.payload.width, frame.payload.height], [320, 240]);
    server.kill("SIGTERM");
    assert.equal((await server.ended).code, 0);
  },
});
