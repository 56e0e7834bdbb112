/** Mails to aiosmtpd. */
import assert from "node:assert/strict";
import type { Alert } from "../../../../src/alerting/alert.ts";
import { DeliveryError } from "../../../../src/alerting/notifier.ts";
import { ALERT, openTarget, sendTo } from "../../../support/alert_target.ts";
import { makeCertificates } from "../../../support/certificates.ts";
import { temporaryFolder } from "../../../support/folders.ts";
import { freePort } from "../../../support/free_port.ts";
import { SmtpServer } from "../../../support/smtp_server.ts";

const ADDRESSES = { from: "monitor@ward.example", to: ["nurse@ward.example", "b@ward.example"] };

/** Sends an alert to a mail target; returns the error, if there is one. */
function send(target: object, signal?: AbortSignal): Promise<Error | undefined> {
  return sendTo({ kind: "email", ...ADDRESSES, ...target }, { signal });
}

Deno.test("email uses TLS from the start, and verifies the certificate", async () => {
  using folder = temporaryFolder();
  const { server: certificate, ca, unknownCa, otherName } = makeCertificates(folder.path);
  await using server = await SmtpServer.start({ mode: "tls", certificate });
  const url = `smtps://localhost:${server.port}`;
  assert.equal(await send({ url, tls_ca_file: ca }), undefined);
  const [mail] = await server.receives(1);
  assert.equal(mail?.headers["x-physiology-alert"], ALERT.id);
  assert.equal(mail?.headers["auto-submitted"], "auto-generated");
  assert.match(mail!.text, /bett-ü: Pulse above 120 \(131\)/);
  const unknown = await send({ url, tls_ca_file: unknownCa });
  assert.match(unknown?.message ?? "", /UnknownIssuer|unable to|self.signed/i);
  await using other = await SmtpServer.start({ mode: "tls", certificate: otherName });
  const wrongName = await send({ url: `smtps://localhost:${other.port}`, tls_ca_file: ca });
  assert.match(wrongName?.message ?? "", /name/i);
  assert.deepEqual([server.mails.length, other.mails.length], [1, 0]);
});

Deno.test("email sends nothing without TLS where it is required", async () => {
  await using server = await SmtpServer.start({ mode: "plain" });
  const url = `smtp://127.0.0.1:${server.port}`;
  const refused = await send({ url, starttls: true });
  assert.match(refused?.message ?? "", /STARTTLS/);
  assert.equal(server.mails.length, 0);
  assert.equal(await send({ url }), undefined);
  assert.equal((await server.receives(1))[0]?.tls, false);
});

Deno.test("email repeats what the server may accept later, and nothing else", async () => {
  using folder = temporaryFolder();
  await using rejecting = await SmtpServer.start({ mode: "reject" });
  const rejected = await send({ url: `smtp://127.0.0.1:${rejecting.port}` });
  assert.ok(rejected instanceof DeliveryError);
  assert.deepEqual([rejected.retry, /550/.test(rejected.message)], [false, true]);
  await using busy = await SmtpServer.start({ mode: "busy" });
  const deferred = await send({ url: `smtp://127.0.0.1:${busy.port}` });
  assert.ok(deferred instanceof DeliveryError);
  assert.deepEqual([deferred.retry, /451/.test(deferred.message)], [true, true]);
  const { server: certificate, ca } = makeCertificates(folder.path);
  await using server = await SmtpServer.start({ mode: "starttls", certificate });
  const passwordPath = `${folder.path}/password`;
  Deno.writeTextFileSync(passwordPath, "wrong\n");
  const denied = await send({
    url: `smtp://localhost:${server.port}`,
    starttls: true,
    tls_ca_file: ca,
    username: "nurse",
    password_file: passwordPath,
  });
  assert.ok(denied instanceof DeliveryError);
  assert.deepEqual([denied.retry, /535/.test(denied.message)], [true, true]);
  assert.ok(!denied.message.includes("wrong"));
  const anonymous = await send({
    url: `smtp://localhost:${server.port}`,
    starttls: true,
    tls_ca_file: ca,
  });
  assert.ok(anonymous instanceof DeliveryError);
  assert.deepEqual([anonymous.retry, /530/.test(anonymous.message)], [true, true]);
});

Deno.test("email makes one conversation of the mails about an alarm, and marks what is urgent", async () => {
  await using server = await SmtpServer.start({ mode: "plain" });
  const url = `smtp://127.0.0.1:${server.port}`;
  await using notifier = await openTarget({ kind: "email", ...ADDRESSES, url });
  const alerts: Alert[] = [
    ALERT,
    { ...ALERT, id: "2", event: "reminder" },
    { ...ALERT, id: "3", event: "ended" },
    { ...ALERT, id: "4", priority: "medium", rule: "low spot" },
  ];
  for (const alert of alerts) await notifier.send(alert, AbortSignal.timeout(20_000));
  const mails = (await server.receives(4)).map(({ headers }) => headers);
  const thread = `<bett-%C3%BC.high.${ALERT.since}@physiology-server.invalid>`;
  assert.deepEqual(
    mails.map((headers) =>
      ["message-id", "in-reply-to", "references"].map((name) => headers[name]?.trim())
    ),
    [
      [thread, undefined, undefined],
      ["<2@physiology-server.invalid>", thread, thread],
      ["<3@physiology-server.invalid>", thread, thread],
      [`<bett-%C3%BC.low%20spot.${ALERT.since}@physiology-server.invalid>`, undefined, undefined],
    ],
  );
  assert.deepEqual(mails.map((headers) => headers["importance"]), [
    "High",
    "High",
    undefined,
    undefined,
  ]);
  const [first] = server.mails;
  assert.match(first!.text, /^Since: 2026-01-01T00:00:02\.200Z\r?$/m);
  assert.match(first!.text, /^Rule: high, priority: high\r?$/m);
});

Deno.test("email ends an attempt at its signal, before it starts too", async () => {
  // It accepts the connection, and is silent.
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepting = listener.accept();
  const url = `smtp://127.0.0.1:${listener.addr.port}`;
  const ending = new AbortController();
  const sending = send({ url }, ending.signal);
  using _connection = await accepting;
  ending.abort();
  assert.equal((await sending)?.name, "AbortError");
  const startMs = performance.now();
  assert.equal((await send({ url }, ending.signal))?.name, "AbortError");
  assert.ok(performance.now() - startMs < 5000, "it waited for the server");
});

Deno.test("email can try again if no server listens", async () => {
  const error = await send({ url: `smtp://127.0.0.1:${freePort()}` });
  assert.ok(error instanceof DeliveryError);
  assert.deepEqual([error.retry, /ECONNREFUSED/.test(error.message)], [true, true]);
});
