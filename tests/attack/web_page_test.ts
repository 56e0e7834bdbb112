import assert from "node:assert/strict";
import { TOPICS } from "../../src/envelopes/envelope.ts";
import { takeMessage } from "../../src/web/device_messages.ts";
import { Hub } from "../../src/web/hub.ts";
import { ChromiumPage, hasChromium } from "../support/chromium.ts";
import { exchange, startPage, TOKEN } from "../support/http_page.ts";
import { fakeMetrics, fakeRecordingState, fakeStatus } from "../support/fake_stream.ts";
import { waitFor } from "../support/wait.ts";

/** Markup that runs a script in a page which inserts it as HTML. */
const MARKUP = `"><img src=x onerror="hacked=1"><script>hacked=1</script><svg onload=hacked=1>`;

/** Replaces every text in a message by markup. */
function withMarkup(value: unknown): unknown {
  if (typeof value === "string") return MARKUP;
  if (Array.isArray(value)) return value.map(withMarkup);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withMarkup(each)]));
}

Deno.test({
  name: "the page runs no script of a hostile publisher in Chromium, in any text of a message",
  ignore: !hasChromium(),
  async fn() {
    const hub = new Hub();
    await using page = await startPage({ hub, token: "" });
    await using browser = await ChromiumPage.open();
    await browser.goto(page.url);
    const shows = (what: string, expression: string) =>
      waitFor(what, () => browser.evaluate<boolean>(expression));
    await shows("the page", `document.body?.textContent.includes("No devices yet") === true`);
    const device = `ward ${MARKUP}`;
    const messages = [...fakeMetrics(4), fakeStatus(5, "OK", "s"), fakeRecordingState(5, "s")];
    for (const { type, ...rest } of messages) {
      assert(TOPICS.includes(type));
      const { payload } = rest;
      takeMessage(
        hub,
        `${device}:${type}`,
        JSON.stringify({ type, ...rest, payload: withMarkup(payload) }),
      );
    }
    await shows("the device", `document.body.textContent.includes("onerror")`);
    assert.equal(await browser.evaluate("typeof hacked"), "undefined");
    const injected =
      `document.querySelectorAll("img[src=x], svg[onload], script:not([src])").length`;
    assert.equal(await browser.evaluate(injected), 0);
  },
});

for (
  const path of [
    "/../../../../etc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/..%2f..%2fetc%2fpasswd",
    "//etc/passwd",
    "/page/../../../main.ts",
    "/\\..\\..\\etc\\passwd",
    "/%00/etc/passwd",
    "file:///etc/passwd",
  ]
) {
  Deno.test(`HttpServer reads no file for the path ${path}`, async () => {
    await using page = await startPage();
    const head = `Host: 127.0.0.1\r\nAuthorization: Bearer ${TOKEN}\r\nConnection: close`;
    const response = await exchange(page.port, `GET ${path} HTTP/1.1\r\n${head}\r\n\r\n`);
    assert.match(response, /^HTTP\/1\.1 40[0-9]/);
    assert.doesNotMatch(response, /root:|import /);
  });
}

for (
  const [what, headers] of [
    ["a form of another site", "Origin: http://evil.example\r\nContent-Type: text/plain"],
    ["a page without an origin", "Origin: null\r\nContent-Type: application/json"],
    ["another port of this host", "Origin: http://127.0.0.1:1\r\nContent-Type: application/json"],
    ["an image of another site", "Sec-Fetch-Site: cross-site\r\nContent-Type: application/json"],
    ["a name that resolves to this host", "Host: evil.example\r\nContent-Type: application/json"],
  ] as const
) {
  Deno.test(`HttpServer takes no recording command from ${what}`, async () => {
    const commands: string[] = [];
    const hub = new Hub();
    takeMessage(hub, "ward:status", JSON.stringify(fakeStatus(1)));
    const onCommand = (device: string) => {
      commands.push(device);
      takeMessage(hub, `${device}:recording_state`, JSON.stringify(fakeRecordingState(2, "s")));
      return true;
    };
    await using page = await startPage({ hub, token: "", onCommand });
    const body = '{"device":"ward","recording":true}';
    const post = (fields: string) =>
      exchange(
        page.port,
        `POST /v1/recording HTTP/1.1\r\n${fields}\r\nContent-Length: ${body.length}\r\n` +
          `Connection: close\r\n\r\n${body}`,
      );
    const host = /^Host:/.test(headers) ? "" : `Host: 127.0.0.1:${page.port}\r\n`;
    assert.match(await post(host + headers), /^HTTP\/1\.1 40[13]/);
    assert.deepEqual(commands, []);
    const own =
      `Host: 127.0.0.1:${page.port}\r\nOrigin: ${page.url}\r\nContent-Type: application/json`;
    assert.match(await post(own), /^HTTP\/1\.1 200/);
  });
}
