import assert from "node:assert/strict";
import { DASHBOARD } from "../../../scripts/grafana/dashboard.ts";
import { makeCertificates } from "../../support/certificates.ts";
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

const TOKEN = "a secret of 16 characters";
const SLOW = { timeoutMs: 60_000 };

/** Queries of events that a simulated camera does not have. */
const WITHOUT_DATA = /physiology_(?:dropped_total|camera_frames_lost_total)/;

/** `integrations/grafana/prometheus.yml` for one server on this machine, scraped each second. */
function configurationFor(target: string, { folder, ca }: { folder: string; ca: string }): string {
  const replacements = [
    ["/etc/prometheus/physiology_token", `${folder}/token`],
    ["/etc/prometheus/physiology_ca.pem", ca],
    ["ward-1.example.org:8080", target],
    ["alerts.yml", `${GRAFANA}alerts.yml`],
    ["scrape_interval: 5s", "scrape_interval: 1s"],
    ["evaluation_interval: 10s", "evaluation_interval: 1s"],
  ] as const;
  const template = Deno.readTextFileSync(`${GRAFANA}prometheus.yml`);
  return replacements.reduce((text, [from, to]) => {
    assert(text.includes(from), from);
    return text.replace(from, to);
  }, template);
}

/** Every pulse that the server publishes, with its capture time in seconds. */
function collectPulses(redis: RedisServer) {
  const pulses: { readonly atS: number; readonly value: number }[] = [];
  const client = redis.client();
  client.on("message", (_channel: string, text: string) => {
    const { timestamp, payload } = JSON.parse(text);
    const { value } = payload.pulse?.strict ?? {};
    if (value !== undefined) pulses.push({ atS: timestamp / 1e6, value });
  });
  return { pulses, subscribed: client.subscribe("physiology:core_metrics") };
}

function queriesOf({ panels = [] }: typeof DASHBOARD): readonly string[] {
  return panels.flatMap((panel) => "targets" in panel ? panel.targets ?? [] : [])
    .map(({ expr }) => String(expr));
}

Deno.test({
  name: "Prometheus scrapes a server with TLS and a token, and shows what it publishes",
  ignore: !hasPrometheus(),
  fn: async (t) => {
    using folder = temporaryFolder();
    const { ca, server: tls } = makeCertificates(folder.path);
    Deno.writeTextFileSync(`${folder.path}/token`, `${TOKEN}\n`);
    await using redis = await startRedis();
    const { pulses, subscribed } = collectPulses(redis);
    await subscribed;
    const port = freePort();
    await using server = startProgram([
      "--simulate",
      // The breath is held: breathing is withheld for some seconds. On a slow machine, again later.
      "--simulate_breathing=15,0@26,15@36,0@56,15@66",
      "--redis_host=127.0.0.1",
      `--redis_port=${redis.port}`,
      // Frames are too large, and are dropped.
      "--frame_publish=always",
      "--redis_max_bulk_string_bytes=16000",
      `--http_port=${port}`,
      `--http_token_file=${folder.path}/token`,
      `--http_tls_cert_path=${tls.cert}`,
      `--http_tls_key_path=${tls.key}`,
    ]);
    const configuration = `${folder.path}/prometheus.yml`;
    Deno.writeTextFileSync(
      configuration,
      configurationFor(`127.0.0.1:${port}`, { folder: folder.path, ca }),
    );
    await promtool(["check", "config", configuration]);
    const startS = Date.now() / 1000;
    await using prometheus = await Prometheus.start(configuration, `${folder.path}/data`);
    const present = async (expr: string) => (await prometheus.query(expr)).length > 0;
    const becomes = (what: string, condition: () => Promise<boolean>) =>
      waitFor(what, condition, { ...SLOW, pollMs: 100 });

    await t.step("the pulse equals the one of an envelope at that time", async () => {
      await becomes("a pulse", () => present("physiology_pulse_bpm"));
      await becomes("ten scrapes of the pulse", async () => {
        const [series] = await prometheus.query("physiology_pulse_bpm[1m]");
        return (series?.values.length ?? 0) >= 10;
      });
      const [series, ...others] = await prometheus.query("physiology_pulse_bpm[1m]");
      assert.equal(others.length, 0);
      assert.equal(series?.metric["device"], "physiology");
      for (const [atS, value] of series.values) {
        const near = pulses.filter((pulse) => pulse.atS > atS - 1.6 && pulse.atS < atS + 1);
        assert(
          near.some((pulse) => pulse.value === value),
          `${value} at ${atS}: ${JSON.stringify(near)}`,
        );
      }
    });

    await t.step("a value that is withheld is a gap, with its reason", async () => {
      await becomes("breathing", () => present("physiology_breathing_bpm"));
      await becomes("its gap", () => present('physiology_withheld{vital="breathing"}'));
      assert.equal(await present("physiology_breathing_bpm"), false);
      const chart = await waitFor("breathing after the gap", async () => {
        const [series] = await prometheus.queryRange("physiology_breathing_bpm", startS);
        const times = series?.values.map(([atS]) => atS) ?? [];
        const gaps = times.slice(1).map((atS, index) => atS - times[index]!).filter((s) => s > 2);
        return gaps.length > 0 && series?.values;
      }, { ...SLOW, pollMs: 200 });
      assert(chart[0]![0] > startS + 3, "no value before the first");
      assert(chart.every(([, value]) => value > 5), "never 0");
    });

    await t.step("each query of the dashboard gives data", async () => {
      const queries = queriesOf(DASHBOARD);
      assert(queries.length > 15);
      const empty: string[] = [];
      for (const query of queries) {
        const expr = query.replaceAll("$device", ".*").replaceAll("$__rate_interval", "10s");
        if ((await prometheus.queryRange(expr, startS)).length === 0) empty.push(query);
      }
      assert.deepEqual(empty.filter((query) => !WITHOUT_DATA.test(query)), []);
      assert.deepEqual(
        await prometheus.labelValues("device", "physiology_device_age_seconds"),
        ["physiology"],
      );
    });

    await t.step("both formats are accepted by the parsers of Prometheus", async () => {
      using client = Deno.createHttpClient({ caCerts: [Deno.readTextFileSync(ca)] });
      const scrape = async (accept: string) => {
        const headers = { authorization: `Bearer ${TOKEN}`, accept };
        const response = await fetch(`https://127.0.0.1:${port}/metrics`, { client, headers });
        return await response.text();
      };
      await promtool(["check", "metrics"], { input: await scrape("text/plain") });
      const samples = await parseOpenMetrics(await scrape("application/openmetrics-text"));
      assert(samples.some(({ name }) => name === "physiology_pulse_bpm"));
      assert(samples.every(({ labels }) => labels["device"] === "physiology"));
    });

    await t.step("nothing stays after the server has ended", async () => {
      server.kill("SIGKILL");
      await server.ended;
      const isDown = async () => (await prometheus.query("up"))[0]?.values[0]?.[1] === 0;
      await becomes("up to be 0", isDown);
      assert.equal(await present('{__name__=~"physiology_.*"}'), false);
    });
  },
});
