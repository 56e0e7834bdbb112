/** Reads a camera until SIGTERM, then prints the lost frames: `camera_reader.ts DEVICE FPS`. */
import { V4l2Source } from "../../src/capture/v4l2/source.ts";
import { Counters } from "../../src/telemetry/counters.ts";

const [device = "/dev/video0", fps = "30"] = Deno.args;
const counters = new Counters();
const source = new V4l2Source({ device, fps: Number(fps), counters });
Deno.addSignalListener("SIGTERM", () => source[Symbol.asyncDispose]());
let frames = 0;
for await (const event of source) {
  if (event.kind !== "frame") continue;
  event.frame[Symbol.dispose]();
  frames++;
}
const lost = counters.all().map(({ labels, total }) => `${total} ${labels["reason"]}`).join(", ");
console.log(`${frames} frames, ${lost || "none lost"}`);
