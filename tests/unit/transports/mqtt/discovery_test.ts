import assert from "node:assert/strict";
import { STATUS_NAMES } from "../../../../src/vitals/condition/status_table.ts";
import { discoveryPayload } from "../../../../src/transports/mqtt/discovery.ts";
import { topicsOf } from "../../../../src/transports/mqtt/topics.ts";

const DEVICE = {
  device: "bed-7",
  topics: topicsOf({ prefix: "physiology", device: "bed-7", discoveryPrefix: "homeassistant" }),
};
const PAYLOAD = discoveryPayload({ ...DEVICE, hasPictures: true });

/**
 * Keys that Home Assistant documents for its MQTT integration (home-assistant.io, "MQTT discovery",
 * "MQTT sensor", "MQTT binary sensor", "MQTT switch", "MQTT Camera"), as far as they are used or
 * plausible here. It ignores others silently, so a misspelled key would have no effect.
 */
const COMMON = ["platform", "unique_id", "name", "icon", "entity_category", "value_template"];
const ENTITY_KEYS: Readonly<Record<string, readonly string[]>> = {
  sensor: [
    ...COMMON,
    "device_class",
    "expire_after",
    "options",
    "state_class",
    "suggested_display_precision",
    "unit_of_measurement",
  ],
  binary_sensor: [...COMMON, "device_class", "expire_after", "off_delay"],
  switch: [...COMMON, "command_topic", "payload_on", "payload_off", "device_class", "optimistic"],
  camera: ["platform", "unique_id", "name", "icon", "entity_category", "topic", "image_encoding"],
};
const DEVICE_KEYS = ["identifiers", "name", "manufacturer", "model", "sw_version"];
/** Options that a device may share with its entities, beside `device`, `origin` and `components`. */
const SHARED_KEYS = [
  "state_topic",
  "availability_topic",
  "payload_available",
  "payload_not_available",
  "qos",
];

Deno.test("discoveryPayload() uses only keys of Home Assistant's device discovery", () => {
  const { device, origin, components, ...shared } = PAYLOAD;
  assert.deepEqual(Object.keys(device).toSorted(), DEVICE_KEYS.toSorted());
  assert.deepEqual(Object.keys(origin).toSorted(), ["name", "sw_version"]);
  assert.deepEqual(Object.keys(shared).toSorted(), SHARED_KEYS.toSorted());
  for (const [key, entity] of Object.entries(components)) {
    const allowed = ENTITY_KEYS[entity.platform as string]!;
    assert.deepEqual(Object.keys(entity).filter((name) => !allowed.includes(name)), [], key);
  }
});

Deno.test("discoveryPayload() has the entities of the device, each with its own id", () => {
  const entities = Object.entries(PAYLOAD.components);
  assert.deepEqual(entities.map(([key, { platform }]) => [key, platform]), [
    ["pulse", "sensor"],
    ["pulse_confidence", "sensor"],
    ["breathing", "sensor"],
    ["breathing_confidence", "sensor"],
    ["status", "sensor"],
    ["presence", "binary_sensor"],
    ["recording", "switch"],
    ["camera", "camera"],
  ]);
  assert.deepEqual(
    entities.map(([, { unique_id }]) => unique_id),
    entities.map(([key]) => `physiology_bed-7_${key}`),
  );
});

Deno.test("discoveryPayload() lets vital signs expire after 3 s", () => {
  const expiring = Object.entries(PAYLOAD.components as Record<string, Record<string, unknown>>)
    .filter(([, entity]) => entity["expire_after"] === 3).map(([key]) => key);
  assert.deepEqual(expiring, [
    "pulse",
    "pulse_confidence",
    "breathing",
    "breathing_confidence",
    "presence",
  ]);
});

Deno.test("discoveryPayload() has a camera only with pictures, which are raw bytes on its topic", () => {
  const { camera } = PAYLOAD.components as Record<string, Record<string, unknown>>;
  assert.deepEqual(camera, {
    platform: "camera",
    unique_id: "physiology_bed-7_camera",
    name: "Camera",
    topic: "physiology/bed-7/picture",
  });
  const { components: without } = discoveryPayload({ ...DEVICE, hasPictures: false });
  const { camera: _camera, ...others } = PAYLOAD.components as Record<string, unknown>;
  assert.deepEqual(without, others);
});

Deno.test("discoveryPayload() lists every status, as an enum sensor requires", () => {
  const { status } = PAYLOAD.components as Record<string, Record<string, unknown>>;
  assert.deepEqual(status!["options"], Object.keys(STATUS_NAMES));
  assert.equal("unit_of_measurement" in status! || "state_class" in status!, false);
});

Deno.test("discoveryPayload() is the example of docs/MQTT.md", () => {
  const page = Deno.readTextFileSync(new URL("../../../../docs/MQTT.md", import.meta.url));
  const examples = [...page.matchAll(/```json\n(.*?)```/gs)].map(([, text = ""]) => text);
  assert.deepEqual(JSON.parse(examples.at(-1)!), JSON.parse(JSON.stringify(PAYLOAD)));
});
