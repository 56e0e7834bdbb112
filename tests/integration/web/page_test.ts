/** The page in Chromium, with a server that brings it into every state. */
import assert from "node:assert/strict";
import type { Alarm } from "../../../src/web/page/protocol.ts";
import { axeViolations } from "../../support/axe.ts";
import { ChromiumPage, hasChromium, type PageOptions } from "../../support/chromium.ts";
import { FakeWardServer } from "../../support/fake_ward_server.ts";
import { PageProbe } from "../../support/page_probe.ts";
import { bedImages, bedNames, SimulatedBed } from "../../support/simulated_bed.ts";
import { waitFor } from "../../support/wait.ts";

const images = hasChromium() ? await bedImages({ size: "320x240" }) : [];

/** A ward of `count` beds: the second is dead, the third without a face, the fourth recorded. */
function troubledBeds(count: number): SimulatedBed[] {
  const beds = bedNames(count).map((name, index) => new SimulatedBed(name, index));
  const [, dead, hidden, recorded] = beds;
  if (dead) dead.isDead = true;
  if (hidden) {
    hidden.status = "NO_FACES_FOUND";
    hidden.withheld = "no_face";
  }
  recorded?.record({ recording: true, session_id: "visit-7" }, 0);
  return beds;
}

const healthyBeds = (count: number) =>
  bedNames(count).map((name, index) => new SimulatedBed(name, index));

const alarmOf = (device: string, changes: Partial<Alarm> = {}): Alarm => ({
  device,
  rule: "pulse_high",
  priority: "high",
  state: "active",
  acknowledged: false,
  since: Date.now() * 1000,
  message: "Pulse above 120",
  ...changes,
});

function testPage(name: string, fn: (open: typeof openWard) => Promise<void>) {
  Deno.test({ name: `page ${name}`, ignore: !hasChromium(), fn: () => fn(openWard) });
}

async function openWard(
  { beds, alarms = [], path = "", prefix = "/", ...options }: {
    readonly beds: readonly SimulatedBed[];
    readonly alarms?: readonly Alarm[];
    readonly path?: string;
    readonly prefix?: string;
  } & PageOptions,
) {
  const server = new FakeWardServer({ beds, images, alarms, prefix });
  const page = await ChromiumPage.open({ width: 1920, height: 1080, ...options });
  await page.goto(server.url + path);
  return {
    server,
    page,
    probe: new PageProbe(page),
    async [Symbol.asyncDispose]() {
      await page[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

testPage(
  "shows 60 devices on one screen, those in trouble first, with a still each",
  async (open) => {
    await using ward = await open({ beds: troubledBeds(60) });
    const { probe, page } = ward;
    await probe.hasTiles(58);
    const stills =
      "[...document.querySelectorAll('.still')].filter((each) => 'shown' in each.dataset)";
    await probe.sees("a still of each living device", `${stills}.length === 59`);
    assert.deepEqual((await probe.tiles()).slice(0, 3), ["ward-a-1", "ward-b-1", "icu-1"]);
    await probe.reads(".tile[data-device='ward-a-1']", "No data for");
    await probe.reads(".tile[data-device='ward-b-1']", "No face is visible");
    const lowest = await page.evaluate<number>(
      "Math.max(...[...document.querySelectorAll('.tile')].map((e) => e.getBoundingClientRect().bottom))",
    );
    assert.ok(lowest <= 1080, `the lowest tile ends at ${lowest} px`);
    const size = await page.evaluate<number>(
      "parseFloat(getComputedStyle(document.querySelector('.numbers .pulse')).fontSize)",
    );
    // Digits have 0.72 of the size: 36 px are 10 mm on a screen of 24 inches, 11 arc minutes at 3 m.
    assert.ok(size * 0.72 >= 36, `the pulse has ${size} px`);
    const overflowing = await page.evaluate<number>(
      "[...document.querySelectorAll('.numbers')].filter((e) => e.scrollWidth > e.clientWidth).length",
    );
    assert.equal(overflowing, 0);
    assert.deepEqual(page.errors, []);
  },
);

testPage("needs the keyboard only", async (open) => {
  await using ward = await open({ beds: healthyBeds(12) });
  const { probe, server } = ward;
  await probe.hasTiles(12);
  const focused = "document.activeElement.closest('.tile')?.dataset.device";
  await probe.press("ArrowDown");
  await probe.sees("the first tile", `${focused} === 'icu-1'`);
  await probe.press("ArrowRight");
  await probe.sees("the second tile", `${focused} === 'icu-2'`);
  await probe.press("Enter");
  await probe.reads(".detail h2", "icu-2");
  await waitFor("live video", () => server.subscription?.live[0] === "icu-2");
  assert.deepEqual(server.subscription?.stills, []);
  await probe.press("Escape");
  await probe.sees("the tile again", `${focused} === 'icu-2'`);
  await probe.press("r");
  await probe.reads("#outcome", "icu-2 has confirmed");
  assert.deepEqual(server.commands, [{ device: "icu-2", recording: true }]);
  await probe.press("/");
  await ward.page.type("ward-b");
  await probe.sees("three tiles", "document.querySelectorAll('.tile').length === 3");
  await probe.press("Escape");
  await probe.sees("all tiles", "document.querySelectorAll('.tile').length === 12");
  await probe.press("t");
  await probe.reads(".empty", "No device matches");
  await probe.press("Escape", "?");
  await probe.reads("dialog[open]", "acknowledge the alarms");
  await probe.press("Escape");
  await probe.sees("no dialog", "!document.querySelector('dialog')");
});

testPage("keeps the focus on a device when another moves before it", async (open) => {
  await using ward = await open({ beds: healthyBeds(8) });
  const { probe, server } = ward;
  await probe.hasTiles(8);
  await probe.press("ArrowDown");
  server.beds[7]!.isDead = true;
  await probe.sees(
    "the dead device first",
    "document.querySelector('.tile').dataset.device === 'ward-c-2'",
  );
  assert.equal(
    await ward.page.evaluate("document.activeElement.closest('.tile').dataset.device"),
    "icu-1",
  );
});

testPage("shows and sounds an alarm, and one tab acknowledges it for the other", async (open) => {
  const beds = healthyBeds(6);
  await using ward = await open({ beds, alarms: [alarmOf(beds[3]!.name)] });
  const { probe, page } = ward;
  await using tab = await page.openTab();
  await tab.goto(ward.server.url);
  const other = new PageProbe(tab);
  for (const each of [probe, other]) {
    await each.reads(".tile[data-trouble='high']", "Pulse above 120");
    await each.reads("button.alarms", "1 alarm");
  }
  await page.send("Page.bringToFront");
  await page.evaluate(`{
    globalThis.pulses = 0;
    const Tone = OscillatorNode;
    globalThis.OscillatorNode = function (...args) { pulses++; return new Tone(...args); };
  }`);
  await probe.reads("button.sound", "Sound off");
  await probe.press("s");
  await probe.reads("button.sound", "Sound on");
  await probe.sees("a burst of ten pulses", "pulses === 10");
  await probe.click("button.alarms");
  await probe.reads("#alarm-panel", "This is no medical alarm system");
  await probe.click("#alarm-panel li button");
  for (const each of [probe, other]) {
    await each.sees(
      "no alarm on the tile",
      "!document.querySelector(\".tile[data-trouble='high']\")",
    );
    await each.reads("#alarm-panel li .state", "");
  }
  await probe.reads("#alarm-panel li .state", "acknowledged");
  ward.server.setAlarms([]);
  for (const each of [probe, other]) await each.reads("button.alarms", "No alarms");
});

testPage("does not flash with reduced motion", async (open) => {
  const beds = healthyBeds(4);
  await using ward = await open({ beds, alarms: [alarmOf("icu-1")], reducedMotion: true });
  await ward.probe.reads(".tile[data-trouble='high']", "Pulse above 120");
  await ward.probe.hasTiles(4);
  assert.deepEqual(await ward.page.evaluate("({ ...document.documentElement.dataset })"), {});
});

testPage("changes no live region while all is well", async (open) => {
  await using ward = await open({ beds: healthyBeds(6) });
  const { probe, page } = ward;
  await probe.hasTiles(6);
  const changes = await page.evaluate<string[]>(`new Promise((resolve) => {
    const changed = [];
    const regions = "[role=status], [role=alert], [aria-live], output";
    const observer = new MutationObserver((records) => {
      for (const { target } of records) {
        const element = target instanceof Element ? target : target.parentElement;
        if (element?.closest(regions)) changed.push(element.outerHTML);
      }
    });
    observer.observe(document.body, { subtree: true, childList: true, characterData: true });
    setTimeout(() => resolve(changed), 4000);
  })`);
  assert.deepEqual(changes, []);
});

testPage("zooms, moves and saves trends", async (open) => {
  await using ward = await open({ beds: healthyBeds(1), width: 1280, height: 1400 });
  const { probe, page } = ward;
  await probe.reads(".detail h2", "icu-1");
  await probe.click(".toggle-trends");
  const range = "document.querySelector('.plot')?.dataset.range ?? ''";
  await probe.sees("the range", range);
  const whole = await page.evaluate<string>(range);
  const [from = 0, to = 0] = whole.split(" ").map(Number);
  assert.ok(Math.abs(to - from - 3600) < 30, whole);
  const { x, y, width } = await page.evaluate<{ x: number; y: number; width: number }>(
    "document.querySelector('.u-over').getBoundingClientRect().toJSON()",
  );
  const mouse = (type: string, at: number) =>
    page.send("Input.dispatchMouseEvent", {
      type,
      x: x + width * at,
      y: y + 40,
      button: "left",
      buttons: 1,
      clickCount: 1,
    });
  await mouse("mousePressed", 0.5);
  await mouse("mouseMoved", 0.6);
  await mouse("mouseMoved", 0.75);
  await mouse("mouseReleased", 0.75);
  await probe.sees(
    "a quarter of the range",
    `(() => {
    const [from, to] = (${range}).split(" ").map(Number);
    return Math.abs(to - from - 900) < 60;
  })()`,
  );
  const zoomed = await page.evaluate<string>(range);
  await probe.click("[aria-label^='Earlier']");
  await probe.sees("another range", `${range} !== ${JSON.stringify(zoomed)}`);
  await probe.click("[aria-label^='Whole range']");
  await probe.sees("the whole range", `${range} === ${JSON.stringify(whole)}`);
  const csv = await page.evaluate<string>("document.querySelector('.trends a').href");
  assert.match(csv, /v1\/trends\?device=icu-1&from=\d{16}&format=csv$/);
  await page.evaluate(`{
    const create = URL.createObjectURL;
    URL.createObjectURL = (blob) => { globalThis.saved = blob; return create(blob); };
  }`);
  await probe.click("[aria-label$='as PNG']");
  await probe.sees("a picture", "globalThis.saved?.type === 'image/png' && saved.size > 5000");
  assert.deepEqual(page.errors, []);
});

testPage("is checked by axe, which finds an image without a text", async (open) => {
  await using ward = await open({ beds: healthyBeds(3) });
  await ward.probe.hasTiles(3);
  await ward.page.evaluate("document.querySelector('main').append(new Image())");
  assert.match((await axeViolations(ward.page)).join(), /image-alt/);
});

testPage("says in words, and without flags, what happened to a command", async (open) => {
  const beds = troubledBeds(4);
  await using ward = await open({ beds, path: "#device=ward-c-1" });
  const { probe, server } = ward;
  await probe.reads(".recording", "Recording session visit-7");
  await probe.click(".detail .stop");
  await probe.reads(".recording", "Not recording");
  await probe.reads("#outcome", "ward-c-1 has confirmed");
  await ward.page.evaluate("location.hash = 'device=ward-a-1'");
  await probe.reads(".detail h2", "ward-a-1");
  await probe.click(".detail .start");
  await probe.reads("#outcome", "ward-a-1 sends no data, so it cannot record");
  assert.equal(server.commands.length, 1, "nothing was sent to the silent device");
  await probe.reads(".dismiss", "Remove ward-a-1 from the page");
  await ward.page.evaluate("location.hash = ''");
  await probe.click(".tools .start");
  await probe.reads("#outcome", "3 of 4 devices confirmed");
  const { devices, ...command } = server.commands[1] as { devices: string[] };
  assert.deepEqual(devices.toSorted(), ["icu-1", "ward-b-1", "ward-c-1"]);
  assert.deepEqual(command, { recording: true });
});

testPage("shows one device as detail, with one sentence about it", async (open) => {
  const beds = healthyBeds(1);
  beds[0]!.withheld = "motion";
  await using ward = await open({ beds, width: 1280, height: 900 });
  const { probe, page } = ward;
  await probe.reads(".detail .operator", "Too much motion");
  assert.doesNotMatch(await probe.text(".detail"), /Good signal|Stay|keep still/);
  beds[0]!.withheld = undefined;
  await probe.reads(".detail .operator", "Good signal.");
  await probe.reads(".vital.pulse .number", String(Math.round(beds[0]!.pulse)).slice(0, 1));
  await probe.reads(".facts", "fps");
  const inside = await page.evaluate<boolean>(
    "document.querySelector('.detail .stop').getBoundingClientRect().bottom <= innerHeight",
  );
  assert.ok(inside, "the buttons to record are visible without scrolling");
  await probe.click(".toggle-trends");
  await probe.sees("the chart", "document.querySelector('.plot canvas')");
  await probe.sees("its rows", "Number(document.querySelector('.plot').dataset.rows) >= 720");
  assert.match(
    await page.evaluate<string>("document.querySelector('.plot').ariaLabel"),
    /pulse \d+–\d+ beats\/min/,
  );
  assert.deepEqual(page.errors, []);
});

testPage("grays out a device within 5 s after it died, and moves it to the top", async (open) => {
  await using ward = await open({ beds: healthyBeds(30) });
  const { probe, server } = ward;
  await probe.hasTiles(30);
  const died = performance.now();
  server.beds[20]!.isDead = true;
  const name = server.beds[20]!.name;
  await probe.sees(
    "the dead device at the top",
    `document.querySelector('.tile').matches("[data-device='${name}'][data-trouble='silent']")`,
  );
  const seconds = (performance.now() - died) / 1000;
  assert.ok(seconds < 5, `${seconds} s`);
});

testPage("says that the server or Redis is not reachable, and connects again", async (open) => {
  await using ward = await open({ beds: healthyBeds(4) });
  const { probe, server } = ward;
  await probe.reads("#connection", "Connected");
  server.broadcast({ type: "connection", connected: false });
  await probe.reads("#connection", "The server does not reach Redis");
  server.broadcast({ type: "connection", connected: true });
  await probe.reads("#connection", "Connected");
});

testPage(
  "lists the recorded sessions with their files, below the path of the page",
  async (open) => {
    await using ward = await open({ beds: healthyBeds(3), prefix: "/vitals/" });
    const { probe, page, server } = ward;
    await probe.hasTiles(3);
    const sessions = "[...document.querySelectorAll('.page-tools button')]" +
      ".find(({ innerText }) => innerText === 'Sessions')";
    await probe.sees("the button", `${sessions}?.offsetParent`);
    await page.evaluate(`${sessions}.click()`);
    await probe.reads("dialog .sessions", "visit-7");
    const links = await page.evaluate(
      "[...document.querySelectorAll('dialog a')].map((a) => a.href)",
    );
    assert.deepEqual(links, [
      `${server.url}v1/sessions/metrics_visit-7.csv`,
      `${server.url}v1/sessions/metrics_visit-7.jsonl`,
    ]);
  },
);

testPage("works behind a reverse proxy with a path prefix", async (open) => {
  await using ward = await open({ beds: healthyBeds(3), prefix: "/vitals/" });
  await ward.probe.hasTiles(3);
  assert.ok(ward.page.requests.every((url) => url.startsWith(ward.server.url)));
});

testPage("speaks German to a browser that prefers it, and switches", async (open) => {
  await using ward = await open({ beds: troubledBeds(4), language: "de-DE,de,en" });
  const { probe, page } = ward;
  await probe.reads("#connection", "Verbunden");
  await probe.reads(".tile[data-device='ward-b-1']", "Kein Gesicht");
  assert.equal(await page.evaluate("document.documentElement.lang"), "de");
  await page.evaluate(`(() => {
    const select = document.querySelector("header select");
    select.value = "en";
    select.dispatchEvent(new Event("change"));
  })()`);
  await probe.reads("#connection", "Connected");
});

testPage("as wall display has no controls, and shows all devices", async (open) => {
  await using ward = await open({ beds: healthyBeds(200), path: "?wall" });
  const { probe, page } = ward;
  await probe.hasTiles(200);
  const [bottom, cursor, buttons] = await page.evaluate<[number, string, number]>(`[
    Math.max(...[...document.querySelectorAll(".tile")].map((e) => e.getBoundingClientRect().bottom)),
    getComputedStyle(document.documentElement).cursor,
    [...document.querySelectorAll("button, input, select")].filter((e) => e.offsetParent).length,
  ]`);
  assert.ok(bottom <= 1080, `${bottom} px`);
  assert.deepEqual([cursor, buttons], ["none", 0]);
});

const SCREENS: readonly (PageOptions & { readonly name: string; readonly path?: string })[] = [
  { name: "the overview", width: 1920, height: 1080 },
  { name: "the overview in the dark", width: 1920, height: 1080, dark: true },
  { name: "a device", width: 1280, height: 900, path: "#device=icu-1" },
  { name: "a device in the dark", width: 1280, height: 900, path: "#device=icu-1", dark: true },
  { name: "the overview on a phone", width: 390, height: 844 },
  { name: "a device on a phone", width: 390, height: 844, path: "#device=icu-1" },
  { name: "a tablet", width: 820, height: 1180, reducedMotion: true },
  { name: "the wall display", width: 3840, height: 2160, path: "?wall" },
];

for (const { name, ...options } of SCREENS) {
  testPage(`has no axe violations and nothing cut off: ${name}`, async (open) => {
    const beds = troubledBeds(24);
    const alarms = [
      alarmOf("icu-2"),
      alarmOf("icu-3", { priority: "medium" }),
      alarmOf("icu-4", { priority: "low", state: "latched" }),
      alarmOf("icu-5", { acknowledged: true }),
    ];
    await using ward = await open({ beds, alarms, ...options });
    const { probe, page } = ward;
    await probe.reads("#connection", "Connected");
    await probe.sees("values", "document.querySelector('.numbers .pulse, .number')?.innerText > 0");
    await page.evaluate("document.querySelector('button.alarms').click()");
    assert.deepEqual(await axeViolations(page), []);
    const width = await page.evaluate<number>("document.documentElement.scrollWidth");
    assert.ok(width <= options.width!, `the page is ${width} px wide`);
  });
}
