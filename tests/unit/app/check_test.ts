import assert from "node:assert/strict";
import { checkSettings } from "../../../src/app/check.ts";
import { FLAGS, load } from "../../../src/app/flags.ts";
import { ExitError } from "../../../src/base/errors.ts";
import { recordingFile } from "../../support/camera_recording.ts";
import { ffmpeg } from "../../support/clips.ts";
import { temporaryFolder } from "../../support/folders.ts";

function check(...argv: string[]): Promise<void> {
  return checkSettings(load(argv, { env: {}, readText: () => "" }).settings);
}

Deno.test("checkSettings() accepts an input, a video with its times, and a folder for files", async () => {
  using folder = temporaryFolder();
  const [video, times] = [`${folder.path}/clip.avi`, `${folder.path}/times`];
  await ffmpeg("-f", "lavfi", "-i", "testsrc=size=64x48:rate=5:duration=1", "-c:v", "mjpeg", video);
  Deno.writeTextFileSync(times, "0\n200\n400\n600\n800\n");
  await using camera = await recordingFile({ fourcc: "GREY", width: 4, height: 4, frames: [] });
  await check("--use_camera", `--camera_device=${camera.path}`);
  await check(`--input_video_path=${video}`, `--input_video_time_path=${times}`);
  await check("--input_video_path=rtsp://camera.example/stream");
  await check(
    "--simulate",
    "--streaming_backend=file",
    `--file_base_directory=${folder.path}`,
    "--nofile_create_if_missing",
  );
});

for (
  const [what, argv, message] of [
    ["a missing video", ["--input_video_path=/none.mp4"], /^Cannot open \/none\.mp4: /],
    [
      "a missing camera",
      ["--use_camera", "--camera_device=/none"],
      /^Cannot open the camera \/none: No such file or directory$/,
    ],
    [
      "a file that is no camera",
      ["--use_camera", "--camera_device=/etc/passwd"],
      /^Cannot use \/etc\/passwd: it is not a video device$/,
    ],
    [
      "an invalid schedule",
      ["--simulate", "--simulate_breathing=15,12@9,13@3"],
      /^Cannot parse the rate schedule/,
    ],
    [
      "a truth file in a missing folder",
      ["--simulate", "--simulate_truth_path=/none/truth.csv"],
      /^Cannot write the ground truth to \/none\/truth\.csv: no such file/,
    ],
    [
      "a missing model",
      ["--simulate", "--pulse_model_path=/none.onnx"],
      /^Cannot use the pulse model \/none\.onnx: no such file or directory$/,
    ],
    [
      "a missing certificate for gRPC",
      ["--simulate", "--grpc_tls_cert_path=/none", "--grpc_tls_key_path=/none"],
      /^Cannot read the certificate for gRPC \/none: /,
    ],
    [
      "a missing CA for Redis",
      ["--simulate", "--redis_tls", "--redis_tls_ca_path=/none"],
      /^Cannot set up TLS with Redis at localhost:6379: Cannot read the TLS file \/none: /,
    ],
    [
      "a file in place of the folder for files",
      ["--simulate", "--streaming_backend=file", "--file_base_directory=/etc/passwd"],
      /^Cannot write to \/etc\/passwd: it is not a folder: choose another --file_base_directory$/,
    ],
    [
      "a missing folder for files",
      [
        "--simulate",
        "--streaming_backend=file",
        "--file_base_directory=/none",
        "--nofile_create_if_missing",
      ],
      /^Cannot write to \/none: it does not exist: create it$/,
    ],
  ] as const
) {
  Deno.test(`checkSettings() refuses ${what}`, async () => {
    await assert.rejects(
      check(...argv),
      (error: unknown) => error instanceof ExitError && message.test(error.message),
    );
  });
}

/** The flags with which the server uses the file of a flag, besides `--simulate`. */
const NEEDED: Readonly<Record<string, (video: string) => string[]>> = {
  camera_device: () => ["--use_camera"],
  input_video_path: () => [],
  input_video_time_path: (video) => [`--input_video_path=${video}`],
  input_video_tls_ca_path: (video) => [`--input_video_path=${video}`],
  redis_tls_ca_path: () => ["--redis_tls"],
  redis_tls_cert_path: () => ["--redis_tls", "--redis_tls_key_path=/none"],
  redis_tls_key_path: () => ["--redis_tls", "--redis_tls_cert_path=/none"],
  redis_sentinel_password_file: () => ["--redis_sentinel_name=a", "--redis_sentinels=a:1"],
  filesystem_ipc_config_path: () => ["--streaming_backend=file"],
  grpc_tls_cert_path: () => ["--grpc_tls_key_path=/none"],
  http_tls_cert_path: () => ["--http_port=8080", "--http_tls_key_path=/none"],
  http_tls_key_path: () => ["--http_port=8080", "--http_tls_cert_path=/none"],
  grpc_tls_key_path: () => ["--grpc_tls_cert_path=/none"],
  lsl_library: () => ["--lsl"],
  mqtt_tls_ca_path: () => ["--mqtt_url=mqtts://broker"],
  mqtt_tls_cert_path: () => ["--mqtt_url=mqtts://broker", "--mqtt_tls_key_path=/none"],
  mqtt_tls_key_path: () => ["--mqtt_url=mqtts://broker", "--mqtt_tls_cert_path=/none"],
  video_push_tls_ca_path: () => ["--simulate", "--video_push_url=rtsps://media/bed"],
};

Deno.test("checkSettings(), or load() before it, refuses each flag that names a missing file", async () => {
  using folder = temporaryFolder();
  const video = `${folder.path}/clip.avi`;
  await ffmpeg("-f", "lavfi", "-i", "testsrc=size=64x48:rate=5:duration=1", "-c:v", "mjpeg", video);
  const read = FLAGS.flagsOf("serve").map(({ flag }) => flag)
    .filter(({ kind, writes }) => kind === "path" && writes === undefined);
  assert.ok(read.length >= 15);
  for (const { name } of read) {
    const argv = [`--${name}=/none`, ...NEEDED[name]?.(video) ?? []];
    if (!argv.some((flag) => /camera|video/.test(flag))) argv.push("--simulate");
    const checked = async () => {
      const { settings } = load(argv, { env: {}, readText: Deno.readTextFileSync });
      await checkSettings(settings);
    };
    await assert.rejects(
      checked,
      (error: unknown) => error instanceof ExitError && error.message.includes("/none"),
      `--${name}`,
    );
  }
});

Deno.test("checkSettings() accepts a broker for MQTT without a connection", async () => {
  await check("--simulate", "--mqtt_url=mqtts://host.invalid");
});
