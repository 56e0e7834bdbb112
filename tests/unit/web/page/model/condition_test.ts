import assert from "node:assert/strict";
import { ENGLISH } from "../../../../../src/web/page/messages/en.ts";
import {
  conditionOf,
  firstSentence,
  withoutFlags,
} from "../../../../../src/web/page/model/condition.ts";
import type { DeviceView } from "../../../../../src/web/page/model/device.ts";

const view = (changes: Partial<DeviceView> = {}): DeviceView => ({
  name: "bed-1",
  silent: false,
  stale: false,
  duplicate: false,
  agoMs: 0,
  metricsAgoMs: 0,
  pulse: { value: 70 },
  breathing: { value: 15 },
  apnea: false,
  simulated: false,
  status: { name: "OK", message: "Good signal." },
  ...changes,
});

const sentences = (changes: Partial<DeviceView>) => {
  const { operator, person } = conditionOf(view(changes), ENGLISH);
  return [operator, person];
};

Deno.test("conditionOf() never says that the signal is good while a value is withheld", () => {
  assert.deepEqual(sentences({ pulse: { withheld: "motion" } }), [
    "Too much motion",
    "Please hold still for a few seconds.",
  ]);
  assert.equal(sentences({ breathing: { withheld: "no_chest" } })[0], "Chest not visible");
  assert.deepEqual(sentences({}), ["Good signal.", "Good: please keep still."]);
});

Deno.test("conditionOf() prefers silence to the last status, and the status to a reason", () => {
  const status = { name: "IMAGE_TOO_DARK", message: "" };
  assert.equal(sentences({ status, silent: true, agoMs: 7000 })[0], "No data for 7 s");
  assert.match(sentences({ status, pulse: { withheld: "motion" } })[0]!, /^The image is too dark/);
  assert.match(sentences({ status, duplicate: true })[0]!, /^Two devices/);
  assert.equal(sentences({ stale: true, metricsAgoMs: 4000 })[0], "No measurement for 4 s");
  assert.equal(sentences({ stale: true, metricsAgoMs: Infinity })[0], "No measurement yet");
});

Deno.test("conditionOf() shows a status or reason that it does not know, without flags", () => {
  const status = { name: "NEW", message: "Lens is dirty. Set --lens_cleaner, or wipe it." };
  assert.equal(sentences({ status })[0], "Lens is dirty.");
  assert.equal(sentences({ pulse: { withheld: "toString" } })[0], "Withheld: toString");
});

Deno.test("withoutFlags() keeps sentences and removes those that name a flag", () => {
  assert.equal(
    withoutFlags("Redis refuses: set --redis_password. Ask the administrator."),
    "Redis refuses: Ask the administrator.",
  );
  assert.equal(withoutFlags("The server stops: raise --limit"), "The server stops.");
  assert.equal(withoutFlags("A part--part is no flag."), "A part--part is no flag.");
});

Deno.test("firstSentence() keeps what a tile has room for", () => {
  const texts = ["No face is visible. Face the camera.", "New face: measuring again", "Motion", ""];
  assert.deepEqual(texts.map(firstSentence), ["No face is visible.", "New face", "Motion", ""]);
});
