import assert from "node:assert/strict";
import { imagingNodes } from "../../../src/capture/cameras.ts";
import type { CameraInfo } from "../../../src/capture/v4l2/cameras.ts";

Deno.test("imagingNodes() leaves out nodes of an image processor, by their name or driver", () => {
  const node = (name: string, driver: string) => ({ name, driver } as CameraInfo);
  const webcam = node("HD Webcam", "uvcvideo");
  const nodes = [
    node("unicam-image", "unicam"),
    node("x", "unicam"),
    node("unicam-image", "x"),
    webcam,
  ];
  assert.deepEqual(imagingNodes(nodes), [webcam]);
});
