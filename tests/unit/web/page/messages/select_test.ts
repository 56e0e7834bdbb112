import assert from "node:assert/strict";
import type { AlarmCause } from "../../../../../src/alarms/alarm.ts";
import { STATUS_TABLE } from "../../../../../src/vitals/condition/status_table.ts";
import { WITHHELD_TABLE } from "../../../../../src/vitals/withheld.ts";
import { CATALOGUES, selectCatalogue } from "../../../../../src/web/page/messages/select.ts";

Deno.test("selectCatalogue() chooses the first language that the browser prefers and the page has", () => {
  const tags = [["de-AT"], ["fr", "de", "en"], ["DE"], ["fr"], []].map((preferred) =>
    selectCatalogue(preferred).tag
  );
  assert.deepEqual(tags, ["de", "de", "de", "en", "en"]);
});

Deno.test("every catalogue has a text for each status and reason, for operator and person", () => {
  for (const { tag, status, withheld, keys } of CATALOGUES) {
    assert.deepEqual(Object.keys(status).toSorted(), Object.keys(STATUS_TABLE).toSorted(), tag);
    assert.deepEqual(Object.keys(withheld).toSorted(), Object.keys(WITHHELD_TABLE).toSorted(), tag);
    for (const [name, { operator, person }] of Object.entries({ ...status, ...withheld })) {
      assert.notEqual(operator, "", `${tag} ${name}`);
      assert.notEqual(operator, person, `${tag} ${name}`);
      assert.doesNotMatch(operator + person, /--[a-z]/, `${tag} ${name}`);
    }
    assert.deepEqual(keys.map(([key]) => key), CATALOGUES[0]!.keys.map(([key]) => key));
  }
});

Deno.test("durations of every catalogue are in seconds, minutes or hours", () => {
  const durations = CATALOGUES.map(({ duration }) => [89, 91, 5399, 5401, 7200].map(duration));
  assert.deepEqual(durations, [
    ["89 s", "2 min", "90 min", "2 h", "2 h"],
    ["89 s", "2 min", "90 min", "2 Std.", "2 Std."],
  ]);
});

Deno.test("every catalogue has the singular for one, and the plural for other numbers", () => {
  const texts = (count: number) =>
    CATALOGUES.map(({ hidden, devices, alarmCount, recordGroup, stopGroup }) =>
      [hidden, devices, alarmCount, recordGroup, stopGroup].map((text) => text(count))
    );
  assert.deepEqual(texts(1), [
    ["1 more device not shown", "1 device", "1 alarm", "Record 1 device", "Stop 1 device"],
    [
      "1 Gerät nicht gezeigt",
      "1 Gerät",
      "1 Alarm",
      "1 Gerät aufnehmen",
      "Aufnahme von 1 Gerät beenden",
    ],
  ]);
  assert.deepEqual(texts(2), [
    ["2 more devices not shown", "2 devices", "2 alarms", "Record 2 devices", "Stop 2 devices"],
    [
      "2 Geräte nicht gezeigt",
      "2 Geräte",
      "2 Alarme",
      "2 Geräte aufnehmen",
      "Aufnahme von 2 Geräten beenden",
    ],
  ]);
});

const CAUSES: readonly [cause: AlarmCause, english: string, german: string][] = [
  [
    { condition: "limit", vital: "pulse", side: "above", limit: 120 },
    "Pulse above 120",
    "Puls über 120",
  ],
  [
    { condition: "limit", vital: "breathing", side: "below", limit: 8.5 },
    "Breathing below 8.5",
    "Atmung unter 8.5",
  ],
  [{ condition: "apnea" }, "Pause in breathing", "Atempause"],
  [{ condition: "silent" }, "No data from the device", "Keine Daten vom Gerät"],
  [
    { condition: "no_trusted_value", vital: "pulse", after_s: 300 },
    "No trusted value of the pulse for 5 min",
    "Puls: seit 5 min kein verlässlicher Wert",
  ],
];
for (const [cause, english, german] of CAUSES) {
  Deno.test(`every catalogue describes the cause of an alarm: ${english}`, () => {
    assert.deepEqual(CATALOGUES.map(({ alarmCause }) => alarmCause(cause)), [english, german]);
  });
}
