import type { Alarm } from "../../src/web/page/protocol.ts";
import { ChromiumPage, type PageOptions } from "../../tests/support/chromium.ts";
import { FakeWardServer } from "../../tests/support/fake_ward_server.ts";
import { temporaryFolder } from "../../tests/support/folders.ts";
import { startPage } from "../../tests/support/http_page.ts";
import { PageProbe } from "../../tests/support/page_probe.ts";
import { runProgram } from "../../tests/support/physiology_server.ts";
import { bedImages, bedNames, SimulatedBed } from "../../tests/support/simulated_bed.ts";
import { alarmOf } from "../../tests/support/ward_page.ts";
import { writePicture } from "./picture.ts";

/** A state of the page. */
interface Picture extends PageOptions {
  readonly name: string;
  readonly devices: number;
  readonly path?: string;
  /** Brings the page into the state. */
  readonly prepare?: (probe: PageProbe, server: FakeWardServer) => Promise<void>;
  /** Time until the waveforms are full, in milliseconds. @default 3000 */
  readonly settleMs?: number;
}

/** Lets a message that the page handles at its next update take effect. */
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const openTrends = async (probe: PageProbe) => {
  await probe.click(".toggle-trends");
  await probe.sees("the chart", "Number(document.querySelector('.plot').dataset.rows) > 0");
};

const PICTURES: readonly Picture[] = [
  { name: "dashboard.png", devices: 60, width: 1920, height: 1080 },
  {
    name: "dashboard_device.png",
    devices: 60,
    width: 1280,
    height: 900,
    dark: true,
    path: "#device=icu-4",
    prepare: openTrends,
    settleMs: 16_000,
  },
  { name: "dashboard_one.png", devices: 1, width: 1280, height: 720, settleMs: 16_000 },
  {
    name: "dashboard_alarms.png",
    devices: 24,
    width: 1280,
    height: 720,
    prepare: (probe) => probe.click("button.alarms"),
  },
  { name: "dashboard_wall.png", devices: 24, width: 1920, height: 1080, dark: true, path: "?wall" },
  { name: "dashboard_phone.png", devices: 24, width: 390, height: 844 },
  {
    name: "dashboard_phone_device.png",
    devices: 24,
    width: 390,
    height: 844,
    dark: true,
    path: "#device=icu-2",
    settleMs: 6000,
  },
  {
    name: "dashboard_german.png",
    devices: 8,
    width: 820,
    height: 600,
    language: "de-DE",
    prepare: (probe) => probe.press("?"),
  },
  {
    name: "dashboard_no_redis.png",
    devices: 8,
    width: 820,
    height: 600,
    prepare: async (_probe, server) => {
      for (const bed of server.beds) bed.isDead = true;
      server.broadcast({ type: "connection", connected: false });
      await pause(4000);
    },
  },
];

/** Takes the pictures of the page. */
export async function takePagePictures(): Promise<void> {
  using folder = temporaryFolder();
  const images = await simulatedImages(`${folder.path}/person.avi`);
  for (const picture of PICTURES) await take(picture, images);
  await takeLogin();
}

/** Frames of a simulated person. */
async function simulatedImages(video: string): Promise<Uint8Array<ArrayBuffer>[]> {
  const { code, stderr } = await runProgram(["simulate", `--output=${video}`, "--duration=10"]);
  if (code !== 0) throw new Error(`Cannot simulate a person: ${stderr}`);
  return await bedImages({ video });
}

async function take(
  { name, devices, path = "", prepare, settleMs = 3000, ...options }: Picture,
  images: readonly Uint8Array<ArrayBuffer>[],
): Promise<void> {
  const { beds, alarms } = wardOf(devices);
  await using server = new FakeWardServer({ beds, images, alarms });
  await using page = await ChromiumPage.open(options);
  await page.goto(server.url + path);
  const probe = new PageProbe(page);
  await probe.reads("#connection", options.language ? "Verbunden" : "Connected");
  await pause(settleMs);
  await prepare?.(probe, server);
  await pause(1500);
  await writePicture(name, await page.screenshot());
}

/** Beds of which some are in trouble, if there are enough. */
function wardOf(count: number): { beds: SimulatedBed[]; alarms: Alarm[] } {
  const beds = bedNames(count).map((name, index) => new SimulatedBed(name, index));
  if (count < 8) return { beds, alarms: [] };
  const [, recorded, dead, hidden, moving] = beds;
  recorded?.record({ recording: true, session_id: "visit-7" }, 0);
  Object.assign(dead!, { isDead: true });
  Object.assign(hidden!, { status: "NO_FACES_FOUND", withheld: "no_face" });
  Object.assign(moving!, { status: "EXCESSIVE_MOTION", withheld: "motion" });
  if (count < 24) return { beds, alarms: [] };
  Object.assign(beds[12]!, { pulse: 131 });
  Object.assign(beds[17]!, { withheld: "low_quality" });
  const alarm = (index: number, changes: Partial<Alarm>) => alarmOf(beds[index]!.name, changes);
  const alarms = [
    alarm(12, {}),
    alarm(2, { rule: "silent", priority: "medium", cause: { condition: "silent" } }),
    alarm(17, {
      rule: "no_value",
      priority: "low",
      cause: { condition: "no_trusted_value", vital: "pulse", after_s: 300 },
    }),
    alarm(20, {
      rule: "breathing_low",
      state: "latched",
      cause: { condition: "limit", vital: "breathing", side: "below", limit: 8 },
    }),
  ];
  return { beds, alarms };
}

async function takeLogin(): Promise<void> {
  await using server = await startPage();
  await using page = await ChromiumPage.open({ width: 820, height: 400 });
  await page.goto(server.url);
  await new PageProbe(page).sees("the login", "document.querySelector('input[name=token]')");
  await writePicture("dashboard_login.png", await page.screenshot());
}
