import assert from "node:assert/strict";
import { packedProgram } from "../support/packed_program.ts";
import { Subscriber } from "../support/physiology_server.ts";
import { startRedis } from "../support/redis_server.ts";
import { bootDevice, makeDisk, SERVICE, SERVICE_LOG, SYSTEM_PATHS } from "./device.ts";
import { findKernel } from "./kernel.ts";
import { HOST_ADDRESS, type Machine } from "./machine.ts";
import { PublishedMessages, SLOW } from "./published_messages.ts";
import { report, stepsOf } from "./steps.ts";

const SYSTEM = Deno.env.get("TEST_DEVICE_SYSTEM");
const PROGRAM = "/media/physiology_server";
const PASSWORD = "owl-7";
/** File whose modification time is just before the installation. */
const TIMESTAMP_FILE = "/media/timestamp";

/** Paths where the program may create files, and paths that the system itself changes. */
const EXPECTED = [
  /^\/usr\/local\/bin\/physiology_server$/,
  /^\/usr\/local\/lib\/physiology_server(\/|$)/,
  /^\/etc\/physiology_server(@bed2)?(\/|$)/,
  /^\/etc\/systemd\/system\/(multi-user\.target\.wants\/)?physiology_server(@bed2)?\.service$/,
  /^\/etc\/systemd\/system\/physiology_server@(bed2)?\.service(\.d\/install\.conf)?$/,
  /^\/var\/lib\/(private\/)?physiology_server(@bed2)?(\/|$)/,
  ...SYSTEM_PATHS,
];

Deno.test({
  name: "physiology_server installs and runs as a service on a new device",
  ignore: SYSTEM === undefined,
  async fn(test) {
    const step = stepsOf(test);
    const kernel = findKernel();
    const folder = await Deno.makeTempDir({ prefix: "device_vm_" });
    await using stack = new AsyncDisposableStack();
    stack.defer(() => Deno.remove(folder, { recursive: true }));
    const disk = await makeDisk({
      kernel,
      system: SYSTEM ?? "",
      folder,
      userFiles: { [PROGRAM]: await packedProgram(folder) },
    });
    const redis = stack.use(await startRedis({ args: ["--requirepass", PASSWORD] }));
    let device: Machine = stack.use(await bootDevice(kernel, disk));
    const subscribe = () => Subscriber.of(redis, "physiology", { password: PASSWORD });
    const messagesTo = (subscriber: Subscriber) =>
      new PublishedMessages(subscriber, device, { logCommand: SERVICE_LOG });
    let messages = messagesTo(await subscribe());
    const newProcess = async (before: string | undefined) => {
      await messages.newProcess(before);
      await messages.next("frame", 3);
    };

    await step("`install` installs the service", async () => {
      const output = await device.check(
        `touch ${TIMESTAMP_FILE}; sleep 1; echo ${PASSWORD} >/media/password; ` +
          `${PROGRAM} install --redis_host=${HOST_ADDRESS} --redis_allow_plaintext --redis_port=${redis.port} ` +
          "--redis_password_file=/media/password --redis_operation_timeout_ms=10000 " +
          "--frame_publish=always --capture_width_px=320 --capture_height_px=180 --max_fps=10",
        SLOW,
      );
      assert.match(output, /Installed physiology_server\.service/);
    });

    await step("only root and the service can read the password", async () => {
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

    await step("systemd-analyze reports an exposure level of at most 1.2", async () => {
      const analysis = await device.check(`systemd-analyze security --no-pager ${SERVICE}`, SLOW);
      const exposure = /Overall exposure level[^:]*: ([\d.]+)/.exec(analysis)?.[1];
      report(`exposure ${exposure}`);
      assert(Number(exposure) <= 1.2, analysis);
    });

    await step("the service publishes within two minutes after a boot", async () => {
      await device.shutDown("systemctl poweroff");
      const subscriber = await subscribe();
      device = stack.use(await bootDevice(kernel, disk));
      messages = messagesTo(subscriber);
      await messages.wait("a status", () => messages.of("status").length > 0);
      const startedS = Number(await device.check("sed -n 's/^btime //p' /proc/stat"));
      const seconds = messages.of("status")[0]!.timestamp / 1e6 - startedS; // by the device's clock
      report(`first status ${seconds.toFixed(1)} s after power-on`);
      assert(seconds < 120, `${seconds}`);
      await messages.next("core_metrics", 3);
      await messages.next("edge_metrics", 3);
      await messages.next("frame", 3);
      const jpeg = Uint8Array.fromBase64(messages.of("frame").at(-1)?.payload.data ?? "");
      assert.deepEqual([...jpeg.subarray(0, 2), ...jpeg.subarray(-2)], [255, 216, 255, 217]);
    });

    await step("a changed file of the program is replaced before it runs", async () => {
      const before = messages.bootId();
      const file = "/usr/local/lib/physiology_server/*/main.js";
      const sum = `sha256sum ${file}`;
      const intact = await device.check(sum, SLOW);
      await device.check(
        `touch -r ${file} /media/time; printf '//' | dd of=$(echo ${file}) conv=notrunc; ` +
          `touch -r /media/time ${file}`,
        SLOW,
      );
      assert.notEqual(await device.check(sum, SLOW), intact);
      await device.check(`systemctl restart ${SERVICE}`, SLOW);
      await newProcess(before);
      assert.equal(await device.check(sum, SLOW), intact);
    });

    await step("systemd restarts a process that was killed", async () => {
      const before = messages.bootId();
      await device.check(`systemctl kill --kill-who=main -s KILL ${SERVICE}`, SLOW);
      await newProcess(before);
    });

    await step("the watchdog restarts a process that hangs", async () => {
      const before = messages.bootId();
      await device.check(`systemctl kill --kill-who=main -s STOP ${SERVICE}`, SLOW);
      await newProcess(before);
    });

    await step(
      "the service reports a disconnected camera and reconnects in the same process",
      async () => {
        const start = messages.count;
        const before = messages.bootId();
        await device.check("echo vivid.0 >/sys/bus/platform/drivers/vivid/unbind", SLOW);
        await messages.status("CAMERA_DISCONNECTED", start);
        await device.check(
          "for i in $(seq 100); do rmmod vivid && exit 0; sleep 0.2; done; exit 1",
          SLOW,
        );
        await device.check("modprobe vivid", SLOW);
        await messages.next("frame", 3);
        assert.equal(messages.bootId(), before);
      },
    );

    await step("the service reconnects to a restarted Redis in the same process", async () => {
      const before = messages.bootId();
      await redis.kill();
      await redis.restart();
      messages = messagesTo(await subscribe());
      await messages.next("core_metrics", 5);
      await messages.next("frame", 3);
      assert.equal(messages.bootId(), before);
    });

    await step("a reload keeps the process running", async () => {
      const before = messages.bootId();
      await device.check(`systemctl reload ${SERVICE}`, SLOW);
      await messages.next("core_metrics", 5);
      assert.equal(messages.bootId(), before);
    });

    await step(
      "timestamps follow a clock that is set forward, and never decrease when it is set back",
      async () => {
        const before = messages.bootId();
        const first = messages.of("core_metrics").length - 1;
        const metrics = () => messages.of("core_metrics").slice(first);
        const aheadUs = () => metrics().at(-1)!.timestamp - metrics()[0]!.timestamp;
        await device.check("date -s '+1 day'", SLOW);
        await messages.wait("timestamps of the new time", () => aheadUs() > 86_400_000_000);
        await device.check("date -s '-1 day'", SLOW);
        await device.check(
          `timeout 60 sh -c 'until journalctl -u ${SERVICE} | grep "was set back"; do sleep 1; done'`,
          SLOW,
        );
        await messages.next("core_metrics", 10);
        assert.equal(messages.bootId(), before);
        for (const [at, metric] of metrics().entries()) {
          const previous = metrics()[at - 1];
          if (!previous) continue;
          assert(metric.timestamp > previous.timestamp);
          const sequences = [previous, metric].map((each) => each.payload.metadata?.sequence ?? 0);
          assert.equal(sequences[1]! - sequences[0]!, 1);
        }
        const log = await device.check(`journalctl --no-pager -u ${SERVICE}`, SLOW);
        assert.match(log, /The system clock was set forward seconds=86\d{3}/);
      },
    );

    await step(
      "a reload keeps the process with an invalid configuration; a restart fails with status 78",
      async () => {
        const before = messages.bootId();
        const config = "/etc/physiology_server/redis.json";
        await device.check(
          `cp ${config} /media/good.json; echo '{"port": "none"}' >${config}; ` +
            `systemctl reload ${SERVICE}`,
          SLOW,
        );
        await messages.next("core_metrics", 5);
        assert.equal(messages.bootId(), before);
        const { output } = await device.run(
          `systemctl restart ${SERVICE}; systemctl show -p ActiveState -p ExecMainStatus ${SERVICE}`,
          SLOW,
        );
        assert.match(output, /ExecMainStatus=78[\s\S]*ActiveState=failed/);
        await device.check(`cp /media/good.json ${config}; systemctl restart ${SERVICE}`, SLOW);
        await newProcess(before);
      },
    );

    await step("`install` without flags keeps the configuration", async () => {
      const before = messages.bootId();
      await device.check(`${PROGRAM} install`, SLOW);
      await newProcess(before);
    });

    // Two installations take an emulated processor ten minutes.
    const instances = { ignore: !Deno.env.has("TEST_INSTANCES") };
    await step(
      "two instances publish under their own prefixes, and none disturbs the other",
      async () => {
        const startedMs = performance.now();
        const unitOf = (name: string) => `physiology_server@${name}.service`;
        const [bed1, bed2] = await Promise.all(
          ["bed1", "bed2"].map((name) => Subscriber.of(redis, name, { password: PASSWORD })),
        ) as [Subscriber, Subscriber];
        const more = async (subscriber: Subscriber, count: number) => {
          const before = subscriber.all("core_metrics").length;
          await messages.wait(
            `${count} more metrics`,
            () => subscriber.all("core_metrics").length >= before + count,
          );
        };
        const bootIdsOf = (subscriber: Subscriber) => [
          ...new Set(
            subscriber.all("core_metrics").map(({ payload }) => payload.metadata?.boot_id),
          ),
        ];
        const flags =
          `--redis_host=${HOST_ADDRESS} --redis_allow_plaintext --redis_port=${redis.port} ` +
          "--redis_password_file=/media/password --redis_operation_timeout_ms=10000 " +
          "--frame_publish=never --capture_width_px=320 --capture_height_px=180 --max_fps=10";
        await device.check(`systemctl stop ${SERVICE}; echo ${PASSWORD} >/media/password`, SLOW);
        await device.check(`${PROGRAM} install --instance=bed1 ${flags}`, SLOW);
        await device.check(`${PROGRAM} install --instance=bed2 --simulate ${flags}`, SLOW);
        await device.check("rm /media/password", SLOW);
        await Promise.all([more(bed1, 3), more(bed2, 3)]);
        const described = await device.check(
          "for name in bed1 bed2; do pid=$(systemctl show -p MainPID --value physiology_server@$name); " +
            "sed -n 's/^Uid:.//p' /proc/$pid/status; done; ss -Hltn | grep -o '127.0.0.1:5006[0-9]' | sort",
          SLOW,
        );
        const [uid1, uid2, ...ports] = described.trim().split("\n");
        assert.notEqual(uid1, uid2, "each instance has a user of its own");
        assert.deepEqual(ports, ["127.0.0.1:50061", "127.0.0.1:50062"]);

        await device.check(`systemctl restart ${unitOf("bed1")}`, SLOW);
        await messages.wait("a new process of bed1", () => bootIdsOf(bed1).length === 2);
        await device.check(`${PROGRAM} uninstall --instance=bed1`, SLOW);
        await more(bed2, 5);
        assert.equal(bootIdsOf(bed2).length, 1);
        await messages.wait("every message of bed2", () => bed2.missing().length === 0);
        const remaining = await device.run(
          `systemctl is-active ${unitOf("bed1")} ${unitOf("bed2")}; ` +
            "ls -d /etc/*@bed1 /var/lib/*@bed1 /var/lib/private/*@bed1 /etc/systemd/system/*@bed1* 2>/dev/null",
          SLOW,
        );
        assert.equal(remaining.output.trim(), "inactive\nactive");
        report(`instances ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
      },
      instances,
    );

    await step("the program creates files only at documented paths", async () => {
      const list = await device.check(`find / -xdev -newer ${TIMESTAMP_FILE} -not -type d`, SLOW);
      const unexpected = list.split("\n").filter((path) =>
        path.startsWith("/") && !EXPECTED.some((pattern) => pattern.test(path))
      );
      assert.deepEqual(unexpected, []);
    });

    await step("`uninstall` of the last instance keeps the other service", async () => {
      await device.check(`${PROGRAM} uninstall --instance=bed2`, SLOW);
      const remaining = await device.check(
        "ls -d /usr/local/bin/physiology_server /etc/systemd/system/physiology_server* " +
          "/etc/physiology_server* /var/lib/private/physiology_server*; " +
          `systemctl is-enabled ${SERVICE}`,
        SLOW,
      );
      assert.deepEqual(remaining.trim().split("\n"), [
        "/etc/physiology_server",
        "/etc/systemd/system/physiology_server.service",
        "/usr/local/bin/physiology_server",
        "/var/lib/private/physiology_server",
        "enabled",
      ]);
    }, instances);

    await step("`uninstall` removes all files and the service", async () => {
      await device.check(`${PROGRAM} uninstall`, SLOW);
      const remaining = await device.run(
        "ls -d /usr/local/bin/physiology_server /usr/local/lib/phys* /etc/physiology_server /var/lib/private/phys* " +
          `/etc/systemd/system/*physiology* 2>/dev/null; systemctl is-active ${SERVICE}`,
        SLOW,
      );
      assert.match(remaining.output.trim(), /^(inactive|unknown|failed)$/);
    });
  },
});
