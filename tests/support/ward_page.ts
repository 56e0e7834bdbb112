/** A page in Chromium with a server that brings it into every state. */
import type { Alarm } from "../../src/web/page/protocol.ts";
import { ChromiumPage, hasChromium, type PageOptions } from "./chromium.ts";
import { FakeWardServer } from "./fake_ward_server.ts";
import { PageProbe } from "./page_probe.ts";
import { bedImages, bedNames, SimulatedBed } from "./simulated_bed.ts";

const images = hasChromium() ? await bedImages({ size: "320x240" }) : [];

/** A ward of `count` beds: the second is dead, the third without a face, the fourth recorded. */
export function troubledBeds(count: number): SimulatedBed[] {
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

export const healthyBeds = (count: number) =>
  bedNames(count).map((name, index) => new SimulatedBed(name, index));

export const alarmOf = (device: string, changes: Partial<Alarm> = {}): Alarm => ({
  device,
  rule: "pulse_high",
  priority: "high",
  state: "active",
  acknowledged: false,
  since: Date.now() * 1000,
  cause: { condition: "limit", vital: "pulse", side: "above", limit: 120 },
  message: "Pulse above 120",
  ...changes,
});

/** A test of the page in Chromium. */
export function testPage(name: string, fn: (open: typeof openWard) => Promise<void>) {
  Deno.test({ name: `page ${name}`, ignore: !hasChromium(), fn: () => fn(openWard) });
}

/** Serves beds and opens the page. */
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
