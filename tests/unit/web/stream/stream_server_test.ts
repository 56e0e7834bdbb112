import assert from "node:assert/strict";
import { epochUs } from "../../../../src/base/time.ts";
import { makeCertificates } from "../../../support/certificates.ts";
import {
  fakeJpeg,
  fakeMetrics,
  fakeRecordingState,
  fakeStatus,
} from "../../../support/fake_stream.ts";
import { temporaryFolder } from "../../../support/folders.ts";
import { startPage, TOKEN } from "../../../support/http_page.ts";
import { StreamProbe } from "../../../support/stream_probe.ts";
import { waitFor } from "../../../support/wait.ts";
import { Hub } from "../../../../src/web/hub.ts";

const ALL = { subscribe: ["core_metrics", "edge_metrics", "status", "recording_state"] };
const status = (hub: Hub, device: string) =>
  hub.publishEnvelope(device, { topic: "status", envelope: fakeStatus(1) });

async function openPage() {
  const hub = new Hub();
  const page = await startPage({ hub, token: undefined });
  return { ...page, hub };
}

Deno.test("StreamServer sends the latest state, how old it is, and then each envelope with its device", async () => {
  await using page = await openPage();
  status(page.hub, "cam");
  await using probe = await StreamProbe.subscribed(page.url, ALL);
  await probe.receives("the age", ({ type }) => type === "heard");
  assert.deepEqual(probe.messages.map(({ type }) => type), ["connection", "status", "heard"]);
  const [core, edge] = fakeMetrics(4);
  page.hub.publishEnvelope("cam", { topic: "core_metrics", envelope: core });
  page.hub.publishEnvelope("cam", { topic: "edge_metrics", envelope: edge });
  page.hub.publishEnvelope("cam", { topic: "recording_state", envelope: fakeRecordingState(5) });
  await probe.receives("the state", ({ type }) => type === "recording_state");
  assert.deepEqual(probe.messages.slice(3, 5), [
    { ...core, device: "cam" },
    { ...edge, device: "cam" },
  ]);
  assert.deepEqual(Object.keys(probe.messages[3]!), ["type", "timestamp", "payload", "device"]);
});

Deno.test("StreamServer sends frames as a description and the capture time with the JPEG", async () => {
  await using page = await openPage();
  status(page.hub, "cam");
  await using probe = await StreamProbe.subscribed(page.url, { subscribe: [], live: ["cam"] });
  await waitFor("the demand", () => page.hub.frames.demand("cam") === "live");
  const jpeg = fakeJpeg();
  const timestamp = epochUs(1_767_225_600_123_456);
  page.hub.publishFrame("cam", { timestamp, sequence: 7, width: 640, height: 480, jpeg });
  const { bytes, ...frame } = await probe.receives("the frame", ({ bytes }) => bytes !== undefined);
  assert.deepEqual(frame, {
    type: "frame",
    timestamp,
    payload: { width: 640, height: 480, format: "jpeg", sequence: 7 },
    device: "cam",
  });
  assert.equal(new DataView(bytes!.buffer).getBigUint64(0), BigInt(timestamp));
  assert.deepEqual(bytes!.subarray(8), jpeg);
});

Deno.test("StreamServer serves a client over TLS with the cookie of a login, and no other", async () => {
  using folder = temporaryFolder();
  const { ca, server } = makeCertificates(folder.path);
  const tls = { cert: Deno.readTextFileSync(server.cert), key: Deno.readTextFileSync(server.key) };
  await using page = await startPage({ tls });
  using client = Deno.createHttpClient({ caCerts: [Deno.readTextFileSync(ca)] });
  const login = await fetch(`${page.url}/login`, {
    method: "POST",
    body: new URLSearchParams({ token: TOKEN }),
    redirect: "manual",
    client,
  });
  await login.body?.cancel();
  const cookie = login.headers.get("set-cookie")!.split(";")[0]!;
  for (
    const [headers, opens] of [
      [{ cookie }, true],
      [{ cookie, origin: page.url }, true],
      [{ authorization: `Bearer ${TOKEN}` }, true],
      [{ cookie, origin: "https://evil.example" }, false],
      [{ cookie: cookie.replace(/.$/, "x") }, false],
      [{}, false],
    ] as [Record<string, string>, boolean][]
  ) {
    const probe = new StreamProbe(page.url, { client, headers });
    assert.equal(await probe.opened, opens, JSON.stringify(headers));
    await probe[Symbol.asyncDispose]();
  }
});

Deno.test("StreamServer closes its clients when the server ends", async () => {
  const page = await openPage();
  const probe = await StreamProbe.subscribed(page.url, ALL);
  await probe.receives("the connection", ({ type }) => type === "connection");
  await page[Symbol.asyncDispose]();
  assert.equal((await probe.closed).code, 1001);
});
