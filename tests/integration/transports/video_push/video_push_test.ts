import assert from "node:assert/strict";
import { freePort } from "../../../support/free_port.ts";
import { patternJpegs } from "../../../support/camera_recording.ts";
import { FFMPEGS, OWN_FFMPEG } from "../../../support/ffmpegs.ts";
import { makeCertificates } from "../../../support/certificates.ts";
import { probeStream } from "../../../support/probe_stream.ts";
import { startRtspServer } from "../../../support/rtsp_server.ts";
import { PushUnderTest } from "../../../support/video_push.ts";
import { waitFor } from "../../../support/wait.ts";

const [SYSTEM] = FFMPEGS;
const jpegs = await patternJpegs({
  count: 30,
  pixelFormat: "yuvj420p",
  huffman: "default",
  quantizers: 2,
});

/** True if a process exists and has not ended. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}

for (const executable of FFMPEGS) {
  const name = `ffmpeg ${executable.version}`;

  Deno.test(`VideoPushSink pushes JPEGs unchanged with their own times, with ${name}`, async () => {
    await using server = await startRtspServer();
    await using push = await PushUnderTest.start(server.url, { executable });
    push.film(jpegs);
    await waitFor("frames", () => server.received.length >= 60, { timeoutMs: 30_000 });
    assert.match(await push.line("Pushing video"), /format="copy"/);
    await waitFor("the count", () => push.sent >= 60);
    push.cut();
    const { received } = server;
    assert.equal(await probeStream(server.newestPath), "mjpeg,640,480");
    // Each frame is one that was offered, in order. From the end, as a start takes longer than the
    // pattern lasts.
    let at = push.offered.length;
    const pairs = received.slice(-30).toReversed().map(({ rtp, hash }) => {
      at = push.offered.findLastIndex((offered, index) => index < at && offered.hash === hash);
      assert(at !== -1, "a frame that was not offered");
      return { rtp, captureUs: push.offered[at]!.captureUs };
    });
    const [newest] = pairs;
    for (const { rtp, captureUs } of pairs) {
      const expected = (newest!.captureUs - captureUs) * 0.09;
      const actual = (newest!.rtp - rtp) >>> 0;
      // RTP counts in units of 11 µs.
      assert(Math.abs(actual - expected) <= 2, `${actual} instead of ${expected}`);
    }
  });
}

Deno.test("VideoPushSink compresses JPEGs again that RTP/JPEG cannot carry", async () => {
  const others = await patternJpegs({ count: 5, pixelFormat: "yuvj422p", huffman: "optimal" });
  await using server = await startRtspServer();
  await using push = await PushUnderTest.start(server.url, { executable: SYSTEM! });
  push.film(others);
  assert.match(await push.line("Pushing video"), /format="mjpeg"/);
  await waitFor("frames", () => server.received.length >= 5);
  assert.equal(await probeStream(server.newestPath), "mjpeg,640,480");
});

Deno.test("VideoPushSink pushes H.264 without delay", async () => {
  await using server = await startRtspServer({ codec: "h264" });
  await using push = await PushUnderTest.start(server.url, {
    executable: SYSTEM!,
    flags: ["--video_push_codec=h264"],
  });
  push.film(jpegs);
  assert.match(await push.line("Pushing video"), /format="libx264"/);
  await waitFor("frames", () => server.received.length >= 40, { timeoutMs: 30_000 });
  push.cut();
  // The last frame arrives without a further one, as the encoder keeps none.
  const timesUs = push.offered.map(({ captureUs }) => captureUs);
  await waitFor("the last frame", () => {
    const { received } = server;
    const rtp = (received.at(-1)!.rtp - received[0]!.rtp) >>> 0;
    // The server does not pass on the first packets.
    return timesUs.slice(0, 5).some((us) => Math.abs(rtp - (timesUs.at(-1)! - us) * 0.09) < 10);
  });
});

Deno.test("VideoPushSink starts again for frames of another size", async () => {
  const small = await patternJpegs({
    count: 5,
    size: "320x240",
    pixelFormat: "yuvj420p",
    huffman: "default",
    quantizers: 2,
  });
  await using server = await startRtspServer();
  await using push = await PushUnderTest.start(server.url, { executable: SYSTEM! });
  push.film(jpegs);
  await waitFor("frames", () => server.received.length >= 5, { timeoutMs: 30_000 });
  push.film(small, { width: 320, height: 240 });
  await waitFor(
    "small frames",
    async () => await probeStream(server.newestPath) === "mjpeg,320,240",
    {
      timeoutMs: 30_000,
    },
  );
  assert.equal(push.counters.get("video_push_restarts_total"), 1);
  assert.deepEqual(push.log.linesWith("Lost the RTSP server"), []);
});

Deno.test("VideoPushSink wants no frames while a killed server is away, and pushes to it again", async () => {
  await using server = await startRtspServer();
  await using push = await PushUnderTest.start(server.url, { executable: SYSTEM! });
  push.film(jpegs);
  await waitFor("frames", () => server.received.length >= 5, { timeoutMs: 30_000 });
  const firstPid = push.sink.pid!;
  await server.kill();
  assert.match(await push.line("Lost the RTSP server"), /reason=/);
  assert.equal(push.sink.framesWanted, false);
  assert.match(
    await push.line("Cannot push video"),
    /Connection refused.*hint="Check that the server runs/,
  );
  assert.equal(isRunning(firstPid), false);
  await server.restart();
  await waitFor("frames", () => server.received.length >= 5, { timeoutMs: 30_000 });
  assert(push.counters.get("video_push_restarts_total") >= 2);
});

Deno.test("VideoPushSink notices a frozen server within its time limits, and bounds its memory", async () => {
  await using server = await startRtspServer();
  await using push = await PushUnderTest.start(server.url, {
    executable: SYSTEM!,
    ping: { intervalMs: 200, timeoutMs: 1000 },
  });
  push.film(jpegs);
  await waitFor("frames", () => server.received.length >= 5, { timeoutMs: 30_000 });
  const pid = push.sink.pid!;
  server.freeze();
  assert.match(
    await push.line("Lost the RTSP server", 8000),
    /the server does not respond.*hint="Check the network and the server"/,
  );
  assert.equal(isRunning(pid), false);
  server.thaw();
  const before = server.received.length;
  await waitFor("frames", () => server.received.length > before + 20, { timeoutMs: 30_000 });
});

Deno.test("VideoPushSink kills an ffmpeg that sends nothing of what it is given", async () => {
  // Accepts the connection, and never answers.
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  await using push = await PushUnderTest.start(`rtsp://127.0.0.1:${port}/bed-4`, {
    executable: SYSTEM!,
    stallMs: 1000,
    ping: { intervalMs: 60_000, timeoutMs: 60_000 },
  });
  push.film(jpegs);
  assert.match(await push.line("Cannot push video"), /no frame was sent for 1\.\d s/);
  assert(push.counters.get("video_push_dropped_total", { reason: "slow" }) > 0);
  assert.equal(push.sent, 0);
});

Deno.test("VideoPushSink leaves no ffmpeg behind, also while the server is frozen", async () => {
  await using server = await startRtspServer();
  const push = await PushUnderTest.start(server.url, { executable: SYSTEM! });
  push.film(jpegs);
  await waitFor("frames", () => server.received.length >= 5, { timeoutMs: 30_000 });
  const pid = push.sink.pid!;
  server.freeze();
  const startedMs = performance.now();
  await push[Symbol.asyncDispose]();
  assert(performance.now() - startedMs < 3000);
  assert.equal(isRunning(pid), false);
  assert.equal(push.sink.framesWanted, false);
  server.thaw();
});

Deno.test("VideoPushSink refuses frames larger than RTP/JPEG can describe", async () => {
  await using push = await PushUnderTest.start(`rtsp://127.0.0.1:${freePort()}/bed-4`, {
    executable: SYSTEM!,
  });
  push.film(jpegs, { width: 2592, height: 1944 });
  assert.match(await push.line("Cannot push such large frames"), /size="2592x1944"/);
  assert(push.counters.get("video_push_dropped_total", { reason: "too_large" }) > 0);
  assert.equal(push.sink.pid, undefined);
});

Deno.test({
  name: "VideoPushSink logs in with a password that no list of processes and no log shows",
  ignore: OWN_FFMPEG === undefined,
  fn: async () => {
    const user = { name: "camera", password: "hunter2" };
    await using server = await startRtspServer({ user });
    const urlWith = (password: string) =>
      server.url.replace("rtsp://", `rtsp://camera:${password}@`);
    {
      await using push = await PushUnderTest.start(urlWith("hunter2"), { executable: OWN_FFMPEG! });
      push.film(jpegs);
      await waitFor("frames", () => server.received.length >= 5, { timeoutMs: 30_000 });
      assert(!Deno.readTextFileSync(`/proc/${push.sink.pid!}/cmdline`).includes("hunter2"));
      assert.deepEqual(push.log.linesWith("hunter2"), []);
    }
    await using wrong = await PushUnderTest.start(urlWith("hunter3"), { executable: OWN_FFMPEG! });
    wrong.film(jpegs);
    assert.match(
      await wrong.line("Cannot push video"),
      /401.?Unauthorized.*hint="Check the user name and the password in the URL"/,
    );
    assert.deepEqual(wrong.log.linesWith("hunter3"), []);
    assert.equal(wrong.sink.framesWanted, false);
  },
});

Deno.test({
  name: "VideoPushSink verifies the certificate of a server with TLS",
  ignore: OWN_FFMPEG === undefined,
  fn: async () => {
    const folder = Deno.makeTempDirSync();
    try {
      const { ca, server: certificate, unknownCa } = makeCertificates(folder);
      await using server = await startRtspServer({ certificate });
      {
        await using push = await PushUnderTest.start(server.url, {
          executable: OWN_FFMPEG!,
          flags: [`--video_push_tls_ca_path=${ca}`],
          ping: { intervalMs: 100, timeoutMs: 5000 },
        });
        push.film(jpegs);
        await waitFor("frames", () => server.received.length >= 30, { timeoutMs: 30_000 });
      }
      await using wrong = await PushUnderTest.start(server.url, {
        executable: OWN_FFMPEG!,
        flags: [`--video_push_tls_ca_path=${unknownCa}`],
      });
      wrong.film(jpegs);
      assert.match(
        await wrong.line("Cannot push video"),
        /hint="Check the certificate of the server and --video_push_tls_ca_path"/,
      );
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});
