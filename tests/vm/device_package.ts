import assert from "node:assert/strict";
import { VERSION } from "../../src/base/version.ts";
import { PACKAGE, PACKAGE_PATHS, PATHS } from "../../src/installation/paths.ts";
import { type Received, Subscriber } from "../support/physiology_server.ts";
import { type RedisServer, startRedis } from "../support/redis_server.ts";
import { waitFor } from "../support/wait.ts";
import { bootDevice, makeDisk, SERVICE, SERVICE_LOG, SYSTEM_PATHS } from "./device.ts";
import { findKernel } from "./kernel.ts";
import { HOST_ADDRESS } from "./machine.ts";
import { newerPackage } from "./newer_package.ts";
import { PublishedMessages, SLOW } from "./published_messages.ts";
import { report, stepsOf } from "./steps.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
/** Folder of a release that `scripts/test_packages` has built. */
const RELEASE = Deno.env.get("TEST_RELEASE");
const PASSWORD = "owl-7";
const NEWER_VERSION = "99.0";
/** The package and a newer one on the device. */
const PACKAGE_FILE = "/media/package.deb";
const NEWER_FILE = "/media/newer.deb";
const CONFFILES = [PACKAGE_PATHS.flags, PATHS.redisConfig, PACKAGE_PATHS.secrets].sort();
/**
 * Largest time from the start of the installation to the first core metrics, in seconds. The device's
 * clock counts instructions, so that a busy host adds little: 58 s were measured.
 */
const MAX_INSTALLATION_S = 70;
/** Largest time without core metrics while the package is replaced, in seconds; 18 s were measured. */
const MAX_GAP_S = 25;
/** Seconds from one core metrics message to the next, so long that the loss of one is noticed. */
const PERIOD_S = 1;
/** Largest age of the last core metrics of a process at its end, in seconds. */
const MAX_LAST_AGE_S = PERIOD_S + 0.3;
/** Time limit for what was pending after the network is back, in milliseconds. */
const REPLAY_MS = 120_000;

/** Paths that apt, dpkg and debconf themselves change. */
const PACKAGE_MANAGER_PATHS = [
  /^\/var\/(cache|lib)\/(apt|debconf)\//,
  /^\/var\/lib\/dpkg\/(status|status-old|lock|lock-frontend|triggers\/Lock)$/,
];

/** Command that lists all files with their types, modes, owners, sizes and times, sorted. */
const LIST_FILES = "find / -xdev -path /media -prune -o -type d -printf '%p %y %m %u:%g\\n' -o " +
  "-printf '%p %y %m %u:%g %s %T@\\n' | sort";

/** Returns the sequence numbers that are not among those of the metrics of one process. */
function missingSequences(metrics: readonly Extract<Received, { type: "core_metrics" }>[]) {
  const sequences = new Set(metrics.map(({ payload }) => payload.metadata?.sequence ?? 0));
  return Array.from({ length: Math.max(...sequences) + 1 }, (_value, sequence) => sequence)
    .filter((sequence) => !sequences.has(sequence));
}

/** The commands that a user runs to set the flags and the Redis of the service. */
function configure(redis: RedisServer): string {
  // Small images, as the processor is emulated.
  const flags = "--use_camera --capture_width_px=320 --capture_height_px=180 --max_fps=5 " +
    `--frame_publish=never --buffer_duration=${PERIOD_S}`;
  const edits: readonly [path: string, ...expressions: string[]][] = [
    [PACKAGE_PATHS.flags, `s|^ARGS=.*|ARGS="${flags}"|`],
    [
      PATHS.redisConfig,
      `s|"host": .*|"host": "${HOST_ADDRESS}", "allow_plaintext": true,|`,
      `s|"port": .*|"port": ${redis.port},|`,
      `s|"operation_timeout_ms": .*|"operation_timeout_ms": 10000,|`,
    ],
    [PACKAGE_PATHS.secrets, `s|^#\\(PHYSIOLOGY_REDIS_PASSWORD\\)=.*|\\1="${PASSWORD}"|`],
  ];
  return edits.map(([path, ...expressions]) =>
    `sed -i ${expressions.map((each) => `-e '${each}'`).join(" ")} ${path}`
  ).join(" && ");
}

/**
 * Tests the package on a new device with systemd. One module for each suite, so that two machines are
 * emulated at the same time.
 */
export function testPackage(suite: "bookworm" | "trixie"): void {
  Deno.test({
    name: `the package installs, upgrades and is removed on a new ${suite} with systemd`,
    ignore: RELEASE === undefined,
    async fn(test) {
      const step = stepsOf(test);
      const kernel = findKernel();
      const folder = await Deno.makeTempDir({ prefix: "device_package_" });
      await using stack = new AsyncDisposableStack();
      stack.defer(() => Deno.remove(folder, { recursive: true }));
      const disk = await makeDisk({
        kernel,
        system: `${ROOT}.tools/vm/device-${suite}`,
        folder,
        userFiles: {
          [PACKAGE_FILE]: `${RELEASE}/${PACKAGE}_${VERSION}_amd64.deb`,
          [NEWER_FILE]: await newerPackage(`${RELEASE}/physiology_server-linux-x64`, {
            folder,
            version: NEWER_VERSION,
          }),
        },
      });
      const redis = stack.use(await startRedis({ args: ["--requirepass", PASSWORD] }));
      const subscriber = await Subscriber.of(redis, "physiology", { password: PASSWORD });
      const device = stack.use(await bootDevice(kernel, disk));
      const messages = new PublishedMessages(subscriber, device, { logCommand: SERVICE_LOG });
      const check = (command: string) => device.check(command, SLOW);
      const nowS = async () => Number(await check("date +%s.%N"));

      const metricsOf = (bootId: string | undefined) =>
        messages.of("core_metrics").filter(({ payload }) => payload.metadata?.boot_id === bootId)
          .sort((a, b) => a.timestamp - b.timestamp);

      /** Replaces the process by a command, and checks that no core metrics are lost. */
      const replaceProcess = async (command: string) => {
        await messages.next("core_metrics", 3);
        const before = messages.bootId();
        const start = messages.count;
        await check(command);
        const stopping = await messages.status("STOPPING", start);
        await messages.newProcess(before);
        const after = messages.bootId();
        await messages.next("core_metrics", 3);
        const missing = () => [before, after].map((id) => missingSequences(metricsOf(id)));
        const lastAgeS = () => (stopping.timestamp - metricsOf(before).at(-1)!.timestamp) / 1e6;
        // What was pending follows within seconds; if not, the assertions report what is missing.
        await waitFor(
          "all core metrics",
          () => missing().flat().length === 0 && lastAgeS() < MAX_LAST_AGE_S,
          { timeoutMs: REPLAY_MS, pollMs: 200 },
        ).catch(() => {});
        assert.deepEqual(missing(), [[], []]);
        assert(lastAgeS() < MAX_LAST_AGE_S, `no core metrics in the last ${lastAgeS()} s`);
        const old = metricsOf(before), next = metricsOf(after);
        return {
          gapS: (next[0]!.timestamp - old.at(-1)!.timestamp) / 1e6,
          count: old.length,
          replayed: [...old, ...next].filter(({ payload }) => payload.metadata?.replayed).length,
        };
      };

      let configuration = "";
      const sums = () => check(`sha256sum ${CONFFILES.join(" ")}`);

      await step("apt installs the package, and the configured service publishes", async () => {
        await check(`${LIST_FILES} >/media/before`);
        const startedMs = Date.now();
        const startedS = await nowS();
        const output = await check(`apt-get install -y ${PACKAGE_FILE}`);
        assert.match(output, /^Setting up physiology-server/m);
        const installedS = await nowS() - startedS;
        assert.equal(await check(`systemctl is-enabled ${SERVICE}`), "enabled\n");
        await check(`${configure(redis)} && systemctl restart ${SERVICE}`);
        const restartedS = await nowS() - startedS;
        await messages.wait("core metrics", () => messages.of("core_metrics").length > 0);
        const [first] = messages.of("core_metrics");
        const firstS = first!.timestamp / 1e6 - startedS;
        report(
          `${suite}: installed after ${installedS.toFixed(1)} s, restarted after ` +
            `${restartedS.toFixed(1)} s, core metrics after ${firstS.toFixed(1)} s by the ` +
            `device's clock, ${((first!.receivedMs - startedMs) / 1000).toFixed(0)} s of emulation`,
        );
        assert(firstS < MAX_INSTALLATION_S, `${firstS}`);
        configuration = await sums();
      });

      await step("an upgrade of the running service loses no core metrics", async () => {
        const { gapS, count } = await replaceProcess(`apt-get install -y ${NEWER_FILE}`);
        report(`${suite}: ${gapS.toFixed(1)} s without core metrics, none of ${count} lost`);
        assert(gapS < MAX_GAP_S, `${gapS}`);
        assert.equal(await check(`dpkg-query -W -f '\${Version}' ${PACKAGE}`), NEWER_VERSION);
        assert.equal(await sums(), configuration);
      });

      await step("a rollback without a network hands over what was pending", async () => {
        const { gapS, replayed, count } = await replaceProcess(
          `ip route add blackhole ${HOST_ADDRESS} && ` +
            `apt-get install -y --allow-downgrades ${PACKAGE_FILE}; status=$?; ` +
            `ip route del blackhole ${HOST_ADDRESS}; exit $status`,
        );
        report(
          `${suite}: ${gapS.toFixed(1)} s without core metrics, none of ${count} lost, ` +
            `${replayed} handed over later`,
        );
        assert(gapS < MAX_GAP_S, `${gapS}`);
        assert(replayed > 0);
        assert.equal(await check(`dpkg-query -W -f '\${Version}' ${PACKAGE}`), VERSION);
        assert.equal(await sums(), configuration);
      });

      const ownFiles = async () => {
        const list = await check("find / -xdev -path /media -prune -o -name '*physiology*' -print");
        return list.trim().split("\n").filter((path) => path !== "");
      };

      await step("`remove` keeps the configuration and the state", async () => {
        await check(`apt-get remove -y ${PACKAGE}`);
        const { output } = await device.run(`systemctl is-active ${SERVICE}`, SLOW);
        assert.equal(output, "inactive\n");
        assert.equal(
          await check("ls -l /proc/[0-9]*/exe 2>/dev/null | grep -c physiology || true"),
          "0\n",
        );
        const left = (await ownFiles()).filter((path) =>
          !/^\/var\/lib\/(dpkg\/info|systemd\/deb-systemd-helper)/.test(path)
        );
        assert.deepEqual(
          left.sort(),
          [
            PACKAGE_PATHS.flags,
            PATHS.configFolder,
            PATHS.wantsLink,
            PATHS.stateFolder,
            PATHS.stateFolder.replace("/lib/", "/lib/private/"),
          ].sort(),
        );
      });

      await step("`purge` removes every trace", async () => {
        await check(`apt-get purge -y ${PACKAGE}`);
        assert.deepEqual(await ownFiles(), []);
        const difference = await check(
          `${LIST_FILES} >/media/after; comm -3 /media/before /media/after`,
        );
        const unexpected = difference.split("\n").map((line) => line.trim()).filter((line) => {
          const path = line.split(" ")[0] ?? "";
          return line !== "" &&
            ![...SYSTEM_PATHS, ...PACKAGE_MANAGER_PATHS].some((pattern) => pattern.test(path));
        });
        assert.deepEqual(unexpected, []);
        assert.equal(await check("systemctl list-units --all --no-legend 'physiology*'"), "");
      });
    },
  });
}
