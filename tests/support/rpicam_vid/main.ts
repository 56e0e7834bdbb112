/**
 * Stand-in for rpicam-vid, written from its documented options and its sources (rpicam-apps 1.13): it
 * writes the frames of the simulated camera with padded rows, each with its metadata, to stdout. No
 * hardware and no libcamera is involved.
 *
 *   deno run -A main.ts BEHAVIOR [options of rpicam-vid]
 *
 * BEHAVIOR is a JSON file (`RpicamBehavior` in tests/support/rpicam.ts).
 */
import { nativeMonotonicUs } from "../../../ffi/library.ts";
import { clockOffsetUs } from "../../../src/capture/clock_offset.ts";
import type { Frame, Image } from "../../../src/capture/frame.ts";
import { SimulatedCamera } from "../../../src/capture/simulator/camera.ts";
import { SystemClock } from "../../../src/telemetry/clock.ts";
import type { RpicamBehavior } from "../rpicam.ts";
import { type VidField, vidParts } from "../vid_stream.ts";
import { parseArguments } from "./arguments.ts";

const LIST = `Available cameras
-----------------
0 : imx219 [3280x2464 10-bit RGGB] (/base/soc/i2c0mux/i2c@1/imx219@10)
    Modes: 'SRGGB10_CSI2P' : 640x480 [206.65 fps - (1000, 752)/1280x960 crop]

`;
const encoder = new TextEncoder();

/** Writes all bytes, and waits while the pipe is full, as fwrite(3) does. */
function write(bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(Deno.stdout.writeSync(rest));
}

/** Copies a plane into rows of `stride` bytes. */
function copyPlane(
  from: { readonly samples: Uint8Array; readonly stride: number; readonly rows: number },
  into: Uint8Array,
  { at, width, stride }: { readonly at: number; readonly width: number; readonly stride: number },
): void {
  for (let row = 0; row < from.rows; row++) {
    const start = row * from.stride;
    into.set(from.samples.subarray(start, start + width), at + row * stride);
  }
}

/** Returns the buffer of a frame in which the image processor has padded the rows. */
function paddedImage(
  { width, height, y, u, v, yStride, uvStride }: Image,
  { rowPadding = 0, framePadding = 0 }: RpicamBehavior,
): Uint8Array {
  const stride = width + rowPadding;
  const buffer = new Uint8Array(stride * height * 3 / 2 + framePadding).fill(0xee);
  copyPlane({ samples: y, stride: yStride, rows: height }, buffer, { at: 0, width, stride });
  for (const [i, samples] of [u!, v!].entries()) {
    const at = stride * height + i * (stride / 2) * (height / 2);
    copyPlane({ samples, stride: uvStride, rows: height / 2 }, buffer, {
      at,
      width: width / 2,
      stride: stride / 2,
    });
  }
  return buffer;
}

/** Returns the metadata of a frame, with the requested values of exposure and white balance. */
function fieldsOf(options: ReadonlyMap<string, string>, sensorNs: number, fps: number): VidField[] {
  return [
    ["SensorTimestamp", sensorNs],
    ["ExposureTime", options.get("--shutter") ?? 19_984],
    ["AnalogueGain", options.get("--gain") ?? "2.000000"],
    ["ColourGains", `[ ${(options.get("--awbgains") ?? "1.523438,2.109375").replace(",", ", ")} ]`],
    ["FrameDuration", Math.round(1e6 / fps)],
    ["ScalerCrop", '"(0, 0)/3280x2464"'],
    ["AeLocked", `${options.has("--shutter")}`],
  ];
}

async function record(
  behavior: RpicamBehavior,
  options: ReadonlyMap<string, string>,
): Promise<void> {
  if (options.get("--codec") !== "yuv420" || options.get("--output") !== "-") {
    throw new Error("this stand-in only writes raw frames to stdout");
  }
  if (behavior.cameras === 0) throw new Error("no cameras available");
  const [width, height, fps] = ["--width", "--height", "--framerate"].map((name) =>
    Number(options.get(name))
  ) as [number, number, number];
  console.error(
    `[0:00:01.000] [1]  INFO Camera camera.cpp:1 configuring streams: (0) ` +
      `${width}x${height}-YUV420/sYCC (1) 1640x1232-SBGGR10_CSI2P`,
  );
  const clock = new SystemClock();
  const offsetUs = clockOffsetUs(clock, nativeMonotonicUs);
  await using camera = new SimulatedCamera({ ...behavior.person, width, height, fps, clock });
  let closing = "", frames = 0, objects = 0;
  for await (const event of camera) {
    if (event.kind !== "frame") continue;
    using frame: Frame = event.frame;
    const { freezeAfter = Infinity, exitAfter = Infinity, omitEvery = Infinity } = behavior;
    if (frames >= freezeAfter) await new Promise(() => setInterval(() => {}, 60_000));
    if (frames >= exitAfter) throw new Error("the camera frontend has timed out");
    frames++;
    const sensorUs = frame.timeUs - offsetUs + (behavior.suspendedUs ?? 0);
    const parts = vidParts({
      frame: paddedImage(frame.image, behavior),
      fields: frames % omitEvery === 0 ? undefined : fieldsOf(options, sensorUs * 1000, fps),
      index: objects,
    });
    write(encoder.encode(closing));
    write(parts.frame);
    if (behavior.metadataDelayMs) await clock.sleep(behavior.metadataDelayMs);
    write(encoder.encode(parts.object));
    closing = parts.closing;
    if (parts.object !== "") objects++;
  }
}

try {
  const [behaviorPath = "", ...argv] = Deno.args;
  const options = parseArguments(argv);
  if (options.has("--list-cameras")) write(encoder.encode(LIST));
  else await record(JSON.parse(Deno.readTextFileSync(behaviorPath)), options);
} catch (error) {
  if (!(error instanceof Deno.errors.BrokenPipe)) {
    console.error(`ERROR: *** ${error instanceof Error ? error.message : error} ***`);
  }
  Deno.exit(255);
}
