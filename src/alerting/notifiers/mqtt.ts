import type { JsonObject } from "../../base/json_document.ts";
import { isLoopback } from "../../base/loopback.ts";
import { readCertificate } from "../../base/pem.ts";
import { serverNameOf } from "../../base/server_name.ts";
import { definedPaths, hostAndPort } from "../../config/permissions.ts";
import { readSecretFile } from "../../config/secret_file.ts";
import { Counters } from "../../telemetry/counters.ts";
import { brokerAddress } from "../../transports/mqtt/flags.ts";
import type { MqttOptions } from "../../transports/mqtt/options.ts";
import { DeliveryError, type NotifierKind } from "../notifier.ts";

const URL_PATTERN = {
  regex: /^mqtts?:\/\/(?:[^\s/@:[\]?#]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?\/?$/,
  description: "mqtt://HOST:PORT or mqtts://HOST:PORT",
  isHidden: true,
};
const TOPIC = {
  regex: /^(?!\$)[^\s/+#\p{Cc}]{1,100}(?:\/[^\s/+#\p{Cc}]{1,100}){0,9}$/u,
  description: "levels of a topic without spaces, + and #",
};

/**
 * Publishes each alert as JSON to a topic of an MQTT 5 broker, with QoS 1; `{topic}/availability` is
 * `online` or, by the Last Will, `offline`.
 */
export const mqtt: NotifierKind = (object) => {
  const { host, port, tls } = addressOf(object);
  const topic = object.get("topic")?.string(TOPIC) ?? "physiology/alerts";
  const username = object.get("username")?.string();
  const passwordPath = object.get("password_file")?.string();
  const caPath = object.get("tls_ca_file")?.string();
  const clientId = object.get("client_id")?.string() ?? "physiology_server-alert";
  return {
    permissions: { read: definedPaths(passwordPath, caPath), net: [hostAndPort(host, port)] },
    open: async ({ log }) => {
      const options: MqttOptions = {
        host,
        port,
        tls: tls
          ? () => ({
            minVersion: "TLSv1.2",
            ...serverNameOf(host),
            ...caPath !== undefined && { ca: readCertificate(caPath, "TLS file") },
          })
          : undefined,
        ...username !== undefined && { username },
        ...passwordPath !== undefined && { password: readSecretFile(passwordPath).reveal() },
        clientId,
      };
      options.tls?.();
      const { MqttLink } = await import("../../transports/mqtt/mqtt_link.ts");
      const availability = (payload: string) => ({
        topic: `${topic}/availability`,
        payload,
        retained: true,
      });
      const link = new MqttLink({
        ...options,
        lastWill: availability("offline"),
        onConnect: () => void link.publish(availability("online")),
        counters: new Counters(),
        log,
      });
      link.start();
      return {
        async send(alert, signal) {
          const sent = await link.deliver({ topic, payload: JSON.stringify(alert) }, signal);
          if (!sent) throw new DeliveryError("the broker has not acknowledged it", { retry: true });
        },
        [Symbol.asyncDispose]: () => link.close(),
      };
    },
  };
};

function addressOf(object: JsonObject) {
  const node = object.require("url");
  const address = brokerAddress(node.string(URL_PATTERN));
  const allowPlaintext = object.get("allow_plaintext")?.boolean() ?? false;
  if (!address.tls && !allowPlaintext && !isLoopback(address.host)) {
    throw node.error(
      `others on the network could read what is sent to ${address.host}: use mqtts://, or add ` +
        `"allow_plaintext": true`,
    );
  }
  return address;
}
