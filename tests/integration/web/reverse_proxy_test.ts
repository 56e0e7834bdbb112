/** The page behind nginx with the configuration that DASHBOARD.md shows. */
import assert from "node:assert/strict";
import { takeMessage } from "../../../src/web/device_messages.ts";
import { Hub } from "../../../src/web/hub.ts";
import { ChromiumPage, hasChromium } from "../../support/chromium.ts";
import { fakeMetrics, fakeRecordingState } from "../../support/fake_stream.ts";
import { startPage, TOKEN } from "../../support/http_page.ts";
import { Nginx } from "../../support/nginx.ts";
import { PageProbe } from "../../support/page_probe.ts";

const DOCUMENT = new URL("../../../docs/DASHBOARD.md", import.meta.url);

/** The documented directives, for another port of the page. */
function directives(pagePort: number): string {
  const [, text] = /```nginx\n([^]*?)```/.exec(Deno.readTextFileSync(DOCUMENT))!;
  return text!.replace("127.0.0.1:8080", `127.0.0.1:${pagePort}`);
}

Deno.test({
  name: "page works behind nginx below a prefix: login, stream, recording",
  ignore: !hasChromium(),
  async fn() {
    const hub = new Hub();
    const device = "icu-1";
    const publish = (envelope: { readonly type: string }) =>
      takeMessage(hub, `${device}:${envelope.type}`, JSON.stringify(envelope));
    await using server = await startPage({
      hub,
      onCommand(name, { recording }) {
        assert.deepEqual([name, recording], [device, true]);
        publish(fakeRecordingState(9, "visit-7"));
        return true;
      },
    });
    await using nginx = await Nginx.start(() => directives(server.port));
    await using page = await ChromiumPage.open();
    const probe = new PageProbe(page);
    await page.goto(`http://127.0.0.1:${nginx.port}/vitals/`);
    await probe.sees("the login", "document.querySelector('input[name=token]')");
    await page.evaluate("document.querySelector('input[name=token]').focus()");
    await page.type(TOKEN);
    await probe.press("Enter");
    await probe.reads("body", "No devices yet");
    for (const envelope of fakeMetrics(4)) publish(envelope);
    await probe.reads(".detail h2", device);
    assert.equal(await page.evaluate("location.pathname"), "/vitals/");
    await page.evaluate(
      "[...document.querySelectorAll('button')].find((each) => each.textContent === 'Record').click()",
    );
    await probe.reads("body", "visit-7");
  },
});
