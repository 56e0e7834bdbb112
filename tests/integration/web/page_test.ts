/** The page in Chromium, with a server that brings it into every state. */
import assert from "node:assert/strict";
import { alarmOf, healthyBeds, testPage, troubledBeds } from "../../support/ward_page.ts";
import { PageProbe } from "../../support/page_probe.ts";

testPage(
  "shows 60 devices on one screen, those in trouble first, with a still each",
  async (open) => {
    await using ward = await open({ beds: troubledBeds(60) });
    const { probe, page } = ward;
    await probe.hasTiles(58);
    const stills =
      "[...document.querySelectorAll('.still')].filter((each) => 'shown' in each.dataset)";
    await probe.sees("a still of each living device", `${stills}.length === 59`);
    await probe.reads(".tile[data-device='ward-a-1']", "No data for");
    await probe.reads(".tile[data-device='ward-b-1']", "No face is visible");
    await probe.hasFirstTiles("ward-a-1", "ward-b-1", "icu-1");
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
    await each.sees(
      "the alarm acknowledged in the panel",
      "document.querySelector('#alarm-panel li .state').textContent.includes('acknowledged')",
    );
  }
  ward.server.setAlarms([]);
  for (const each of [probe, other]) await each.reads("button.alarms", "No alarms");
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

testPage("removes a silent device that the server does not know any more", async (open) => {
  await using ward = await open({ beds: troubledBeds(4), path: "#device=ward-a-1" });
  const { probe } = ward;
  await probe.reads(".dismiss", "Remove ward-a-1 from the page");
  await probe.click(".dismiss");
  await probe.sees("three devices", "document.querySelectorAll('.tile').length === 3");
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
