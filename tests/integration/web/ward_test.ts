/** The page in real browsers: 60 devices that publish to a real Redis, by TLS, with a login. */
import assert from "node:assert/strict";
import { ChromiumPage, hasChromium } from "../../support/chromium.ts";
import { FirefoxPage, hasFirefox } from "../../support/firefox.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { PageProbe } from "../../support/page_probe.ts";
import { startProgram } from "../../support/physiology_server.ts";
import { rendererSeconds } from "../../support/renderer.ts";
import { freePort, startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";
import { startWard, WARD_TOKEN } from "../../support/ward_server.ts";

const BEDS = 60;

async function logIn(page: ChromiumPage, url: string): Promise<PageProbe> {
  const probe = new PageProbe(page);
  await page.goto(url);
  await probe.sees("the login", "document.querySelector('input[name=token]')");
  await page.evaluate("document.querySelector('input[name=token]').focus()");
  await page.type(WARD_TOKEN);
  await page.press("Enter");
  await probe.reads("#connection", "Connected");
  return probe;
}

const shownStills = "document.querySelectorAll('.still[data-shown]').length";

Deno.test({
  name: `page shows ${BEDS} devices in Chromium after a login over the network, and controls them`,
  ignore: !hasChromium(),
  fn: async () => {
    await using server = await startWard(BEDS);
    const { ward, redis, url } = server;
    await using page = await ChromiumPage.open({
      width: 1920,
      height: 1080,
      ignoreCertificates: true,
    });
    const probe = await logIn(page, url);
    await probe.hasTiles(BEDS);
    await probe.sees("a still of each device", `${shownStills} === ${BEDS}`);
    assert.deepEqual(page.errors.filter((each) => !each.includes("401")), []);
    assert.deepEqual(page.requests.filter((each) => !/^(https|wss):/.test(each)), []);

    Object.assign(ward.bed("icu-2"), { pulse: 134, breathing: 19 });
    await probe.sees(
      "a pulse of three digits apart from the breathing",
      `(([pulse, breathing]) => Number(pulse.textContent) > 99 &&
        pulse.getBoundingClientRect().right + 8 < breathing.getBoundingClientRect().left)(
        document.querySelectorAll("[data-device='icu-2'] .numbers b"))`,
    );

    const died = performance.now();
    ward.bed("ward-b-7").isDead = true;
    await probe.sees(
      "the dead device at the top",
      "document.querySelector('.tile').matches(\"[data-device='ward-b-7'][data-stale]\")",
    );
    const seconds = (performance.now() - died) / 1000;
    assert.ok(seconds < 5, `seen after ${seconds} s`);

    await page.evaluate("location.hash = 'device=icu-3'");
    await probe.reads(".detail h2", "icu-3");
    await page.evaluate("document.querySelector('.detail input').focus()");
    await page.type("v7");
    await probe.press("Enter");
    await probe.reads("#outcome", "icu-3 has confirmed");
    await probe.reads(".recording", "Recording session v7");
    const [first] = ward.commands;
    assert.equal(first?.bed, "icu-3");
    assert.equal(first?.command["session_id"], "v7");
    assert.ok(Number(first?.command["expires_at"]) > Date.now() * 1000, "the command expires");
    await probe.click(".detail .stop");
    await probe.reads(".recording", "Not recording");

    ward.deaf = "icu-3";
    await probe.click(".detail .start");
    await probe.reads("#outcome", "icu-3 did not confirm within 3 s");
    ward.deaf = undefined;

    const rows = "Number(document.querySelector('.plot')?.dataset.rows ?? 0)";
    await probe.click(".toggle-trends");
    await probe.sees("rows of the trend", `${rows} >= 3`);
    const before = await page.evaluate<number>(rows);
    await page.send("Page.reload");
    await probe.sees("the page again", "document.querySelector('.toggle-trends')");
    await probe.click(".toggle-trends");
    await probe.sees("the trend from before", `${rows} >= ${before}`, 4000);

    await page.evaluate("location.hash = 'device=ward-b-7'");
    await probe.reads(".detail h2", "ward-b-7");
    await probe.sees("that it is silent", "document.querySelector('.start[aria-disabled=true]')");
    await probe.click(".detail .start");
    await probe.reads("#outcome", "ward-b-7 sends no data, so it cannot record");
    assert.equal(await redis.client().llen("ward-b-7:command_queue"), 0);
    await probe.click(".dismiss");
    await probe.sees(
      "the device gone",
      "document.querySelectorAll('.tile').length === 59 && !location.hash.includes('icu')",
    );

    await using tab = await page.openTab();
    const other = new PageProbe(tab);
    await tab.goto(url);
    await other.reads("#connection", "Connected");
    await other.hasTiles(BEDS - 1);

    await redis.kill();
    await other.reads("#connection", "The server does not reach Redis");
    await other.sees(
      "no value",
      "[...document.querySelectorAll('.numbers .pulse')].every((e) => e.textContent === '–')",
    );
    await redis.restart();
    await other.reads("#connection", "Connected");
    await other.hasTiles(BEDS - 1);
  },
});

Deno.test({
  name: `page with ${BEDS} devices takes under a quarter of a core, and keeps its memory`,
  ignore: !hasChromium(),
  fn: async () => {
    await using server = await startWard(BEDS);
    await using page = await ChromiumPage.open({
      width: 1920,
      height: 1080,
      ignoreCertificates: true,
    });
    const probe = await logIn(page, server.url);
    await probe.hasTiles(BEDS);
    await probe.sees("a still of each device", `${shownStills} === ${BEDS}`);
    const before = await measure(page);
    await new Promise((resolve) => setTimeout(resolve, MEASURE_MS));
    const after = await measure(page);
    const cpu = (after.cpuS - before.cpuS) / ((after.atMs - before.atMs) / 1000);
    const grownMb = (after.heapBytes - before.heapBytes) / 1e6;
    console.log(`page: ${(cpu * 100).toFixed(1)} % of a core, heap ${grownMb.toFixed(2)} MB more`);
    assert.ok(cpu < 0.25, `${(cpu * 100).toFixed(1)} % of a core`);
    assert.ok(grownMb < 2, `the heap has grown by ${grownMb.toFixed(1)} MB`);
    assert.ok(after.nodes <= before.nodes * 1.1, `${before.nodes} nodes, then ${after.nodes}`);
  },
});

/** A minute, or longer by hand: PHYSIOLOGY_PAGE_MINUTES=10. */
const MEASURE_MS = 60_000 * Number(Deno.env.get("PHYSIOLOGY_PAGE_MINUTES") ?? 1);

async function measure(page: ChromiumPage) {
  await page.send("HeapProfiler.collectGarbage");
  const { usedSize } = await page.send("Runtime.getHeapUsage");
  const { nodes } = await page.send("Memory.getDOMCounters");
  return {
    atMs: performance.now(),
    cpuS: rendererSeconds(page.pid),
    heapBytes: Number(usedSize),
    nodes: Number(nodes),
  };
}

Deno.test({
  name: "page shows 200 devices in Chromium, and opens one",
  ignore: !hasChromium(),
  fn: async () => {
    await using server = await startWard(200);
    await using page = await ChromiumPage.open({
      width: 1920,
      height: 1080,
      ignoreCertificates: true,
    });
    const probe = await logIn(page, server.url);
    await probe.hasTiles(200);
    await probe.press("/");
    await page.type("ward-c-50");
    await probe.sees("the tile", "document.querySelectorAll('.tile').length === 1");
    await page.evaluate("document.querySelector('.tile a').click()");
    await probe.reads(".detail h2", "ward-c-50");
    await probe.sees("live video", "document.querySelector('.live[data-shown]')");
  },
});

const RULES = {
  rules: [{
    name: "pulse_high",
    vital: "pulse",
    above: 120,
    priority: "high",
    dwell_s: 1,
    hysteresis: 3,
  }],
};

Deno.test({
  name: "page shows an alarm of the rules, which one tab acknowledges for the other",
  ignore: !hasChromium(),
  fn: async () => {
    using folder = temporaryFolder();
    const rules = `${folder.path}/rules.json`;
    Deno.writeTextFileSync(rules, JSON.stringify(RULES));
    await using server = await startWard(4, [`--alarm_rules=${rules}`]);
    await using page = await ChromiumPage.open({ ignoreCertificates: true });
    const probe = await logIn(page, server.url);
    await probe.hasTiles(4);
    await using tab = await page.openTab();
    const other = new PageProbe(tab);
    await tab.goto(server.url);
    await other.hasTiles(4);
    const bed = server.ward.bed("ward-b-1");
    bed.pulse = 140;
    for (const each of [probe, other]) {
      await each.reads(".tile[data-device='ward-b-1'][data-trouble='high']", "120");
      await each.reads("button.alarms", "1 alarm");
    }
    await other.hasFirstTiles("ward-b-1");
    await page.send("Page.bringToFront");
    await page.evaluate("document.querySelector('.tile a').focus()");
    await probe.press("a");
    for (const each of [probe, other]) {
      await each.sees(
        "the alarm acknowledged",
        "document.querySelector(\".tile[data-device='ward-b-1'][data-acknowledged]\")",
      );
    }
    bed.pulse = 70;
    for (const each of [probe, other]) await each.reads("button.alarms", "No alarms");
  },
});

Deno.test({
  name: "page of a device shows its video, its condition and its recording",
  ignore: !hasChromium(),
  fn: async () => {
    await using redis = await startRedis();
    const port = freePort();
    await using device = startProgram([
      "--simulate",
      `--redis_port=${redis.port}`,
      `--http_port=${port}`,
      "--start_with_recording_on",
    ]);
    await waitFor("the page", () => device.stderr.includes("Serving the web page"), {
      timeoutMs: 60_000,
    });
    await using page = await ChromiumPage.open();
    await page.goto(`http://127.0.0.1:${port}/`);
    const probe = new PageProbe(page);
    await probe.reads("#connection", "Connected");
    await probe.sees("live video", "document.querySelector('.live[data-shown]')", 60_000);
    await probe.reads(".recording", "Recording session");
    await probe.reads(".facts", "fps");
    const pulse = "Number(document.querySelector('.vital.pulse .number').textContent)";
    await probe.sees("a pulse", `${pulse} > 40`, 60_000);
    await probe.click(".detail .stop");
    await probe.reads("#outcome", "has confirmed");
    await probe.reads(".recording", "Not recording");
    assert.deepEqual(page.errors, []);
  },
});

Deno.test({
  name: `page shows ${BEDS} devices in Firefox after a login over the network, and records one`,
  ignore: !hasFirefox(),
  fn: async () => {
    await using server = await startWard(BEDS);
    await using firefox = await FirefoxPage.open();
    const { page } = firefox;
    const sees = (what: string, expression: string) =>
      waitFor(what, () => firefox.evaluate<boolean>(`Boolean(${expression})`), {
        timeoutMs: 60_000,
        pollMs: 100,
      });
    await page.goto(server.url);
    await page.type("input[name=token]", WARD_TOKEN);
    await firefox.press("Enter");
    await sees("all tiles", `document.querySelectorAll('.tile').length === ${BEDS}`);
    await sees("a still of each device", `${shownStills} === ${BEDS}`);
    await sees(
      "a pulse of each device",
      "[...document.querySelectorAll('.numbers .pulse')].every((e) => e.textContent > 0)",
    );
    await firefox.press("ArrowDown");
    await firefox.press("Enter");
    await sees("the detail view", "document.querySelector('.detail h2')?.textContent === 'icu-1'");
    await sees("live video", "document.querySelector('.live[data-shown]')");
    await firefox.press("r");
    await sees("the recording", "document.querySelector('.recording').matches('[data-on]')");
    assert.deepEqual(server.ward.commands.map(({ bed }) => bed), ["icu-1"]);
    const died = performance.now();
    server.ward.bed("icu-1").isDead = true;
    await sees("the silent device", "document.querySelector('.detail').matches('[data-stale]')");
    assert.ok(performance.now() - died < 5000);
    assert.deepEqual(firefox.errors, []);
  },
});
