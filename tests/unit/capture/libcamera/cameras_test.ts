import assert from "node:assert/strict";
import fc from "fast-check";
import {
  checkLibcamera,
  listLibcameras,
  parseLibcameras,
} from "../../../../src/capture/libcamera/cameras.ts";
import { fakeRpicam } from "../../../support/fake_rpicam.ts";

const LIST = `Available cameras
-----------------
0 : imx219 [3280x2464 10-bit RGGB] (/base/soc/i2c0mux/i2c@1/imx219@10)
    Modes: 'SRGGB10_CSI2P' : 640x480 [206.65 fps - (1000, 752)/1280x960 crop]
                             1640x1232 [41.85 fps - (0, 0)/3280x2464 crop]
           'SRGGB8' : 640x480 [206.65 fps - (1000, 752)/1280x960 crop]

1 : ov9281 [1280x800] (/base/axi/pcie@120000/rp1/i2c@88000/ov9281@60)
    Modes: 'R8' : 1280x800 [nan fps - (0, 0)/1280x800 crop]

`;

Deno.test("parseLibcameras() reads the list of rpicam-vid", () => {
  assert.deepEqual(parseLibcameras(LIST), [
    {
      index: 0,
      model: "imx219",
      id: "/base/soc/i2c0mux/i2c@1/imx219@10",
      modes: [
        { width: 640, height: 480, maxFps: 206.65 },
        { width: 1640, height: 1232, maxFps: 41.85 },
        { width: 640, height: 480, maxFps: 206.65 },
      ],
    },
    {
      index: 1,
      model: "ov9281",
      id: "/base/axi/pcie@120000/rp1/i2c@88000/ov9281@60",
      modes: [{ width: 1280, height: 800 }],
    },
  ]);
  assert.deepEqual(parseLibcameras("No cameras available!\n"), []);
});

Deno.test("parseLibcameras() accepts any text", () => {
  const line = fc.oneof(
    fc.string(),
    fc.constantFrom(...LIST.split("\n"), "0 : x (y)", "640x480 [1 fps"),
  );
  fc.assert(fc.property(fc.array(line), (lines) => {
    for (const { index, modes } of parseLibcameras(lines.join("\n"))) {
      assert.ok(Number.isSafeInteger(index));
      for (const { width, height } of modes) assert.ok(width >= 0 && height >= 0);
    }
  }));
});

Deno.test("listLibcameras() lists the cameras of the installed program", async () => {
  using _program = fakeRpicam({ list: LIST });
  const listed = await listLibcameras();
  assert.ok(listed.state === "listed");
  assert.deepEqual(listed.cameras.map(({ model }) => model), ["imx219", "ov9281"]);
});

Deno.test("listLibcameras() names the package if the program is not installed", async () => {
  using _program = fakeRpicam({ name: "another-program" });
  const listed = await listLibcameras();
  assert.ok(listed.state === "not_installed");
  assert.match(listed.hint, /rpicam-apps-lite/);
});

Deno.test("listLibcameras() returns why the program fails, also that of before 2024", async () => {
  using _program = fakeRpicam({
    name: "libcamera-vid",
    list: "",
    then: "echo broken >&2; exit 255",
  });
  const listed = await listLibcameras();
  assert.ok(listed.state === "failed");
  assert.match(listed.error, /broken/);
});

Deno.test("checkLibcamera() accepts a camera that exists, and refuses others", async () => {
  using _program = fakeRpicam({ list: LIST });
  await checkLibcamera(1);
  await assert.rejects(checkLibcamera(2), /no camera with this number/);
});

Deno.test("checkLibcamera() reports that there is no camera", async () => {
  using _program = fakeRpicam({ list: "No cameras available!\n" });
  await assert.rejects(checkLibcamera(0), /libcamera finds no camera/);
});
