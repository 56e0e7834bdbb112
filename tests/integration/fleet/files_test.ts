import assert from "node:assert/strict";
import { METRIC_PREFIX, METRIC_TABLE } from "../../../src/telemetry/metric_table.ts";
import { runFleet, topicOf } from "../../support/fleet.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { freePort } from "../../support/free_port.ts";
import { hasPrometheus, promtool } from "../../support/prometheus.ts";

const FLEET = new URL("../../../integrations/fleet/", import.meta.url).pathname;

Deno.test({
  name: "fleet_rules.yml passes promtool and its tests",
  ignore: !hasPrometheus(),
  fn: async () => {
    await promtool(["check", "rules", "fleet_rules.yml"], { cwd: FLEET });
    await promtool(["test", "rules", "fleet_rules_test.yml"], { cwd: FLEET });
  },
});

Deno.test("fleet_rules.yml uses only metrics of the server that exist", () => {
  const names = new Set(Object.keys(METRIC_TABLE).map((name) => METRIC_PREFIX + name));
  const text = Deno.readTextFileSync(`${FLEET}fleet_rules.yml`);
  const used = text.match(/\bphysiology_[a-z_]+(?=[{)\[])/g) ?? [];
  assert.ok(used.length > 4);
  assert.deepEqual(used.filter((name) => !names.has(name.replace(/_bucket$/, ""))), []);
});

/** A port with five free ones behind it, also those of the cluster bus. */
function freePorts(): number {
  for (;;) {
    const first = freePort();
    const isFree = Array.from({ length: 6 }, (_, at) => [first + at, first + at + 10_000]).flat()
      .every((port) => port < 65_536 && canListen(port));
    if (isFree) return first;
  }
}

function canListen(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch {
    return false;
  }
}

Deno.test("start_cluster starts a cluster that a fleet uses", async () => {
  using folder = temporaryFolder();
  const port = freePorts();
  try {
    const { success, stderr } = await new Deno.Command(`${FLEET}cluster/start_cluster`, {
      args: [folder.path, `${port}`],
      stdout: "null",
      stderr: "piped",
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const cluster = ["--redis_cluster", "--redis_sharded_publish"];
    const server = { hostname: "127.0.0.1", port } as const;
    const report = await runFleet(server, ...cluster, "--devices=9", "--duration=1");
    const { received, lost } = topicOf(report.observed, "core_metrics");
    assert.ok(received > 35, `${received}`);
    assert.equal(lost, 0);
  } finally {
    for (const node of Deno.readDirSync(folder.path)) {
      const path = `${folder.path}/${node.name}/redis.pid`;
      if (node.isDirectory) Deno.kill(Number(Deno.readTextFileSync(path)), "SIGKILL");
    }
  }
});
