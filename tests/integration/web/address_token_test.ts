/** The address that `up` prints, in a browser. */
import assert from "node:assert/strict";
import { takeMessage } from "../../../src/web/device_messages.ts";
import { Hub } from "../../../src/web/hub.ts";
import { ChromiumPage, hasChromium } from "../../support/chromium.ts";
import { fakeMetrics } from "../../support/fake_stream.ts";
import { startPage, TOKEN } from "../../support/http_page.ts";
import { PageProbe } from "../../support/page_probe.ts";

/** Publishes metrics of the simulated camera. */
function publishSimulated(hub: Hub, device: string): void {
  for (const envelope of fakeMetrics(4)) {
    const { payload } = envelope as { readonly payload: { readonly metadata?: object } };
    const metadata = { ...payload.metadata, simulated: true };
    const marked = { ...envelope, payload: { ...payload, metadata } };
    takeMessage(hub, `${device}:${envelope.type}`, JSON.stringify(marked));
  }
}

Deno.test({
  name: "page logs in with the token of its address, removes it, and marks simulated values",
  ignore: !hasChromium(),
  async fn() {
    const hub = new Hub();
    await using server = await startPage({ hub });
    await using page = await ChromiumPage.open();
    const probe = new PageProbe(page);
    const address = `${server.url}/#token=${encodeURIComponent(TOKEN)}`;
    await page.goto(address);
    await probe.reads("body", "No devices yet");
    assert.equal(await page.evaluate("location.pathname + location.hash"), "/");
    // The browser is logged in by now.
    await page.goto("about:blank");
    await page.goto(address);
    await probe.reads("body", "No devices yet");
    assert.equal(await page.evaluate("location.pathname + location.hash"), "/");
    assert.ok(page.requests.every((url) => !new URL(url).search.includes("token")));

    publishSimulated(hub, "bed-1");
    await probe.reads(".detail .simulated", "SIMULATED: not a person");
    for (const name of ["bed-2", "bed-3", "bed-4", "bed-5", "bed-6"]) publishSimulated(hub, name);
    const marks = "[...document.querySelectorAll('.tile .simulated')].filter((e) => !e.hidden)";
    await probe.sees("a mark on each tile", `${marks}.length === 6`);
    for (const envelope of fakeMetrics(4)) {
      takeMessage(hub, `bed-1:${envelope.type}`, JSON.stringify(envelope));
    }
    await probe.sees("a device that is not simulated", `${marks}.length === 5`);
  },
});
