import assert from "node:assert/strict";
import { FLAGS, load, selectedOutlets } from "../../../../src/app/flags.ts";
import { ConfigError, UsageError } from "../../../../src/base/errors.ts";
import { brokerAddress, deviceIdOf, mqttFlags } from "../../../../src/transports/mqtt/flags.ts";
import { exitErrorOf } from "../../../support/exit_error.ts";
import { accepts, defaultsOf } from "../../../support/flag_limits.ts";

function settingsOf(...argv: string[]) {
  return load(["--simulate", ...argv], { env: {}, readText: () => "secret\n" }).settings;
}

const errorOf = (...argv: string[]) => exitErrorOf(() => settingsOf(...argv));

Deno.test("mqttFlags have the documented defaults, and no broker", () => {
  assert.deepEqual(defaultsOf(mqttFlags), {
    password: "",
    allowPlaintext: false,
    topicPrefix: "physiology",
    discoveryPrefix: "homeassistant",
    pictureIntervalS: 0,
  });
  assert.deepEqual(selectedOutlets(settingsOf()), []);
  assert.equal(selectedOutlets(settingsOf("--mqtt_url=mqtt://localhost")).length, 1);
});

Deno.test("brokerAddress() has the ports of the protocol by default, and accepts IPv6", () => {
  for (
    const [url, expected] of [
      ["mqtt://broker", { host: "broker", port: 1883, tls: false }],
      ["mqtts://broker", { host: "broker", port: 8883, tls: true }],
      ["mqtt://10.0.0.1:1884/", { host: "10.0.0.1", port: 1884, tls: false }],
      ["mqtts://[::1]:8884", { host: "::1", port: 8884, tls: true }],
      ["mqtt://[fd00::1]", { host: "fd00::1", port: 1883, tls: false }],
    ] as const
  ) {
    assert(accepts(mqttFlags, "url", url), url);
    assert.deepEqual(brokerAddress(url), expected);
  }
});

Deno.test("mqttFlags reject user information, other schemes and paths in the URL", () => {
  for (
    const url of [
      "mqtt://user:hunter2@broker",
      "mqtt://hunter2@broker:1883",
      "ws://broker",
      "http://broker",
      "broker:1883",
      "mqtt://broker/path",
      "mqtt://broker?password=hunter2",
      "mqtt://broker:port",
      "mqtt://bro ker",
    ]
  ) {
    const error = errorOf(`--mqtt_url=${url}`);
    assert(error instanceof UsageError, url);
    assert(!error.message.includes("hunter2"), error.message);
  }
});

Deno.test("mqttFlags reject wildcards and empty levels in topics", () => {
  for (const prefix of ["a", "ward/3", "zigbee-2.x"]) {
    assert(accepts(mqttFlags, "topicPrefix", prefix), prefix);
    assert(accepts(mqttFlags, "discoveryPrefix", prefix), prefix);
  }
  for (const prefix of ["a/", "/a", "a//b", "+", "a/#", "$SYS", "a b"]) {
    assert(!accepts(mqttFlags, "topicPrefix", prefix), prefix);
    assert(!accepts(mqttFlags, "discoveryPrefix", prefix), prefix);
  }
  assert(!accepts(mqttFlags, "topicPrefix", ""));
  assert(accepts(mqttFlags, "discoveryPrefix", ""));
  for (const id of ["bed/7", "bed 7", "béd", "+", "x".repeat(101)]) {
    assert(!accepts(mqttFlags, "deviceId", id), id);
  }
});

Deno.test("deviceIdOf() is the key prefix unless a name is given, and must be valid in a topic", () => {
  const url = "--mqtt_url=mqtt://localhost";
  assert.equal(deviceIdOf(settingsOf(url)), "physiology");
  assert.equal(deviceIdOf(settingsOf(url, "--redis_key_prefix=bed-7")), "bed-7");
  assert.equal(deviceIdOf(settingsOf(url, "--mqtt_device_id=bed-8")), "bed-8");
  const prefix = "--redis_key_prefix=ward:bed/7";
  assert.match(errorOf(url, prefix)!.message, /add --mqtt_device_id$/);
  assert.equal(errorOf(url, prefix, "--mqtt_device_id=bed-7"), undefined);
  assert.equal(errorOf(prefix), undefined);
});

for (
  const [argv, message, resolution] of [
    [["--mqtt_username=a"], /add --mqtt_url$/, ["--mqtt_url=mqtt://localhost"]],
    [["--mqtt_password=a"], /add --mqtt_url$/, ["--mqtt_url=mqtt://localhost"]],
    [["--mqtt_picture_interval_s=0.1"], /add --mqtt_url$/, ["--mqtt_url=mqtt://localhost"]],
    [
      ["--mqtt_url=mqtt://localhost", "--mqtt_picture_interval_s=1", "--frame_publish=never"],
      /without frames: remove --frame_publish=never or --mqtt_picture_interval_s$/,
      ["--frame_publish=on_demand"],
    ],
    [["--mqtt_url=mqtt://localhost:0"], /from 1 to 65535: current value is 0$/, [
      "--mqtt_url=mqtt://localhost:1",
    ]],
    [["--mqtt_url=mqtt://localhost:65536"], /current value is 65536$/, [
      "--mqtt_url=mqtt://localhost:65535",
    ]],
    [["--mqtt_url=mqtts://a", "--mqtt_tls_cert_path=a"], /alone: give both$/, [
      "--mqtt_tls_key_path=b",
    ]],
    [["--mqtt_url=mqtt://a", "--mqtt_tls_ca_path=a"], /with mqtts:\/\/$/, [
      "--mqtt_url=mqtts://a",
    ]],
  ] as const
) {
  Deno.test(`load() rejects ${argv.join(" ")} without ${resolution.join(" ")}`, () => {
    const error = errorOf(...argv);
    assert(error instanceof UsageError);
    assert.match(error.message, message);
    const changed = argv.filter((arg) =>
      !resolution.some((other) => other.split("=")[0] === arg.split("=")[0])
    );
    assert.equal(errorOf(...changed, ...resolution), undefined);
  });
}

Deno.test("mqttPolicy refuses a password without TLS beyond loopback", () => {
  const password = "--mqtt_password_file=/password";
  const refused = errorOf("--mqtt_url=mqtt://broker", password);
  assert(refused instanceof ConfigError);
  assert.equal(
    refused.message,
    "Cannot send the password to MQTT at broker without TLS: begin --mqtt_url with mqtts://, or " +
      "add --mqtt_allow_plaintext",
  );
  for (const host of ["localhost", "127.0.0.1", "[::1]"]) {
    assert.equal(errorOf(`--mqtt_url=mqtt://${host}`, password), undefined);
  }
  assert.equal(errorOf("--mqtt_url=mqtts://broker", password), undefined);
  assert.equal(errorOf("--mqtt_url=mqtt://broker", password, "--mqtt_allow_plaintext"), undefined);
  assert.equal(errorOf("--mqtt_url=mqtt://broker"), undefined);
  const { settings } = load(
    ["--simulate", "--mqtt_url=mqtt://broker", password, "--mqtt_allow_plaintext"],
    { env: {}, readText: () => "secret\n" },
  );
  const plain = { ...settings, mqtt: { ...settings.mqtt, allowPlaintext: false } };
  const refusals = (["serve", "check-config", "install", "print-config"] as const)
    .map((command) => FLAGS.refusalOf(command, plain) !== undefined);
  assert.deepEqual(refusals, [true, true, true, false]);
});

Deno.test("mqttPolicy refuses pictures without TLS beyond loopback", () => {
  const pictures = "--mqtt_picture_interval_s=10";
  const refused = errorOf("--mqtt_url=mqtt://broker", pictures);
  assert(refused instanceof ConfigError);
  assert.equal(
    refused.message,
    "Cannot send pictures to MQTT at broker without TLS: begin --mqtt_url with mqtts://, or " +
      "add --mqtt_allow_plaintext",
  );
  assert.equal(errorOf("--mqtt_url=mqtt://[::1]", pictures), undefined);
  assert.equal(errorOf("--mqtt_url=mqtts://broker", pictures), undefined);
  assert.equal(errorOf("--mqtt_url=mqtt://broker", pictures, "--mqtt_allow_plaintext"), undefined);
});
