import { VERSION } from "../../base/version.ts";
import { STATUS_NAMES } from "../../vitals/condition/status_table.ts";
import type { MqttTopics } from "./topics.ts";

/** Seconds without a message after which Home Assistant shows a vital sign as unavailable. */
const EXPIRE_AFTER_S = 3;

/** Reasons for withholding the pulse that do not say whether a person is present. */
const PRESENCE_UNKNOWN = ["camera_disconnected", "frozen", "too_dark", "too_bright"];

/**
 * Returns the payload of Home Assistant's device discovery (MQTT integration, "Discovery payload":
 * `device`, `origin` and `components` are required). Each template renders `None`, which Home
 * Assistant shows as unknown, if the state lacks its key.
 */
export function discoveryPayload(
  { device, topics, hasPictures }: {
    readonly device: string;
    readonly topics: MqttTopics;
    /** True if pictures are published. */
    readonly hasPictures: boolean;
  },
) {
  const sensor = (key: string, name: string, options: Readonly<Record<string, unknown>>) => ({
    [key]: {
      platform: "sensor",
      unique_id: `physiology_${device}_${key}`,
      name,
      value_template: valueTemplate(key),
      ...options,
    },
  });
  return {
    device: {
      identifiers: [`physiology_${device}`],
      name: device,
      manufacturer: "physiology_server",
      model: "Camera for pulse and breathing",
      sw_version: VERSION,
    },
    origin: { name: "physiology_server", sw_version: VERSION },
    state_topic: topics.state,
    availability_topic: topics.availability,
    payload_available: "online",
    payload_not_available: "offline",
    qos: 0,
    components: {
      ...sensor("pulse", "Pulse", vital("bpm", "mdi:heart-pulse")),
      ...sensor("pulse_confidence", "Pulse confidence", confidence("pulse_confidence")),
      ...sensor("breathing", "Breathing", vital("breaths/min", "mdi:lungs")),
      ...sensor("breathing_confidence", "Breathing confidence", confidence("breathing_confidence")),
      ...sensor("status", "Status", {
        device_class: "enum",
        options: Object.keys(STATUS_NAMES),
        entity_category: "diagnostic",
      }),
      presence: {
        platform: "binary_sensor",
        unique_id: `physiology_${device}_presence`,
        name: "Presence",
        device_class: "occupancy",
        value_template: PRESENCE_TEMPLATE,
        expire_after: EXPIRE_AFTER_S,
      },
      recording: {
        platform: "switch",
        unique_id: `physiology_${device}_recording`,
        name: "Recording",
        icon: "mdi:record-rec",
        command_topic: topics.recordingSet,
        payload_on: "ON",
        payload_off: "OFF",
        value_template: "{{ ('ON' if value_json.recording else 'OFF') " +
          "if value_json.recording is defined else None }}",
      },
      ...hasPictures
        ? {
          // Without `image_encoding`, the message is the image itself.
          camera: {
            platform: "camera",
            unique_id: `physiology_${device}_camera`,
            name: "Camera",
            topic: topics.picture,
          },
        }
        : {},
    },
  };
}

function vital(unit: string, icon: string) {
  return {
    unit_of_measurement: unit,
    state_class: "measurement",
    suggested_display_precision: 0,
    expire_after: EXPIRE_AFTER_S,
    icon,
  };
}

function confidence(key: string) {
  return {
    unit_of_measurement: "%",
    state_class: "measurement",
    entity_category: "diagnostic",
    expire_after: EXPIRE_AFTER_S,
    value_template: `{{ (value_json.${key} * 100) | round(0) ` +
      `if value_json.${key} is defined else None }}`,
  };
}

function valueTemplate(key: string): string {
  return `{{ value_json.${key} if value_json.${key} is defined else None }}`;
}

/** A face is present if a pulse is measured, or withheld for a reason that requires a face. */
const PRESENCE_TEMPLATE =
  "{% if value_json.withheld_pulse is defined and value_json.pulse is not defined %}" +
  "{{ 'OFF' if value_json.withheld_pulse == 'no_face' else " +
  `None if value_json.withheld_pulse in ${pythonList(PRESENCE_UNKNOWN)} else 'ON' }}` +
  "{% else %}{{ 'ON' if value_json.pulse is defined else None }}{% endif %}";

function pythonList(words: readonly string[]): string {
  return `[${words.map((word) => `'${word}'`).join(", ")}]`;
}
