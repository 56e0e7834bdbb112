import { isLoopback } from "../../base/loopback.ts";
import type { CommandName } from "../../config/command_names.ts";
import {
  bool,
  float,
  optionalPath,
  optionalText,
  secret,
  text,
  topic,
  type ValuesOf,
} from "../../config/flag.ts";
import type { Policy, Rule } from "../../config/flag_table.ts";
import { definedPaths, hostAndPort, type PermissionsOf } from "../../config/permissions.ts";
import { NO_SECRET } from "../../config/secret.ts";
import type { FramePublishPolicy } from "../../frames/pacing.ts";

/** Levels of a topic, without wildcards, empty levels and a `$` that is reserved for the broker. */
const TOPIC = /^(?!\$)[^\s/+#\p{Cc}]{1,100}(?:\/[^\s/+#\p{Cc}]{1,100}){0,9}$/u;
/** Characters that Home Assistant accepts in a discovery topic; also a valid level of a topic. */
const DEVICE_ID = /^[A-Za-z0-9_-]{1,100}$/;
const DEVICE_ID_DESCRIPTION = "1 to 100 letters, digits, _ or -";

/** The connection to an MQTT broker, which runs beside any transport. */
export const mqttFlags = topic("MQTT", ["serve"], {
  url: optionalText(
    "mqtt_url",
    "Also publish to the MQTT 5 broker at this URL, mqtt://HOST:PORT or mqtts://HOST:PORT (TLS).",
    {
      placeholder: "URL",
      pattern: {
        // User information would be readable in the list of processes and in print-config.
        regex: /^mqtts?:\/\/(?:[^\s/@:[\]?#]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?\/?$/,
        description:
          "mqtt://HOST:PORT or mqtts://HOST:PORT (user name and password have flags of their own)",
      },
    },
  ),
  username: optionalText("mqtt_username", "User name for the MQTT broker.", {
    placeholder: "NAME",
  }),
  password: secret(
    "mqtt_password",
    "Password for the MQTT broker; prefer --mqtt_password_file.",
    {
      default: NO_SECRET,
      secretFrom: { fileFlag: "mqtt_password_file", credential: "mqtt_password" },
    },
  ),
  passwordFile: optionalPath(
    "mqtt_password_file",
    "File that contains the password for the MQTT broker.",
  ),
  allowPlaintext: bool(
    "mqtt_allow_plaintext",
    "Send the MQTT password and pictures without TLS to hosts other than loopback: others on the " +
      "network can read them, and the vital signs.",
  ),
  tlsCaPath: optionalPath(
    "mqtt_tls_ca_path",
    "PEM file of the certificate authorities for the MQTT broker; default: those of Deno.",
  ),
  tlsCertPath: optionalPath(
    "mqtt_tls_cert_path",
    "PEM file with the client certificate for the MQTT broker.",
  ),
  tlsKeyPath: optionalPath(
    "mqtt_tls_key_path",
    "PEM file with the private key of the client certificate.",
  ),
  topicPrefix: text("mqtt_topic_prefix", "First levels of every MQTT topic.", {
    default: "physiology",
    placeholder: "PREFIX",
    pattern: { regex: TOPIC, description: "levels of a topic without spaces, + and #" },
  }),
  deviceId: optionalText(
    "mqtt_device_id",
    "Name of this device in MQTT topics; default: the key prefix of Redis.",
    {
      placeholder: "ID",
      pattern: { regex: DEVICE_ID, description: DEVICE_ID_DESCRIPTION },
    },
  ),
  discoveryPrefix: text(
    "mqtt_discovery_prefix",
    "Discovery prefix of Home Assistant; empty: no discovery.",
    {
      default: "homeassistant",
      placeholder: "PREFIX",
      pattern: {
        regex: new RegExp(`^$|${TOPIC.source}`, "u"),
        description: "empty, or levels of a topic without spaces, + and #",
      },
    },
  ),
  pictureIntervalS: float(
    "mqtt_picture_interval_s",
    "Seconds between two pictures of the camera on MQTT, for Home Assistant; 0: none.",
    { default: 0, range: [0, 86_400], placeholder: "S" },
  ),
});

export type MqttSettings = ValuesOf<typeof mqttFlags>;

/** The settings that concern MQTT. */
export interface WithMqtt {
  readonly mqtt: MqttSettings;
  readonly redis: { readonly keyPrefix: string };
  readonly publish: { readonly framePublish: FramePublishPolicy };
}

/** The address of a broker. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

/** Parses a URL that the pattern of `--mqtt_url` accepts. */
export function brokerAddress(url: string): BrokerAddress {
  const [, scheme, host = "", port] = /^(mqtts?):\/\/(.+?)(?::(\d+))?\/?$/.exec(url)!;
  const tls = scheme === "mqtts";
  return {
    host: host.replaceAll(/[[\]]/g, ""),
    port: port === undefined ? (tls ? 8883 : 1883) : Number(port),
    tls,
  };
}

/** Returns the name of this device in topics. */
export function deviceIdOf({ mqtt, redis }: Pick<WithMqtt, "mqtt" | "redis">): string {
  return mqtt.deviceId ?? redis.keyPrefix;
}

export const mqttRules: readonly Rule<WithMqtt>[] = [
  ({ mqtt }) => {
    if (mqtt.url !== undefined) return undefined;
    const { username, password, tlsCaPath, tlsCertPath, tlsKeyPath, deviceId } = mqtt;
    const isUsed = username ?? tlsCaPath ?? tlsCertPath ?? tlsKeyPath ?? deviceId;
    return isUsed !== undefined || !password.isEmpty || mqtt.pictureIntervalS > 0
      ? "Cannot use mqtt_* without a broker: add --mqtt_url"
      : undefined;
  },
  ({ mqtt }) => {
    if (mqtt.url === undefined) return undefined;
    const { port } = brokerAddress(mqtt.url);
    return port < 1 || port > 65535
      ? `Cannot use the port of mqtt_url: it must be an integer from 1 to 65535: current value is ${port}`
      : undefined;
  },
  ({ mqtt }) =>
    Boolean(mqtt.tlsCertPath) !== Boolean(mqtt.tlsKeyPath)
      ? "Cannot use one of mqtt_tls_cert_path and mqtt_tls_key_path alone: give both"
      : undefined,
  ({ mqtt }) =>
    mqtt.url !== undefined && !brokerAddress(mqtt.url).tls && (mqtt.tlsCaPath || mqtt.tlsCertPath)
      ? "Cannot use mqtt_tls_* without TLS: begin --mqtt_url with mqtts://"
      : undefined,
  (settings) =>
    settings.mqtt.url !== undefined && !DEVICE_ID.test(deviceIdOf(settings))
      ? `Cannot use redis_key_prefix as the name of the device in MQTT: it must be ${DEVICE_ID_DESCRIPTION}: ` +
        "add --mqtt_device_id"
      : undefined,
  ({ mqtt, publish }) =>
    mqtt.pictureIntervalS > 0 && publish.framePublish === "never"
      ? "Cannot publish pictures to MQTT without frames: remove --frame_publish=never or " +
        "--mqtt_picture_interval_s"
      : undefined,
];

/** The commands that connect to the broker, or check that they could. */
const CONNECTING: readonly CommandName[] = ["serve", "check-config", "install"];

/** Refuses a password and pictures without TLS beyond loopback. */
export const mqttPolicy: Policy<WithMqtt> = ({ mqtt }, command) => {
  const { url, password, pictureIntervalS, allowPlaintext } = mqtt;
  if (url === undefined || allowPlaintext || !CONNECTING.includes(command)) return undefined;
  const { host, tls } = brokerAddress(url);
  if (tls || isLoopback(host)) return undefined;
  const remedy = "begin --mqtt_url with mqtts://, or add --mqtt_allow_plaintext";
  if (!password.isEmpty) {
    return `Cannot send the password to MQTT at ${host} without TLS: ${remedy}`;
  }
  return pictureIntervalS > 0
    ? `Cannot send pictures to MQTT at ${host} without TLS: ${remedy}`
    : undefined;
};

export const mqttPermissions: PermissionsOf<WithMqtt> = ({ mqtt }) => {
  if (mqtt.url === undefined) return {};
  const { host, port } = brokerAddress(mqtt.url);
  return {
    read: definedPaths(mqtt.tlsCaPath, mqtt.tlsCertPath, mqtt.tlsKeyPath),
    net: [hostAndPort(host, port)],
  };
};
