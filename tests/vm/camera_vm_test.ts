import assert from "node:assert/strict";
import { JpegDecoder } from "../../ffi/jpeg.ts";
import { Subscriber } from "../support/physiology_server.ts";
import { startRedis } from "../support/redis_server.ts";
import { bootWithProgram, BUILD, Ear, SLOW, stepsOf } from "./camera_machine.ts";
import { HOST_ADDRESS } from "./machine.ts";

const VIVID = "modprobe vivid n_devs=1 node_types=0x1";
const DEVICE = "/dev/video0";
/** Mean luma at a share of the picture's width, at four fifths of its height. */
function lumaAt(
  picture: { y: Uint8Array; yStride: number; width: number; height: number },
  x: number,
) {
  const row = Math.floor(picture.height * 0.8) * picture.yStride;
  const left = Math.floor(picture.width * x);
  return picture.y.subarray(row + left - 3, row + left + 4).reduce((sum, y) => sum + y, 0) / 7;
}

Deno.test("a camera of a real kernel", async (test) => {
  const step = stepsOf(test);
  const folder = await Deno.makeTempDir({ prefix: "camera_vm_" });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const machine = stack.use(
    await bootWithProgram(folder, {
      modules: ["vivid"],
      programs: { "/bin/vivid_check": `${BUILD}/vivid_check` },
    }),
  );
  await machine.check(VIVID);

  for (
    const [name, command] of [
      [
        "every raw format, scale and turn shows the driver's picture, in time and in order",
        "formats",
      ],
      ["exposure is locked and let go, and a busy camera says so", "controls"],
      ["damaged and lost frames are counted, and what is fatal ends the stream", "errors"],
    ]
  ) {
    await step(name!, async () => {
      const { status, output } = await machine.run(`vivid_check ${command} ${DEVICE}`, SLOW);
      assert.equal(status, 0, output);
    });
  }

  const redis = stack.use(await startRedis());
  const heard = new Ear(await Subscriber.of(redis), machine);

  await step("the packed server lists the camera with the flags to use it", async () => {
    const list = await machine.check("physiology_server devices", SLOW);
    assert.match(list, /vivid \(platform:vivid-000\): \/dev\/video0/);
    assert.match(list, /physiology_server --use_camera --camera_device=\/dev\/video0/);
    assert.match(list, /--codec=YUYV --capture_width_px=640 --capture_height_px=360 --max_fps=/);
  });

  await step("the packed server publishes the camera's picture to a Redis outside", async () => {
    await machine.check(
      `physiology_server --use_camera --camera_device=${DEVICE} --redis_host=${HOST_ADDRESS} ` +
        `--redis_port=${redis.port} --redis_operation_timeout_ms=10000 --frame_publish=always ` +
        `--capture_width_px=320 --capture_height_px=180 --max_fps=10 >/tmp/server.log 2>&1 & echo $! >/tmp/pid`,
    );
    await heard.more("frame", 5);
    const [frame] = await heard.more("frame", 1);
    assert.deepEqual([frame!.payload.width, frame!.payload.height], [320, 180]);
    using decoder = new JpegDecoder();
    using picture = await decoder.decode(Uint8Array.fromBase64(frame!.payload.data));
    const bars = Array.from({ length: 8 }, (_, i) => lumaAt(picture, (i + 0.5) / 8));
    // 75 % white, yellow, cyan, green, magenta, red, blue, black.
    [191, 169, 134, 112, 79, 57, 22, 0].forEach((luma, i) =>
      assert.ok(Math.abs(bars[i]! - luma) < 8, `bar ${i} is ${bars[i]}, not ${luma}`)
    );
  });

  await step("metrics say why there is no pulse, with times that grow", async () => {
    const metrics = await heard.more("core_metrics", 10);
    const times = metrics.map(({ timestamp }) => timestamp);
    assert.deepEqual(times, [...new Set(times)].sort((a, b) => a - b));
    const { pulse, withheld } = metrics.at(-1)!.payload;
    assert.equal(pulse?.strict, undefined);
    // An emulated processor may be too slow to look for faces ten times a second.
    assert.match(withheld?.pulse ?? "", /^(no_face|warming_up|low_frame_rate)$/);
  });

  const session = heard.session();

  await step("a camera that disconnects and comes back is told, in one session", async () => {
    const mark = heard.now;
    await machine.check(`vivid_check set ${DEVICE} Disconnect 1`);
    await heard.status("CAMERA_DISCONNECTED", mark);
    await heard.more("frame", 3);
    assert.equal(heard.session(), session);
  });

  await step("a camera that is pulled out is waited for while metrics go on", async () => {
    const mark = heard.now;
    await machine.check("echo vivid.0 >/sys/bus/platform/drivers/vivid/unbind", SLOW);
    await heard.status("CAMERA_DISCONNECTED", mark);
    await machine.check("for i in $(seq 100); do rmmod vivid && exit 0; sleep 0.1; done; exit 1");
    const metrics = await heard.more("core_metrics", 8);
    assert.equal(metrics.at(-1)!.payload.withheld?.pulse, "camera_disconnected");
    assert.equal(metrics.at(-1)!.payload.pulse?.strict, undefined);
    await machine.check(VIVID);
    await heard.more("frame", 3);
    assert.equal(heard.session(), session);
  });

  await step("the server stops when it is asked to, and lets the camera go", async () => {
    const mark = heard.now;
    await machine.check("kill -TERM $(cat /tmp/pid)");
    await heard.status("STOPPING", mark);
    await machine.check("for i in $(seq 100); do rmmod vivid && exit 0; sleep 0.1; done; exit 1");
    const log = await machine.check("cat /tmp/server.log");
    assert.doesNotMatch(log, /\berror\b/i, log);
  });
});
