import assert from "node:assert/strict";
import { FLAGS, load, selectedOutlets } from "../../../../src/app/flags.ts";
import { peersOf } from "../../../../src/app/peers.ts";
import { ConfigError, UsageError } from "../../../../src/base/errors.ts";
import {
  rtspAddress,
  videoPushFlags,
  videoPushPermissions,
} from "../../../../src/transports/video_push/flags.ts";
import { exitErrorOf } from "../../../support/exit_error.ts";
import { defaultsOf } from "../../../support/flag_limits.ts";

function settingsOf(...argv: string[]) {
  return load(["--simulate", ...argv], {
    env: {},
    readText: () => "rtsps://me:hunter2@media.example/bed-4\n",
  }).settings;
}

const errorOf = (...argv: string[]) => exitErrorOf(() => settingsOf(...argv));

Deno.test("videoPushFlags have the documented defaults, and no server", () => {
  assert.deepEqual(defaultsOf(videoPushFlags), { url: "", codec: "mjpeg", allowPlaintext: false });
  assert.deepEqual(selectedOutlets(settingsOf()), []);
  assert.equal(selectedOutlets(settingsOf("--video_push_url=rtsp://localhost/bed")).length, 1);
});

Deno.test("videoPushFlags take the URL from a file, and print it nowhere", () => {
  const { videoPush } = settingsOf("--video_push_url_file=/url");
  assert.equal(videoPush.url.reveal(), "rtsps://me:hunter2@media.example/bed-4");
  assert(!Deno.inspect(videoPush).includes("hunter2"));
});

for (
  const [url, expected] of [
    ["rtsp://media", { host: "media", port: 554, tls: false }],
    ["rtsps://media/a", { host: "media", port: 322, tls: true }],
    ["rtsp://10.0.0.1:8554/bed-4?key=1", { host: "10.0.0.1", port: 8554, tls: false }],
    ["RTSPS://me:p%40ss@media:8322/bed", { host: "media", port: 8322, tls: true }],
    ["rtsp://me:p@ss@media/bed", { host: "media", port: 554, tls: false }],
    ["rtsp://[::1]:8554/bed", { host: "::1", port: 8554, tls: false }],
    ["rtsp://media:0/bed", undefined],
    ["rtsp://media:65535/bed", { host: "media", port: 65535, tls: false }],
    ["rtsp://media:65536/bed", undefined],
    ["rtsp://media/a b", undefined],
    ["rtsp:///bed", undefined],
    ["rtsp://", undefined],
    ["rtmp://media/bed", undefined],
    ["http://media/bed", undefined],
    ["/dev/video0", undefined],
  ] as const
) {
  Deno.test(`rtspAddress() of ${url} is ${expected ? Object.values(expected) : "none"}`, () => {
    assert.deepEqual(rtspAddress(url), expected);
  });
}

Deno.test("videoPushPolicies refuse other schemes and malformed URLs with status 78, without a password", () => {
  for (const scheme of ["rtmp", "http", "srt", "whip", "file"]) {
    const error = errorOf(`--video_push_url=${scheme}://me:hunter2@localhost/bed`);
    assert(error instanceof ConfigError, scheme);
    assert.equal(error.exitStatus, 78);
    assert.equal(
      error.message,
      `Cannot push video to a URL of ${scheme}: it must begin with rtsp:// or rtsps://`,
    );
  }
  for (const url of ["media/bed", "rtsp://me:hunter2@localhost:port/bed", "rtsp://hunter2@/bed"]) {
    const error = errorOf(`--video_push_url=${url}`);
    assert(error instanceof ConfigError, url);
    assert.match(error.message, /it must be rtsp:\/\/HOST:PORT\/PATH/);
    assert(!error.message.includes("hunter2"));
  }
});

Deno.test("videoPushPolicies refuse video without TLS beyond loopback", () => {
  const refused = errorOf("--video_push_url=rtsp://media:8554/bed");
  assert(refused instanceof ConfigError);
  assert.equal(
    refused.message,
    "Cannot push video to media without TLS: begin --video_push_url with rtsps://, or add " +
      "--video_push_allow_plaintext",
  );
  for (const host of ["localhost", "127.0.0.1", "[::1]"]) {
    assert.equal(errorOf(`--video_push_url=rtsp://${host}:8554/bed`), undefined);
  }
  assert.equal(errorOf("--video_push_url=rtsps://media/bed"), undefined);
  assert.equal(
    errorOf("--video_push_url=rtsp://media/bed", "--video_push_allow_plaintext"),
    undefined,
  );
  const settings = settingsOf("--video_push_url=rtsp://media/bed", "--video_push_allow_plaintext");
  const plain = { ...settings, videoPush: { ...settings.videoPush, allowPlaintext: false } };
  const refusals = (["serve", "check-config", "install", "print-config"] as const)
    .map((command) => FLAGS.refusalOf(command, plain) !== undefined);
  assert.deepEqual(refusals, [true, true, true, false]);
});

for (
  const [argv, message] of [
    [["--video_push_codec=h264"], /without a server: add --video_push_url_file$/],
    [["--video_push_tls_ca_path=/ca.pem"], /without a server: add --video_push_url_file$/],
    [
      ["--video_push_url=rtsp://localhost/bed", "--video_push_tls_ca_path=/ca.pem"],
      /without TLS: begin --video_push_url with rtsps:\/\/$/,
    ],
    [
      ["--video_push_url=rtsp://localhost/bed", "--frame_publish=never"],
      /without frames: remove --frame_publish=never or --video_push_url$/,
    ],
  ] as const
) {
  Deno.test(`load() rejects ${argv.join(" ")}`, () => {
    const error = errorOf(...argv);
    assert(error instanceof UsageError);
    assert.match(error.message, message);
  });
}

Deno.test("videoPushPermissions are those of ffmpeg, the server and the authorities alone", () => {
  const program = { assets: "/program", env: {} };
  const settings = settingsOf(
    "--video_push_url=rtsps://10.0.0.7:8322/bed",
    "--video_push_tls_ca_path=/ca.pem",
  );
  const { run, net, read } = videoPushPermissions(settings, program);
  assert.equal(run?.length, 1);
  assert.deepEqual([net, read], [["10.0.0.7:8322"], ["/ca.pem"]]);
  assert.deepEqual(videoPushPermissions(settingsOf(), program), {});
  // The unit allows the address of the server.
  const file = settingsOf(
    "--video_push_url=rtsps://10.0.0.7:8322/bed",
    "--streaming_backend=file",
    "--port=0",
  );
  assert.deepEqual(peersOf(file, program), ["10.0.0.7"]);
});
