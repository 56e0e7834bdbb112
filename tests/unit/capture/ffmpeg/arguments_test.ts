import assert from "node:assert/strict";
import {
  addressForStdin,
  chooseOutputFormat,
  inputArguments,
  outputArguments,
  type OutputFormat,
  threadArguments,
} from "../../../../src/capture/ffmpeg/arguments.ts";
import { accessArguments, accessOf } from "../../../../src/capture/ffmpeg/access.ts";
import { SourceError } from "../../../../src/capture/frame.ts";
import type { VideoInfo } from "../../../../src/capture/ffmpeg/probe.ts";
import { INPUT_TRANSFORMS } from "../../../../src/capture/transform.ts";

const FULL = { range: "full", matrix: "bt601" } as const;
const VIDEO: VideoInfo = {
  index: 2,
  codec: "h264",
  pixelFormat: "yuv420p",
  color: { range: "limited", matrix: "bt709" },
  width: 1280,
  height: 720,
  rotation: 0,
};

function ffmpeg(...libavutil: [number, number, number]) {
  const passthrough = ["-pass", "through"] as const;
  return { path: "ffmpeg", version: "7", libavutil, build: "other", passthrough } as const;
}

Deno.test("chooseOutputFormat() passes upright JPEGs of a camera unchanged, and only those", () => {
  const kindOf = (parts: Partial<VideoInfo>, transform: typeof INPUT_TRANSFORMS[number] = "none") =>
    chooseOutputFormat({ ...VIDEO, codec: "mjpeg", pixelFormat: "yuvj422p", ...parts }, transform)
      .kind;
  for (const pixelFormat of ["yuvj420p", "yuvj422p", "yuvj444p", "gray"]) {
    assert.equal(kindOf({ pixelFormat }), "jpeg");
  }
  assert.equal(kindOf({ pixelFormat: "yuvj411p" }), "yuv420");
  assert.equal(kindOf({ rotation: 90 }), "yuv420");
  assert.equal(kindOf({ codec: "h264" }), "yuv420");
  assert.equal(kindOf({}, "mirror_vertical"), "yuv420");
  assert.deepEqual(
    chooseOutputFormat({ ...VIDEO, codec: "mjpeg", pixelFormat: "gray" }, "none").color,
    FULL,
  );
});

Deno.test("chooseOutputFormat() keeps the color of YUV, and the range of gray", () => {
  const formatOf = (pixelFormat: string) => chooseOutputFormat({ ...VIDEO, pixelFormat }, "none");
  for (const pixelFormat of ["yuv444p10le", "nv12", "p010le", "uyvy422", "yuyv422"]) {
    assert.deepEqual(formatOf(pixelFormat), { kind: "yuv420", color: VIDEO.color });
  }
  assert.deepEqual(formatOf("gray16le"), {
    kind: "gray",
    color: { range: "limited", matrix: "bt601" },
  });
  assert.deepEqual(formatOf("rgb24"), {
    kind: "yuv420",
    color: { range: "limited", matrix: "bt601" },
  });
});

const MODERN = ffmpeg(57, 0, 0);

for (
  const { input, executable = MODERN, live = false, loop, format, expected } of [
    { input: "file:/a.mp4", expected: [] },
    {
      input: "rtsp://cam/1",
      live: true,
      expected: ["-rtsp_transport", "tcp", "-timeout", "10000000"],
    },
    {
      input: "rtsp://cam/1",
      executable: ffmpeg(56, 99, 99),
      expected: ["-rtsp_transport", "tcp", "-stimeout", "10000000"],
    },
    { input: "http://cam/1", expected: ["-rw_timeout", "10000000"] },
    { input: "tcp://cam", expected: ["-rw_timeout", "10000000"] },
    { input: "rtmp://cam", expected: ["-rw_timeout", "10000000"] },
    { input: "udp://cam", expected: [] },
    {
      input: "udp://cam",
      live: true,
      format: "mpjpeg",
      expected: ["-use_wallclock_as_timestamps", "1"],
    },
    { input: "file:/a", live: false, format: "mpjpeg", expected: [] },
    { input: "udp://cam", live: true, format: "mpegts", expected: [] },
    {
      input: "file:/a.png",
      loop: true,
      format: "png_pipe",
      expected: ["-f", "image2", "-pattern_type", "none", "-loop", "1", "-framerate", "30"],
    },
    { input: "file:/a.png", loop: false, format: "png_pipe", expected: [] },
    { input: "file:/a.mp4", loop: true, format: "mov,mp4", expected: [] },
  ] as {
    input: string;
    executable?: typeof MODERN;
    live?: boolean;
    loop?: boolean;
    format?: string;
    expected: string[];
  }[]
) {
  Deno.test(`inputArguments() opens ${live ? "live " : ""}${input} of ${format ?? "any format"}${loop ? " in a loop" : ""} by libavutil ${executable.libavutil}`, () => {
    const args = inputArguments(input, {
      executable,
      live,
      ...loop !== undefined && { loop },
      ...format !== undefined && { format },
    });
    assert.deepEqual(args, [...accessArguments(accessOf(input)), ...expected, "-i", input]);
  });
}

Deno.test("inputArguments() opens a filter graph, at its own rate if it is live", () => {
  const args = (live: boolean) => inputArguments("lavfi:testsrc", { executable: MODERN, live });
  const access = accessArguments(accessOf("lavfi:testsrc"));
  assert.deepEqual(args(false), [...access, "-f", "lavfi", "-i", "testsrc"]);
  assert.deepEqual(args(true), ["-re", ...access, "-f", "lavfi", "-i", "testsrc"]);
});

function argumentsFor(
  format: OutputFormat,
  transform: typeof INPUT_TRANSFORMS[number] = "none",
): string {
  return outputArguments(VIDEO, { executable: MODERN, format, transform }).join(" ");
}

Deno.test("outputArguments() copies JPEGs, and converts everything else with its range", () => {
  const end = "-f nut -write_index 0 -flush_packets 1 pipe:1";
  const start = "-map 0:2 -map_metadata -1";
  assert.equal(argumentsFor({ kind: "jpeg", color: FULL }), `${start} -c:v copy ${end}`);
  const raw = (pixelFormat: string) =>
    `${start} -pass through -c:v rawvideo -pix_fmt ${pixelFormat} -enc_time_base 1/1000000 ${end}`;
  assert.equal(argumentsFor({ kind: "gray", color: FULL }), raw("gray"));
  assert.equal(argumentsFor({ kind: "yuv420", color: FULL }), raw("yuvj420p"));
  assert.equal(argumentsFor({ kind: "yuv420", color: VIDEO.color }), raw("yuv420p"));
});

Deno.test("outputArguments() rotates and mirrors by ffmpeg's filters", () => {
  const filters = INPUT_TRANSFORMS.map((transform) =>
    /-vf (\S+)/.exec(argumentsFor({ kind: "yuv420", color: FULL }, transform))?.[1]
  );
  assert.deepEqual(filters, [
    undefined,
    "transpose=clock",
    "transpose=cclock",
    "hflip,vflip",
    "hflip",
    "vflip",
  ]);
});

Deno.test("threadArguments() decodes up to 1280 by 720 pixels on one thread", () => {
  assert.deepEqual(threadArguments(VIDEO), ["-threads", "1"]);
  assert.deepEqual(threadArguments({ ...VIDEO, width: 1281 }), []);
  assert.deepEqual(threadArguments({ ...VIDEO, width: 720, height: 1280 }), ["-threads", "1"]);
});

Deno.test("inputArguments() shows a still image once by default", () => {
  const args = inputArguments("a.png", { executable: MODERN, live: false, format: "png_pipe" });
  assert.deepEqual(args.slice(-2), ["-i", "a.png"]);
  assert.ok(!args.includes("-loop"));
});

Deno.test("inputArguments() verifies the certificate of a TLS server, or refuses to open it", () => {
  const optionsOf = (input: string, build: "own" | "gnutls" | "other", tlsCaPath?: string) => {
    const executable = { ...MODERN, build };
    const args = inputArguments(input, { executable, live: true, tlsCaPath });
    return args.slice(args.indexOf("-codec_whitelist") + 2).join(" ");
  };
  for (const input of ["https://cam/1", "rtmps://cam/1"]) {
    const timeout = "-rw_timeout 10000000";
    assert.equal(optionsOf(input, "gnutls"), `-tls_verify 1 ${timeout} -i ${input}`);
    assert.equal(
      optionsOf(input, "gnutls", "/ca.pem"),
      `-tls_verify 1 -ca_file /ca.pem ${timeout} -i ${input}`,
    );
    // Its certificates are verified in any case; environment.ts passes the authorities.
    assert.equal(optionsOf(input, "own", "/ca.pem"), `${timeout} -/i pipe:0`);
    assert.throws(() => optionsOf(input, "other"), SourceError);
  }
  // ffmpeg does not pass these options on to the connection of RTSP.
  assert.throws(
    () => optionsOf("rtsps://me:secret@cam/1", "gnutls"),
    (error) =>
      error instanceof SourceError && !/secret/.test(error.describe()) &&
      /^Cannot verify the certificate of the camera/.test(error.message),
  );
  assert.match(optionsOf("rtsps://cam/1", "own"), / -\/i pipe:0$/);
});

Deno.test("addressForStdin() is the URL of a host, and no file, device or graph", () => {
  const own = { ...MODERN, build: "own" } as const;
  const url = "rtsp://me:secret@cam/1";
  assert.equal(addressForStdin(url, own), url);
  assert.equal(addressForStdin(url, { ...own, build: "gnutls" }), undefined);
  for (const input of ["file:/a.avi", "/dev/video0", "lavfi:testsrc"]) {
    assert.equal(addressForStdin(input, own), undefined);
  }
});
