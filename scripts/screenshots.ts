/**
 * Takes the pictures of the documents: docs/demo.png, the demo in a terminal, and
 * docs/dashboard*.png, the web page in each of its states, and docs/prometheus.png. Needs
 * `./scripts/setup --tests` (Chromium, Prometheus).
 *
 *     deno run -A scripts/screenshots.ts           # all
 *     deno run -A scripts/screenshots.ts --only=page    # those of the page, `demo` or `prometheus`
 */
import { parseArgs } from "node:util";
import { load } from "../src/app/flags.ts";
import { silentLog } from "../src/telemetry/log.ts";
import { RedisReader } from "../src/transports/redis/reader.ts";
import { redisOptions } from "../src/transports/redis/settings.ts";
import { ChromiumPage } from "../tests/support/chromium.ts";
import { startProgram, Subscriber } from "../tests/support/physiology_server.ts";
import { type RedisServer, startRedis } from "../tests/support/redis_server.ts";
import { waitFor } from "../tests/support/wait.ts";
import { DemoView } from "./demo_view.ts";
import { takePagePictures } from "./screenshots/page.ts";
import { writePicture } from "./screenshots/picture.ts";
import { takePrometheusPicture } from "./screenshots/prometheus.ts";

/** The curves of the demo are full after this time. */
const CURVES_MS = 34_000;

const TERMINAL_STYLE = "margin:22px;background:#14181d;color:#d7dce2;font:15px/19px monospace";
const BOLD_STYLE = "color:#8fe388;font-weight:bold";
const DIM_STYLE = "color:#7d8590";

/** Converts text with the escape sequences of the demo to HTML. */
function terminalHtml(lines: readonly string[]): string {
  const text = lines.join("\n").replaceAll(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`)
    .replaceAll("\x1b[1m", `<span style="${BOLD_STYLE}">`)
    .replaceAll("\x1b[2m", `<span style="${DIM_STYLE}">`)
    .replaceAll("\x1b[0m", "</span>");
  return `<body style="margin:0;background:#14181d"><pre style="${TERMINAL_STYLE}">${text}</pre>`;
}

/** Follows a device as the demo does; connected before the device starts, to see its first state. */
async function followDevice(redis: RedisServer, prefix: string) {
  const args = [
    "--simulate",
    "--redis_host=127.0.0.1",
    `--redis_port=${redis.port}`,
    `--redis_key_prefix=${prefix}`,
  ];
  const { settings } = load(["check-config", ...args]);
  const view = new DemoView({ redis: settings.redis, command: args });
  const reader = new RedisReader({
    redis: redisOptions(settings.redis),
    log: silentLog,
    onMessage: (_channel, message) => view.take(message),
  });
  await reader.subscribePattern(`${prefix}:*`);
  return { view, [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose]() };
}

async function takeDemo(view: DemoView): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, CURVES_MS));
  const lines = ["$ ./scripts/demo --redis_key_prefix=ward-1", ...view.intro(), ...view.rows()];
  await using page = await ChromiumPage.open({ width: 940, height: 330 });
  const html = new TextEncoder().encode(terminalHtml(lines));
  await page.goto(`data:text/html;charset=utf-8;base64,${html.toBase64()}`);
  await waitFor("the text", () => page.evaluate<boolean>("document.body?.innerText.length > 100"));
  await writePicture("demo.png", await page.screenshot());
}

async function takeDemoPicture(): Promise<void> {
  await using redis = await startRedis();
  await using device = await followDevice(redis, "ward-1");
  const server = (prefix: string, ...flags: readonly string[]) =>
    startProgram([
      "--simulate",
      `--redis_port=${redis.port}`,
      `--redis_key_prefix=${prefix}`,
      ...flags,
    ]);
  await using _first = server("ward-1", "--start_with_recording_on");
  const subscriber = await Subscriber.of(redis, "ward-1");
  await subscriber.first(
    "core_metrics",
    ({ payload }) => Boolean(payload.pulse?.strict && payload.breathing?.strict),
    120_000,
  );
  await takeDemo(device.view);
}

const TAKE = {
  page: takePagePictures,
  demo: takeDemoPicture,
  prometheus: takePrometheusPicture,
} as const;

const { values: { only } } = parseArgs({ options: { only: { type: "string" } } });
for (const [name, take] of Object.entries(TAKE)) {
  if (only === undefined || only === name) await take();
}
