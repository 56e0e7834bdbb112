/** The page in Chromium for everyone: keyboard, screen readers, languages, screens of all sizes. */
import assert from "node:assert/strict";
import { axeViolations } from "../../support/axe.ts";
import type { PageOptions } from "../../support/chromium.ts";
import { alarmOf, healthyBeds, testPage, troubledBeds } from "../../support/ward_page.ts";
import { waitFor } from "../../support/wait.ts";

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

testPage("is checked by axe, which finds an image without a text", async (open) => {
  await using ward = await open({ beds: healthyBeds(3) });
  await ward.probe.hasTiles(3);
  await ward.page.evaluate("document.querySelector('header').append(new Image())");
  assert.match((await axeViolations(ward.page)).join(), /image-alt/);
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
