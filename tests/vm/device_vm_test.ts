import assert from "node:assert/strict";
import { packedProgram } from "../support/packed_program.ts";
import { Subscriber } from "../support/physiology_server.ts";
import { startRedis } from "../support/redis_server.ts";
import { waitFor } from "../support/wait.ts";
import { bootDevice, makeDisk } from "./device.ts";
import { findKernel } from "./kernel.ts";
import { HOST_ADDRESS, type Machine, SLOW_MS } from "./machine.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const SYSTEM = Deno.env.get("TEST_DEVICE_SYSTEM");
const PROGRAM = "/media/physiology_server";
const SERVICE = "physiology_server.service";
const PASSWORD = "owl-7";
const SLOW = { timeoutMs: SLOW_MS };
/** Its time is that of the last moment before the installation. */
const MARK = "/media/mark";

/** Where files of ours may lie; the rest of the list is the system's own business. */
const EXPECTED = [
  /^\/usr\/local\/bin\/physiology_server$/,
  /^\/etc\/physiology_server(\/|$)/,
  /^\/etc\/systemd\/system\/(multi-user\.target\.wants\/)?physiology_server\.service$/,
  /^\/var\/lib\/(private\/)?physiology_server(\/|$)/,
  /^\/var\/(log|lib\/systemd)\//,
  /^\/etc\/(machine-id|resolv\.conf|mtab|\.updated|ld\.so\.cache)$|^\/var\/\.updated$/,
  /^\/(media|tmp|run)\//,
];

Deno.test({
  name: "a fresh device",
  ignore: SYSTEM === undefined,
  async fn(test) {
    const step = async (name: string, run: () => Promise<void>) => {
      if (!await test.step(name, run)) throw new Error(`Stopped after: ${name}`);
    };
    const kernel = findKernel(Deno.env.get("TEST_KERNEL") ?? `${ROOT}.tools/vm/kernel`);
    const folder = await Deno.makeTempDir({ prefix: "device_vm_" });
    await using stack = new AsyncDisposableStack();
    stack.defer(() => Deno.remove(folder, { recursive: true }));
    const disk = await makeDisk({
      kernel,
      system: SYSTEM ?? "",
      folder,
      brought: { [PROGRAM]: await packedProgram(folder) },
    });
    const redis = stack.use(await startRedis({ args: ["--requirepass", PASSWORD] }));
    const listen = () => Subscriber.of(redis, "physiology", { password: PASSWORD });
    let heard = await listen();
    let device: Machine = stack.use(await bootDevice(kernel, disk));

    const wait = async <Value>(what: string, condition: () => Value) => {
      try {
        return await waitFor(what, condition, SLOW);
      } catch (cause) {
        const { output } = await device.run(
          `systemctl status --no-pager ${SERVICE}; journalctl --no-pager -n 40 -u ${SERVICE}`,
          SLOW,
        );
        throw new Error(`${cause}\n${output}`, { cause });
      }
    };
    const more = async (type: "core_metrics" | "edge_metrics" | "frame", count: number) => {
      const before = heard.all(type).length;
      await wait(`${count} more of ${type}`, () => heard.all(type).length >= before + count);
    };
    const status = (name: string, after: number) =>
      wait(
        `the status ${name}`,
        () =>
          heard.received.slice(after).find((message) =>
            message.type === "status" && message.payload.name === name
          ),
      );
    const bootId = () => heard.all("core_metrics").at(-1)?.payload.metadata?.boot_id;
    const another = async (before: string | undefined) => {
      await wait("another process", () => bootId() !== undefined && bootId() !== before);
      await more("frame", 3);
    };
    // Past the runner, which keeps the words of a test that passes to itself.
    const tell = (text: string) =>
      Deno.writeTextFileSync("/dev/stderr", ` ${text} `, { append: true });

    await step("the one file installs itself", async () => {
      const output = await device.check(
        `touch ${MARK}; sleep 1; echo ${PASSWORD} >/media/password; ` +
          `${PROGRAM} install --redis_host=${HOST_ADDRESS} --redis_port=${redis.port} ` +
          "--redis_password_file=/media/password --redis_operation_timeout_ms=10000 " +
          "--frame_publish=always --capture_width_px=320 --capture_height_px=180 --max_fps=10",
        SLOW,
      );
      assert.match(output, /Installed physiology_server\.service/);
    });

    await step("the password is where only root and the service read it", async () => {
      const [first, ...rest] = PASSWORD;
      const found = await device.run(
        `rm /media/password; grep -rls '[${first}]${rest.join("")}' /etc /usr/local /run ` +
          "/var/log /proc/[0-9]*/cmdline; stat -c %a:%U /etc/physiology_server/redis_password",
        SLOW,
      );
      const lines = found.output.trim().split("\n");
      const allowed = /^\/(etc\/physiology_server|run\/credentials\/.*)\/redis_password$/;
      assert.deepEqual(lines.filter((line) => !allowed.test(line)), ["600:root"]);
    });

    await step("the service is held tightly", async () => {
      const report = await device.check(`systemd-analyze security --no-pager ${SERVICE}`, SLOW);
      const exposure = /Overall exposure level[^:]*: ([\d.]+)/.exec(report)?.[1];
      tell(`exposure ${exposure}`);
      assert(Number(exposure) < 3, report);
    });

    await step("after a boot it publishes by itself within two minutes", async () => {
      await device.shutDown("systemctl poweroff");
      heard.received.length = 0;
      device = stack.use(await bootDevice(kernel, disk));
      await wait("a status", () => heard.all("status").length > 0);
      const startedS = Number(await device.check("sed -n 's/^btime //p' /proc/stat"));
      const seconds = heard.all("status")[0]!.timestamp / 1e6 - startedS; // by the device's clock
      tell(`first status ${seconds.toFixed(1)} s after power-on`);
      assert(seconds < 120, `${seconds}`);
      await more("core_metrics", 3);
      await more("edge_metrics", 3);
      await more("frame", 3);
      const picture = Uint8Array.fromBase64(heard.all("frame").at(-1)?.payload.data ?? "");
      assert.deepEqual([...picture.subarray(0, 2), ...picture.subarray(-2)], [255, 216, 255, 217]);
    });

    await step("a process that is killed is started again", async () => {
      const before = bootId();
      await device.check(`systemctl kill --kill-who=main -s KILL ${SERVICE}`, SLOW);
      await another(before);
    });

    await step("a process that hangs is ended by the watchdog and started again", async () => {
      const before = bootId();
      await device.check(`systemctl kill --kill-who=main -s STOP ${SERVICE}`, SLOW);
      await another(before);
    });

    await step("a camera that goes is told, and one that comes back is used", async () => {
      const mark = heard.received.length;
      const before = bootId();
      await device.check("echo vivid.0 >/sys/bus/platform/drivers/vivid/unbind", SLOW);
      await status("CAMERA_DISCONNECTED", mark);
      await device.check(
        "for i in $(seq 100); do rmmod vivid && exit 0; sleep 0.2; done; exit 1",
        SLOW,
      );
      await device.check("modprobe vivid", SLOW);
      await more("frame", 3);
      assert.equal(bootId(), before);
    });

    await step("a Redis that goes and comes back is found again by the same process", async () => {
      const before = bootId();
      await redis.kill();
      await redis.restart();
      heard = await listen();
      await more("core_metrics", 5);
      await more("frame", 3);
      assert.equal(bootId(), before);
    });

    await step("a reload keeps the service running", async () => {
      const before = bootId();
      await device.check(`systemctl reload ${SERVICE}`, SLOW);
      await more("core_metrics", 5);
      assert.equal(bootId(), before);
    });

    await step(
      "a bad configuration is refused by a reload, and not tried at each second",
      async () => {
        const before = bootId();
        const config = "/etc/physiology_server/redis.json";
        await device.check(
          `cp ${config} /media/good.json; echo '{"port": "none"}' >${config}; ` +
            `systemctl reload ${SERVICE}`,
          SLOW,
        );
        await more("core_metrics", 5);
        assert.equal(bootId(), before);
        const { output } = await device.run(
          `systemctl restart ${SERVICE}; systemctl show -p ActiveState -p ExecMainStatus ${SERVICE}`,
          SLOW,
        );
        assert.match(output, /ExecMainStatus=78[\s\S]*ActiveState=failed/);
        await device.check(`cp /media/good.json ${config}; systemctl restart ${SERVICE}`, SLOW);
        await another(before);
      },
    );

    await step("an upgrade without a flag keeps what was configured", async () => {
      const before = bootId();
      await device.check(`${PROGRAM} install`, SLOW);
      await another(before);
    });

    await step("no file of ours lies elsewhere", async () => {
      const list = await device.check(`find / -xdev -newer ${MARK} -not -type d`, SLOW);
      const strange = list.split("\n").filter((path) =>
        path.startsWith("/") && !EXPECTED.some((pattern) => pattern.test(path))
      );
      assert.deepEqual(strange, []);
    });

    await step("uninstall leaves nothing", async () => {
      await device.check(`${PROGRAM} uninstall`, SLOW);
      const left = await device.run(
        "ls -d /usr/local/bin/physiology_server /etc/physiology_server /var/lib/private/phys* " +
          `/etc/systemd/system/*physiology* 2>/dev/null; systemctl is-active ${SERVICE}`,
        SLOW,
      );
      assert.match(left.output.trim(), /^(inactive|unknown|failed)$/);
    });
  },
});
