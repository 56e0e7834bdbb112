import type { Outlet } from "../outlet.ts";
import {
  deviceIdOf,
  mqttFlags,
  mqttPermissions,
  mqttPolicy,
  mqttRules,
  type WithMqtt,
} from "./flags.ts";
import { mqttOptions } from "./options.ts";
import { topicsOf } from "./topics.ts";

/** Publishing to an MQTT broker, with discovery by Home Assistant. */
export const mqttOutlet = {
  topics: { mqtt: mqttFlags },
  rules: mqttRules,
  policies: [mqttPolicy],
  isSelected: ({ mqtt }) => mqtt.url !== undefined,
  permissions: mqttPermissions,
  check(settings) {
    mqttOptions(settings).tls?.();
  },
  async open(settings, context) {
    const options = mqttOptions(settings);
    options.tls?.();
    const { MqttSink } = await import("./mqtt_sink.ts");
    const { mqtt, vitals } = settings;
    const device = deviceIdOf(settings);
    const topics = topicsOf({
      prefix: mqtt.topicPrefix,
      device,
      discoveryPrefix: mqtt.discoveryPrefix,
    });
    const { bufferDurationS } = vitals;
    const { pictureIntervalS } = mqtt;
    const sink = new MqttSink(
      { ...options, topics, device, bufferDurationS, pictureIntervalS },
      context,
    );
    return { sink, [Symbol.asyncDispose]: () => sink[Symbol.asyncDispose]() };
  },
} as const satisfies Outlet<
  WithMqtt & { readonly vitals: { readonly bufferDurationS: number } }
>;
