import assert from "node:assert/strict";
import { JpegDecoder } from "../../ffi/jpeg.ts";
import { Subscriber } from "../support/physiology_server.ts";
import { startRedis } from "../support/redis_server.ts";
import { bootWithProgram, BUILD } from "./camera_machine.ts";
import { HOST_ADDRESS } from "./machine.ts";
import { PublishedMessages, SLOW } from "./published_messages.ts";
import { stepsOf } from "./steps.ts";

const VIVID = "modprobe vivid n_devs=1 node_types=0x1";
const DEVICE = "/dev/video0";

/** Returns the mean luma around a point: `x` as a fraction of the width, at 80 % of the height. */
function lumaAt(
  image: { y: Uint8Array; yStride: number; width: number; height: number },
  x: number,
) {
  const row = Math.floor(image.height * 0.8) * image.yStride;
  const left = Math.floor(image.width * x);
  return image.y.subarray(row + left - 3, row + left + 4).reduce((sum, y) => sum + y, 0) / 7;
}

Deno.test("physiology_server captures from the vivid driver of a real kernel", async (test) => {
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
        "vivid_check reads the test pattern in every raw format, scale and rotation, in order",
        "formats",
      ],
      ["vivid_check locks and unlocks the exposure, and reports that a camera is busy", "controls"],
      ["vivid_check counts damaged and lost frames; a fatal error ends the stream", "errors"],
    ]
  ) {
    await step(name!, async () => {
      const { status, output } = await machine.run(`vivid_check ${command} ${DEVICE}`, SLOW);
      assert.equal(status, 0, output);
    });
  }

  const redis = stack.use(await startRedis());
  const messages = new PublishedMessages(await Subscriber.of(redis), machine);

  await step("`devices` lists the camera with the flags that select it", async () => {
    const list = await machine.check("physiology_server devices", SLOW);
    assert.match(list, /vivid \(platform:vivid-000\): \/dev\/video0/);
    assert.match(list, /physiology_server --use_camera --camera_device=\/dev\/video0/);
    assert.match(list, /--codec=YUYV --capture_width_px=640 --capture_height_px=360 --max_fps=/);
  });

  await step("the server publishes frames of the camera to Redis on the host", async () => {
    await machine.check(
      `physiology_server --use_camera --camera_device=${DEVICE} --redis_host=${HOST_ADDRESS} --redis_allow_plaintext ` +
        `--redis_port=${redis.port} --redis_operation_timeout_ms=10000 --frame_publish=always ` +
        `--capture_width_px=320 --capture_height_px=180 --max_fps=10 >/tmp/server.log 2>&1 & echo $! >/tmp/pid`,
    );
    await messages.next("frame", 5);
    const [frame] = await messages.next("frame", 1);
    assert.deepEqual([frame!.payload.width, frame!.payload.height], [320, 180]);
    using decoder = new JpegDecoder();
    using image = await decoder.decode(Uint8Array.fromBase64(frame!.payload.data));
    const bars = Array.from({ length: 8 }, (_, i) => lumaAt(image, (i + 0.5) / 8));
    // 75 % white, yellow, cyan, green, magenta, red, blue, black.
    [191, 169, 134, 112, 79, 57, 22, 0].forEach((luma, i) =>
      assert.ok(Math.abs(bars[i]! - luma) < 8, `bar ${i} is ${bars[i]}, not ${luma}`)
    );
  });

  await step(
    "core metrics contain the reason for a missing pulse and increasing timestamps",
    async () => {
      const metrics = await messages.next("core_metrics", 10);
      const times = metrics.map(({ timestamp }) => timestamp);
      assert.deepEqual(times, [...new Set(times)].sort((a, b) => a - b));
      const { pulse, withheld } = metrics.at(-1)!.payload;
      assert.equal(pulse?.strict, undefined);
      // The pattern stands still, and an emulated processor may be too slow for ten frames per second.
      assert.match(withheld?.pulse ?? "", /^(frozen|no_face|warming_up|low_frame_rate)$/);
    },
  );

  const bootId = messages.bootId();

  await step(
    "the server reports a disconnected camera and reconnects in the same process",
    async () => {
      const start = messages.count;
      await machine.check(`vivid_check set ${DEVICE} Disconnect 1`);
      await messages.status("CAMERA_DISCONNECTED", start);
      await messages.next("frame", 3);
      assert.equal(messages.bootId(), bootId);
    },
  );

  await step(
    "the server publishes metrics while it waits for a camera that was unplugged",
    async () => {
      const start = messages.count;
      await machine.check("echo vivid.0 >/sys/bus/platform/drivers/vivid/unbind", SLOW);
      await messages.status("CAMERA_DISCONNECTED", start);
      await machine.check("for i in $(seq 100); do rmmod vivid && exit 0; sleep 0.1; done; exit 1");
      const metrics = await messages.next("core_metrics", 8);
      assert.equal(metrics.at(-1)!.payload.withheld?.pulse, "camera_disconnected");
      assert.equal(metrics.at(-1)!.payload.pulse?.strict, undefined);
      await machine.check(VIVID);
      await messages.next("frame", 3);
      assert.equal(messages.bootId(), bootId);
    },
  );

  await step("the server stops on SIGTERM and releases the camera", async () => {
    const start = messages.count;
    await machine.check("kill -TERM $(cat /tmp/pid)");
    await messages.status("STOPPING", start);
    await machine.check("for i in $(seq 100); do rmmod vivid && exit 0; sleep 0.1; done; exit 1");
    const log = await machine.check("cat /tmp/server.log");
    assert.doesNotMatch(log, /\berror\b/i, log);
  });
});
