import assert from "node:assert/strict";
import { load } from "../../../src/app/flags.ts";
import { alertPermissions } from "../../../src/alerting/flags.ts";
import { UsageError } from "../../../src/base/errors.ts";
import { PULSE_HIGH } from "../../support/alarms.ts";
import { exitErrorOf } from "../../support/exit_error.ts";
import { temporaryFolder } from "../../support/folders.ts";

const settingsOf = (...argv: string[]) =>
  load(["alert", ...argv], { env: {}, readText: () => "" }).settings;

Deno.test("alert requires rules", () => {
  const error = exitErrorOf(() => settingsOf());
  assert(error instanceof UsageError);
  assert.match(error.message, /without rules: add --rules=FILE/);
  assert.equal(settingsOf("--rules=/a").alert.rulesPath, "/a");
});

Deno.test("alert may read its rules, write its journal, and reach the targets of the rules", () => {
  using folder = temporaryFolder();
  const rules = `${folder.path}/rules.json`;
  const notify = [{ kind: "webhook", url: "https://a.example/", tls_ca_file: "/ca" }];
  Deno.writeTextFileSync(rules, JSON.stringify({ rules: [PULSE_HIGH], notify }));
  const settings = settingsOf(`--rules=${rules}`, "--alert_journal=/journal");
  const { read, write, net } = alertPermissions(settings, {} as never);
  assert.deepEqual([read, write, net], [
    [rules, "/ca", "/journal"],
    ["/journal"],
    ["a.example:443"],
  ]);
  const without = { alert: { ...settings.alert, rulesPath: undefined } };
  assert.deepEqual(alertPermissions(without, {} as never).net ?? [], []);
});
