import { DASHBOARD } from "../grafana/dashboard.ts";
import { ChromiumPage } from "../../tests/support/chromium.ts";
import { temporaryFolder } from "../../tests/support/folders.ts";
import { freePort } from "../../tests/support/free_port.ts";
import { startProgram } from "../../tests/support/physiology_server.ts";
import { Prometheus } from "../../tests/support/prometheus.ts";
import { startRedis } from "../../tests/support/redis_server.ts";
import { waitFor } from "../../tests/support/wait.ts";
import { writePicture } from "./picture.ts";

/** The panel of the dashboard whose queries are shown. */
const PANEL = "Pulse and breathing";
/** Time that the charts show, in seconds; the breath is held in the middle of it. */
const SHOWN_S = 90;

/** The queries of the panel for the device of the picture. */
function queries(): readonly string[] {
  const panel = DASHBOARD.panels?.find(({ title }) => title === PANEL);
  const targets = panel && "targets" in panel ? panel.targets ?? [] : [];
  return targets.map(({ expr }) => String(expr).replaceAll("$device", "ward-1"));
}

/** Takes docs/prometheus.png: the queries of the dashboard on the page of a real Prometheus. */
export async function takePrometheusPicture(): Promise<void> {
  using folder = temporaryFolder();
  await using redis = await startRedis();
  const port = freePort();
  await using _server = startProgram([
    "--simulate",
    "--simulate_breathing=15,0@50,15@65",
    `--redis_port=${redis.port}`,
    "--redis_key_prefix=ward-1",
    `--http_port=${port}`,
  ]);
  const configuration = `${folder.path}/prometheus.yml`;
  const job = { job_name: "ward", static_configs: [{ targets: [`127.0.0.1:${port}`] }] };
  const content = { global: { scrape_interval: "1s" }, scrape_configs: [job] };
  await Deno.writeTextFile(configuration, JSON.stringify(content)); // YAML contains JSON
  await using prometheus = await Prometheus.start(configuration, `${folder.path}/data`);
  const isMeasured = async () => (await prometheus.query("physiology_breathing_bpm")).length > 0;
  await waitFor("a value", isMeasured, { timeoutMs: 60_000 });
  await new Promise((resolve) => setTimeout(resolve, SHOWN_S * 1000));
  const graphs = queries().flatMap((query, index) => [
    [`g${index}.expr`, query],
    [`g${index}.tab`, "0"],
    [`g${index}.range_input`, `${SHOWN_S}s`],
    [`g${index}.step_input`, "1"],
  ]);
  await using page = await ChromiumPage.open({ width: 1200, height: 1480 });
  await page.goto(`${prometheus.url}/graph?${new URLSearchParams(graphs)}`);
  await waitFor(
    "the charts",
    () => page.evaluate<boolean>(`document.querySelectorAll("svg, canvas").length >= 2`),
    { timeoutMs: 20_000 },
  );
  await writePicture("prometheus.png", await page.screenshot());
}
