import assert from "node:assert/strict";
import { discoveryPayload } from "../../../../src/transports/mqtt/discovery.ts";
import type { DeviceState } from "../../../../src/transports/mqtt/state.ts";
import { topicsOf } from "../../../../src/transports/mqtt/topics.ts";
import { PYTHON } from "../../../support/program.ts";

/** Renders templates with Jinja, which Home Assistant uses, for a state in `value_json`. */
const RENDER = `
import json, sys
import jinja2
data = json.load(sys.stdin)
environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
json.dump({key: environment.from_string(text).render(value_json=data["state"])
           for key, text in data["templates"].items()}, sys.stdout)
`;

async function render(state: DeviceState): Promise<Record<string, string>> {
  const topics = topicsOf({ prefix: "p", device: "d", discoveryPrefix: "h" });
  const { components } = discoveryPayload({ device: "d", topics, hasPictures: false });
  const templates = Object.fromEntries(
    Object.entries(components).flatMap(([key, entity]) =>
      "value_template" in entity ? [[key, entity.value_template]] : []
    ),
  );
  const child = new Deno.Command(PYTHON, {
    args: ["-c", RENDER],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify({ templates, state })));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  assert(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("discoveryPayload() renders None, which is unknown, for every missing key", async () => {
  const rendered = await render({});
  assert.deepEqual(new Set(Object.values(rendered)), new Set(["None"]));
});

Deno.test("discoveryPayload() renders the values of a state", async () => {
  const rendered = await render({
    pulse: 71.5,
    pulse_confidence: 0.954,
    breathing: 14.2,
    breathing_confidence: 0.9,
    status: "OK",
    recording: true,
  });
  assert.deepEqual(rendered, {
    pulse: "71.5",
    pulse_confidence: "95.0",
    breathing: "14.2",
    breathing_confidence: "90.0",
    status: "OK",
    presence: "ON",
    recording: "ON",
  });
  assert.equal((await render({ recording: false })).recording, "OFF");
});

Deno.test("discoveryPayload() renders the presence of a face", async () => {
  for (
    const [withheld_pulse, presence] of [
      ["no_face", "OFF"],
      ["warming_up", "ON"],
      ["motion", "ON"],
      ["face_changed", "ON"],
      ["camera_disconnected", "None"],
      ["frozen", "None"],
      ["too_dark", "None"],
      ["too_bright", "None"],
    ] as const
  ) {
    const rendered = await render({ withheld_pulse });
    assert.deepEqual([rendered.presence, rendered.pulse], [presence, "None"], withheld_pulse);
  }
});
