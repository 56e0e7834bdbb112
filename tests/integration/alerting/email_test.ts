/** Alerts by e-mail, to aiosmtpd. */
import assert from "node:assert/strict";
import { PULSE_HIGH } from "../../support/alarms.ts";
import { AlertProgram } from "../../support/alert_program.ts";
import { makeCertificates } from "../../support/certificates.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { startRedis } from "../../support/redis_server.ts";
import { SmtpServer } from "../../support/smtp_server.ts";

const ADDRESSES = { from: "monitor@ward.example", to: ["nurse@ward.example", "b@ward.example"] };

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
