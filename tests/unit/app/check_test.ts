import assert from "node:assert/strict";
import { checkSettings } from "../../../src/app/check.ts";
import { load } from "../../../src/app/flags.ts";
import { ExitError } from "../../../src/base/errors.ts";
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
  await check("--use_camera");
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
