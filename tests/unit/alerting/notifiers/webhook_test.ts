import assert from "node:assert/strict";
import { signatureOf } from "../../../../src/alerting/notifiers/webhook.ts";
import { ALERT, sendTo } from "../../../support/alert_target.ts";
import { temporaryFolder } from "../../../support/folders.ts";

/** Sends an alert to a webhook with these keys, and returns the request. */
async function sent(target: object): Promise<{ headers: Headers; text: string }> {
  const requests: { headers: Headers; text: string }[] = [];
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      requests.push({ headers: request.headers, text: await request.text() });
      return new Response();
    },
  );
  const url = `http://127.0.0.1:${server.addr.port}/`;
  assert.equal(await sendTo({ kind: "webhook", url, ...target }), undefined);
  return requests[0]!;
}

Deno.test("webhook posts the alert with its id as the key, signed with the time", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/secret`;
  Deno.writeTextFileSync(path, "owl 7\n");
  const beforeS = Math.floor(Date.now() / 1000);
  const { headers, text } = await sent({ secret_file: path });
  assert.deepEqual(JSON.parse(text), ALERT);
  assert.equal(headers.get("idempotency-key"), ALERT.id);
  const seconds = headers.get("x-physiology-timestamp")!;
  assert.match(seconds, /^\d+$/);
  assert(Number(seconds) >= beforeS && Number(seconds) <= Date.now() / 1000, seconds);
  assert.equal(headers.get("x-physiology-signature"), signatureOf("owl 7", seconds, text));
});

Deno.test("webhook has no signature without a secret", async () => {
  const { headers } = await sent({});
  assert.equal(headers.get("x-physiology-signature"), null);
});

Deno.test("signatureOf() equals the HMAC that openssl computes", () => {
  const { stdout } = new Deno.Command("sh", {
    args: ["-c", `printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac "owl 7" -r`],
  }).outputSync();
  const expected = new TextDecoder().decode(stdout).split(" ")[0];
  assert.equal(signatureOf("owl 7", "1700000000", `{"a":1}`), `sha256=${expected}`);
});
