import assert from "node:assert/strict";
import type { Alert } from "../../../../src/alerting/alert.ts";
import { ALERT, sendTo } from "../../../support/alert_target.ts";
import { temporaryFolder } from "../../../support/folders.ts";

/** Sends alerts to a server of ntfy with these keys, and returns the requests. */
async function sent(target: object, ...alerts: readonly Alert[]) {
  const requests: { path: string; authorization: string | null; body: unknown }[] = [];
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const authorization = request.headers.get("authorization");
      const { pathname: path } = new URL(request.url);
      requests.push({ path, authorization, body: await request.json() });
      return new Response();
    },
  );
  const url = `http://127.0.0.1:${server.addr.port}`;
  for (const alert of alerts) {
    assert.equal(
      await sendTo({ kind: "ntfy", url, topic: "ward-a", ...target }, { alert }),
      undefined,
    );
  }
  return requests;
}

Deno.test("ntfy publishes the sentence of an alert to its topic", async () => {
  const [request] = await sent({}, ALERT);
  assert.deepEqual(request, {
    path: "/",
    authorization: null,
    body: {
      topic: "ward-a",
      title: "bett-ü",
      message: "bett-ü: Pulse above 120 (131)",
      priority: 5,
      tags: ["rotating_light", "high"],
    },
  });
});

Deno.test("ntfy has the priority of an active alarm, and the default one of its end", async () => {
  const requests = await sent(
    {},
    ...(["high", "medium", "low"] as const).map((priority) => ({ ...ALERT, priority })),
    { ...ALERT, event: "reminder" },
    { ...ALERT, event: "ended" },
  );
  const bodies = requests.map(({ body }) => body as { priority: number; tags: string[] });
  assert.deepEqual(bodies.map(({ priority, tags: [tag] }) => [priority, tag]), [
    [5, "rotating_light"],
    [4, "rotating_light"],
    [3, "rotating_light"],
    [5, "rotating_light"],
    [3, "white_check_mark"],
  ]);
});

Deno.test("ntfy sends the token of its file", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/token`;
  Deno.writeTextFileSync(path, "owl-7\n");
  const [request] = await sent({ token_file: path }, ALERT);
  assert.equal(request!.authorization, "Bearer owl-7");
});
