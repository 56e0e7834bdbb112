import assert from "node:assert/strict";
import { hostAt } from "../../../src/installation/host.ts";
import { installedServices } from "../../../src/installation/installed.ts";
import { serviceOf } from "../../../src/installation/paths.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { freePort } from "../../support/free_port.ts";
import { runProgram, startProgram, Subscriber } from "../../support/physiology_server.ts";
import { startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

const PACKED = { env: { PHYSIOLOGY_EXECUTABLE: "/bin/true", PHYSIOLOGY_PORT: undefined } };
const SLOW = { timeoutMs: 60_000 };

/** Starts an instance of an image as its unit does: with its arguments, in its folder. */
function startInstance(root: string, instance: string) {
  const { id, stateFolder } = serviceOf(instance);
  const { args } = installedServices(hostAt(root)).find(({ service }) => service.id === id)!;
  const cwd = root + stateFolder;
  Deno.mkdirSync(cwd, { recursive: true });
  return startProgram(args.map((each) => each.replace("=/etc/", `=${root}/etc/`)), { cwd });
}

const bootIdsOf = (subscriber: Subscriber) => [
  ...new Set(subscriber.all("core_metrics").map(({ payload }) => payload.metadata?.boot_id)),
];

Deno.test("two installed instances publish under their own prefixes, and a restart of one costs the other nothing", async () => {
  using image = temporaryFolder();
  await using redis = await startRedis();
  const names = ["bed1", "bed2"] as const;
  for (const name of names) {
    const { code, stderr } = await runProgram([
      ...["install", `--root=${image.path}`, `--instance=${name}`, "--simulate"],
      ...["--redis_host=127.0.0.1", `--redis_port=${redis.port}`, `--port=${freePort()}`],
      ...["--capture_width_px=160", "--capture_height_px=120", "--max_fps=10"],
      ...["--frame_publish=never", "--redis_operation_timeout_ms=10000"],
    ], PACKED);
    assert.equal(code, 0, stderr);
  }
  const [bed1, bed2] = await Promise.all(names.map((name) => Subscriber.of(redis, name))) as [
    Subscriber,
    Subscriber,
  ];
  const more = async (subscriber: Subscriber, count: number) => {
    const target = subscriber.all("core_metrics").length + count;
    await waitFor(
      `${count} more metrics`,
      () => subscriber.all("core_metrics").length >= target,
      SLOW,
    );
  };
  await using first = startInstance(image.path, "bed1");
  await using second = startInstance(image.path, "bed2");
  await Promise.all([more(bed1, 2), more(bed2, 2)]);
  first.kill("SIGTERM");
  assert.equal((await first.ended).code, 0);
  await using _again = startInstance(image.path, "bed1");
  await waitFor("a new process of bed1", () => bootIdsOf(bed1).length === 2, SLOW);
  await more(bed2, 2);
  assert.equal(second.running, true);
  assert.equal(bootIdsOf(bed2).length, 1);
  // After a timeout of Redis on a busy machine, older messages follow newer ones.
  await waitFor("every message of bed2", () => bed2.missing().length === 0, SLOW);
  for (const name of names) {
    assert(Deno.statSync(`${image.path}${serviceOf(name).stateFolder}/spool`).isDirectory, name);
  }
});
