/** Alerts by e-mail, to aiosmtpd. */
import assert from "node:assert/strict";
import type { Alert } from "../../../src/alerting/alert.ts";
import { DeliveryError } from "../../../src/alerting/notifier.ts";
import { readAlertRules } from "../../../src/alerting/targets.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { AlertProgram, PULSE_HIGH } from "../../support/alert_program.ts";
import { makeCertificates } from "../../support/certificates.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { startRedis } from "../../support/redis_server.ts";
import { SmtpServer } from "../../support/smtp_server.ts";

const ADDRESSES = { from: "monitor@ward.example", to: ["nurse@ward.example", "b@ward.example"] };

const ALERT: Alert = {
  id: "5f2c0d5e",
  event: "raised",
  time: 1_767_225_612_345_678,
  device: "bett-ü",
  rule: "high",
  priority: "high",
  message: "Pulse above 120",
  since: 1_767_225_602_200_000,
  value: 131.2,
  limit: 120,
};

/** Sends an alert to a mail target; returns the error, if there is one. */
async function send(target: object, signal = AbortSignal.timeout(20_000)) {
  const rules = { rules: [PULSE_HIGH], notify: [{ kind: "email", ...ADDRESSES, ...target }] };
  const [email] = readAlertRules("rules.json", () => JSON.stringify(rules)).targets;
  await using notifier = await email!.open({ log: silentLog });
  return await notifier.send(ALERT, signal).then(() => undefined, (error) => error as Error);
}

Deno.test("alert sends mails with STARTTLS and a login, also after its server was away", async () => {
  using folder = temporaryFolder();
  const certificates = makeCertificates(folder.path);
  const passwordPath = `${folder.path}/password`;
  Deno.writeTextFileSync(passwordPath, "owl-7\n");
  await using redis = await startRedis();
  const first = await SmtpServer.start({ mode: "starttls", certificate: certificates.server });
  await using alert = await AlertProgram.start(redis, {
    folder: folder.path,
    rules: {
      rules: [PULSE_HIGH],
      notify: [{
        kind: "email",
        ...ADDRESSES,
        // Required as beyond this machine, where it is the default.
        url: `smtp://localhost:${first.port}`,
        starttls: true,
        username: "nurse",
        password_file: passwordPath,
        tls_ca_file: certificates.ca,
      }],
    },
  });
  await alert.metrics({ pulse: 131 });
  const [raised] = await first.receives(1);
  assert.equal(raised?.tls, true);
  assert.equal(raised?.client, "physiology-server.invalid");
  assert.equal(raised?.from, ADDRESSES.from);
  assert.deepEqual(raised?.to, ADDRESSES.to);
  assert.equal(raised?.headers["subject"], "bed-1: Pulse above 120 (131)");
  assert.match(
    raised!.text,
    /^bed-1: Pulse above 120 \(131\)\r?\n[^]*This is no medical alarm system/,
  );
  await alert.logs(/Sent an alert/); // the server has acknowledged it, so that it is not sent again
  await first[Symbol.asyncDispose]();
  await alert.metrics({ pulse: 80 });
  await alert.logs(/Cannot send an alert.*ECONNREFUSED/);
  await using second = await SmtpServer.start({
    mode: "starttls",
    certificate: certificates.server,
    port: first.port,
  });
  const [ended] = await second.receives(1);
  assert.equal(ended?.headers["in-reply-to"], raised?.headers["message-id"]);
  assert.equal(ended?.headers["subject"], "Ended: bed-1: Pulse above 120");
  await alert.logs(/(Sent an alert[^]*){2}/); // acknowledged as well
  second.freeze();
  await alert.metrics({ pulse: 131 });
  await alert.logs(/Cannot send an alert.*(silent|[Tt]imed out|timeout|no answer)/, 40_000);
  second.thaw();
  const mails = await second.receives(2);
  assert.equal(mails[1]?.headers["subject"], "bed-1: Pulse above 120 (131)");
});

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
  assert.deepEqual([denied.retry, denied.message.includes("wrong\n")], [true, false]);
});
