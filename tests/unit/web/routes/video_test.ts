import assert from "node:assert/strict";
import { Hub } from "../../../../src/web/hub.ts";
import { videoRoute } from "../../../../src/web/routes/video.ts";
import { fakeStatus } from "../../../support/fake_stream.ts";

Deno.test("videoRoute() serves 48 videos at a time", async () => {
  const hub = new Hub();
  hub.publishEnvelope("bed-1", { topic: "status", envelope: fakeStatus(1) });
  const route = videoRoute(hub);
  const open = (method = "GET", device = "bed-1") =>
    route.handle(new Request("http://a/", { method }), {
      query: new URLSearchParams({ device }),
      rest: "",
    });
  assert.equal((await open("GET", "other")).status, 404);
  for (let n = 0; n < 3; n++) assert.equal((await open("HEAD")).status, 200);
  const videos: Response[] = [];
  for (let n = 0; n < 48; n++) videos.push(await open());
  assert.ok(videos.every(({ status }) => status === 200));
  assert.match(videos[0]!.headers.get("content-type")!, /^multipart\/x-mixed-replace; boundary=/);
  assert.equal((await open()).status, 503);
  await videos[0]!.body?.cancel();
  const another = await open();
  assert.equal(another.status, 200);
  assert.equal((await open()).status, 503);
  for (const video of [...videos.slice(1), another]) await video.body?.cancel();
});

Deno.test("videoRoute() serves the only device without its name", async () => {
  const hub = new Hub();
  const open = () =>
    videoRoute(hub).handle(new Request("http://a/", { method: "HEAD" }), {
      query: new URLSearchParams(),
      rest: "",
    });
  assert.equal((await open()).status, 404);
  hub.publishEnvelope("bed-1", { topic: "status", envelope: fakeStatus(1) });
  assert.equal((await open()).status, 200);
});
