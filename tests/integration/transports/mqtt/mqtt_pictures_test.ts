import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { TemporaryFolder } from "../../../support/clips.ts";
import { FakeMqttBroker } from "../../../support/fake_mqtt_broker.ts";
import { frame } from "../../../support/messages.ts";
import { startMosquitto } from "../../../support/mosquitto.ts";
import { coreMetrics, SinkUnderTest } from "../../../support/mqtt_sink.ts";
import { probeStream } from "../../../support/probe_stream.ts";
import { startProgram } from "../../../support/physiology_server.ts";
import { waitFor } from "../../../support/wait.ts";

const BASE = "physiology/bed-7";
const PICTURE = `${BASE}/picture`;
const CONFIG = "homeassistant/device/bed-7/config";

/** Returns the next payload of a topic, as the client of Mosquitto receives it. */
async function receive(port: number, topic: string): Promise<Uint8Array<ArrayBuffer>> {
  const { success, stdout, stderr } = await new Deno.Command("mosquitto_sub", {
    args: ["-p", `${port}`, "-t", topic, "-C", "1", "-N", "-W", "60"],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return stdout;
}

/** Returns the size of a JPEG as ffprobe decodes it. */
async function sizeOf(jpeg: Uint8Array<ArrayBuffer>): Promise<string> {
  using folder = new TemporaryFolder();
  const path = folder.file("picture.jpg");
  Deno.writeFileSync(path, jpeg);
  return await probeStream(path);
}

Deno.test("serve publishes pictures to MQTT that are the frames of the other receivers", async () => {
  await using broker = await startMosquitto();
  const observer = await broker.observe(`${BASE}/+`);
  const output = `${broker.folder}/output`;
  await using server = startProgram([
    "--simulate",
    "--blur_faces",
    "--streaming_backend=file",
    `--file_base_directory=${output}`,
    "--file_max_frame_count=100000",
    // So few that the queue of the files, which keeps the newest, drops none.
    "--frame_rate=2",
    `--mqtt_url=${broker.url}`,
    "--mqtt_device_id=bed-7",
    "--mqtt_picture_interval_s=1",
  ]);
  // The first pictures may be older than the files.
  await waitFor("a file", () => existsSync(output) && framesIn(output).length > 0);
  const picture = await receive(broker.port, PICTURE);
  assert.equal(await sizeOf(picture), "mjpeg,640,480");
  const { packet } = await observer.first(PICTURE);
  assert.deepEqual([packet.retain, packet.qos], [false, 1]);
  const late = await broker.observe();
  const config = JSON.parse((await late.first(CONFIG)).text);
  assert.equal(config.components.camera.topic, PICTURE);
  assert.deepEqual(late.all(PICTURE).filter(({ packet }) => packet.retain), []);
  await waitFor(
    `the ${picture.length} bytes of the picture among the files`,
    () => framesIn(output).some((jpeg) => equals(jpeg, picture)),
    { pollMs: 100 },
  );
  server.kill("SIGTERM");
  assert.equal((await server.ended).code, 0);
});

function framesIn(folder: string): Uint8Array[] {
  return [...Deno.readDirSync(folder)].filter(({ name }) => name.startsWith("frame_"))
    .map(({ name }) => Deno.readFileSync(`${folder}/${name}`));
}

function equals(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

Deno.test("MqttSink wants no frames and announces no camera without an interval", async () => {
  await using broker = await startMosquitto();
  const observer = await broker.observe();
  await using device = new SinkUnderTest(broker.port);
  device.sink.start();
  const { text } = await observer.first(CONFIG);
  assert.equal("camera" in JSON.parse(text).components, false);
  assert.equal(device.sink.framesWanted, false);
  device.sink.offer(frame(1));
  await observer.first(`${BASE}/state`);
  assert.deepEqual(observer.all(PICTURE), []);
});

Deno.test("MqttSink wants no frames while the broker is frozen, and then publishes the newest", async () => {
  await using broker = await startMosquitto();
  await using device = new SinkUnderTest(broker.port, { pictureIntervalS: 0.01 });
  device.sink.start();
  await waitFor("the connection", () => device.sink.framesWanted);
  broker.freeze();
  device.sink.offer(frame(1, 500_000));
  // Far longer than the interval.
  for (let sequence = 2; sequence < 50; sequence++) {
    await waitFor("a tick", () => true, { pollMs: 1 });
    device.sink.offer(frame(sequence));
    assert.equal(device.sink.framesWanted, false);
  }
  broker.thaw();
  const observer = await broker.observe(PICTURE);
  await waitFor("the end of the frozen picture", () => device.sink.framesWanted);
  device.sink.offer(frame(50, 12_345));
  await waitFor(
    "the newest picture",
    () => observer.all(PICTURE).find(({ packet }) => packet.payload.length === 12_345),
  );
  assert(observer.all(PICTURE).length <= 2);
});

Deno.test("MqttSink counts a picture in flight when the broker is killed, and goes on after it", async () => {
  await using broker = await startMosquitto();
  await using device = new SinkUnderTest(broker.port, { pictureIntervalS: 0.01 });
  device.sink.start();
  await waitFor("the connection", () => device.sink.framesWanted);
  broker.freeze();
  device.sink.offer(frame(1));
  await broker.kill();
  const lost = { type: "picture", reason: "disconnected" };
  await waitFor("the loss", () => device.counters.get("mqtt_dropped_total", lost) === 1);
  assert.equal(device.sink.framesWanted, false);
  await broker.restart();
  const observer = await broker.observe(PICTURE);
  await waitFor("the connection", () => device.sink.framesWanted, { timeoutMs: 20_000 });
  device.sink.offer(frame(2));
  await observer.first(PICTURE);
});

Deno.test("MqttSink sends metrics while a picture is stuck on its connection", async () => {
  await using broker = new FakeMqttBroker();
  broker.readsFrom = (clientId) => !clientId.endsWith("-picture");
  await using device = new SinkUnderTest(broker.port, { pictureIntervalS: 0.01 });
  device.sink.start();
  const { counters } = device;
  await waitFor("the connections", () => counters.get("mqtt_connections_total") === 2);
  device.sink.offer(frame(1, 1 << 20));
  for (let sequence = 1; sequence <= 200; sequence++) device.offer(coreMetrics({ pulse: 60 }));
  assert.equal(counters.get("mqtt_published_total", { type: "core_metrics" }), 200);
  assert.equal(counters.get("mqtt_published_total", { type: "picture" }), 0);
});
