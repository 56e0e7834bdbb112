import { readCertificate, readKeyPair } from "../../base/pem.ts";
import { serverNameOf } from "../../base/server_name.ts";
import { brokerAddress, deviceIdOf, type MqttSettings, type WithMqtt } from "./flags.ts";

/** TLS settings of a connection. */
export interface MqttTls {
  readonly minVersion: "TLSv1.2";
  readonly servername?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** A connection to a broker. */
export interface MqttOptions {
  readonly host: string;
  readonly port: number;
  /**
   * Reads the TLS files; undefined without TLS.
   *
   * @throws {ConfigError} if one cannot be used
   */
  readonly tls: (() => MqttTls) | undefined;
  readonly username?: string;
  readonly password?: string;
  /**
   * The same at each connection, so that the broker ends an old connection of this device, with its
   * Last Will, before it accepts the new one.
   */
  readonly clientId: string;
}

/** Returns the options of the connection; `url` must be set. */
export function mqttOptions(settings: WithMqtt): MqttOptions {
  const { mqtt } = settings;
  const { host, port, tls } = brokerAddress(mqtt.url!);
  return {
    host,
    port,
    tls: tls ? () => readTls(host, mqtt) : undefined,
    ...mqtt.username === undefined ? {} : { username: mqtt.username },
    ...mqtt.password.isEmpty ? {} : { password: mqtt.password.reveal() },
    clientId: `physiology_server-${deviceIdOf(settings)}`,
  };
}

function readTls(host: string, { tlsCaPath, tlsCertPath, tlsKeyPath }: MqttSettings): MqttTls {
  return {
    minVersion: "TLSv1.2",
    ...serverNameOf(host),
    ...tlsCaPath ? { ca: readCertificate(tlsCaPath, "TLS file") } : {},
    ...tlsCertPath && tlsKeyPath
      ? readKeyPair({ certPath: tlsCertPath, keyPath: tlsKeyPath }, {
        cert: "TLS file",
        key: "TLS file",
      })
      : {},
  };
}
