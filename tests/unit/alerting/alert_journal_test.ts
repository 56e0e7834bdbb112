import assert from "node:assert/strict";
import { AlertJournal } from "../../../src/alerting/alert_journal.ts";
import { ConfigError } from "../../../src/base/errors.ts";
import { ALERT } from "../../support/alert_target.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
import { temporaryFolder } from "../../support/folders.ts";

Deno.test("AlertJournal appends a line of JSON for each alert, also after a rotation", () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/journal.jsonl`;
  const journal = new AlertJournal(path, new CollectingLog());
  assert.equal(Deno.readTextFileSync(path), "");
  assert.equal(Deno.statSync(path).mode! & 0o777, 0o600);
  journal.write(ALERT);
  journal.write({ ...ALERT, event: "ended" });
  const events = () =>
    Deno.readTextFileSync(path).trimEnd().split("\n").map((line) => JSON.parse(line).event);
  assert.deepEqual(events(), ["raised", "ended"]);
  Deno.renameSync(path, `${path}.1`);
  journal.write({ ...ALERT, event: "reminder" });
  assert.deepEqual(events(), ["reminder"]);
  const again = new AlertJournal(path, new CollectingLog());
  again.write(ALERT);
  assert.deepEqual(events(), ["reminder", "raised"]);
});

Deno.test("AlertJournal refuses a path that cannot be written, and reports one later", () => {
  using folder = temporaryFolder();
  const log = new CollectingLog();
  const missing = `${folder.path}/missing`;
  assert.throws(() => new AlertJournal(`${missing}/journal`, log), (error) => {
    assert(error instanceof ConfigError);
    return error.message.startsWith(`Cannot write the journal ${missing}/journal: `);
  });
  Deno.mkdirSync(missing);
  const journal = new AlertJournal(`${missing}/journal`, log);
  Deno.removeSync(missing, { recursive: true });
  journal.write(ALERT);
  assert.equal(log.linesWith("Cannot write the journal").length, 1);
});
