import assert from "node:assert/strict";
import { encodeEnvelope } from "../../../src/envelopes/envelope.ts";
import { fakeMetrics, fakeStatus } from "../../support/fake_stream.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { startProgram } from "../../support/physiology_server.ts";
import {
  GRAFANA,
  hasPrometheus,
  parseOpenMetrics,
  Prometheus,
  promtool,
} from "../../support/prometheus.ts";
import { freePort, type RedisServer, startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

const SLOW = { timeoutMs: 30_000, pollMs: 100 };
/** A name that any publisher can choose. */
const HOSTILE = 'a"b\\c\nd{e="f"}\u0001\r\u{1f600} #';

/** A device that publishes to Redis until it is disposed. */
function publishAs(device: string, server: RedisServer): Disposable {
  const client = server.client();
  let sent = 0;
  const timer = setInterval(() => {
    const envelopes = [...fakeMetrics(sent + 4), fakeStatus(sent, "OK")];
    for (const envelope of envelopes) {
      void client.publish(`${device}:${envelope.type}`, Buffer.from(encodeEnvelope(envelope)))
        .catch(() => {});
    }
    sent++;
  }, 100);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

Deno.test({
  name: "dashboard serves the gauges of all devices to Prometheus, whatever their names",
  ignore: !hasPrometheus(),
  fn: async () => {
    using folder = temporaryFolder();
    await using redis = await startRedis();
    const port = freePort();
    await using _dashboard = startProgram([
      "dashboard",
      "--redis_host=127.0.0.1",
      `--redis_port=${redis.port}`,
    ], { env: { PHYSIOLOGY_PORT: `${port}` } });
    using ward = publishAs("ward-1", redis);
    using _hostile = publishAs(HOSTILE, redis);
    const configuration = `${folder.path}/prometheus.yml`;
    Deno.writeTextFileSync(
      configuration,
      `
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: ["${GRAFANA}alerts.yml"]
scrape_configs:
  - job_name: physiology
    static_configs: [{ targets: ["127.0.0.1:${port}"] }]
`,
    );
    await using prometheus = await Prometheus.start(configuration, `${folder.path}/data`);
    const devices = () => prometheus.labelValues("device", "physiology_pulse_bpm");
    await waitFor("both devices", async () => (await devices()).length === 2, SLOW);
    assert.deepEqual((await devices()).toSorted(), [HOSTILE, "ward-1"].toSorted());
    const pulse = 'physiology_pulse_bpm{device="ward-1"}';
    assert.equal((await prometheus.query(pulse))[0]?.values[0]?.[1], 72.5);

    const scrape = async (accept: string) => {
      const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { accept } });
      return await response.text();
    };
    await promtool(["check", "metrics"], { input: await scrape("*/*") });
    const samples = await parseOpenMetrics(await scrape("application/openmetrics-text"));
    assert.equal(samples.filter(({ labels }) => labels["device"] === HOSTILE).length, 8);

    ward[Symbol.dispose]();
    const isGone = async () => (await prometheus.query(pulse)).length === 0;
    await waitFor("the pulse of the silent device to disappear", isGone, SLOW);
    assert.equal((await prometheus.query("physiology_pulse_bpm")).length, 1);
    const ageS = async () =>
      (await prometheus.query('physiology_device_age_seconds{device="ward-1"}'))[0]?.values[0]?.[1];
    await waitFor("the age of the silent device", async () => (await ageS() ?? 0) > 2, SLOW);
    const pending = 'ALERTS{alertname="PhysiologyDeviceSilent",device="ward-1"}';
    const isPending = async () => (await prometheus.query(pending)).length === 1;
    await waitFor("the alert", isPending, SLOW);
  },
});
