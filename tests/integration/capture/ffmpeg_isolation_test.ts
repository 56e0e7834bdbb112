import assert from "node:assert/strict";
import { openFfmpegSource } from "../../../src/capture/ffmpeg/source.ts";
import { SourceError } from "../../../src/capture/frame.ts";
import { ffmpeg, TemporaryFolder } from "../../support/clips.ts";
import { withEnvironment } from "../../support/environment.ts";
import { FFMPEGS, withFfmpeg } from "../../support/ffmpegs.ts";
import { childProcesses, takeFrames } from "../../support/source_suite.ts";

const folder = new TemporaryFolder();
globalThis.addEventListener("unload", () => folder[Symbol.dispose]());
const clip = folder.file("clip.avi");
await ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x48:d=0.2", "-c:v", "mjpeg", clip);
await ffmpeg("-i", clip, "-c:v", "mpeg2video", folder.file("clip.ts"));

/** A server that counts its connections and answers none. */
function listener() {
  const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let visits = 0;
  const accepting = (async () => {
    for await (const connection of server) {
      visits++;
      connection.close();
    }
  })().catch(() => {});
  return {
    port: server.addr.port,
    get visits() {
      return visits;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      await accepting;
    },
  };
}

/** Files that look like videos and name another input, by what they attack. */
const ATTACKS = (port: number): Readonly<Record<string, string>> => ({
  "a list of videos in the same folder": "ffconcat version 1.0\nfile clip.avi\n",
  "a list with a file of the system": "ffconcat version 1.0\nfile /etc/passwd\n",
  "a playlist of a file": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nclip.ts\n#EXT-X-ENDLIST\n",
  "a playlist of a server":
    `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:${port}/a.ts\n#EXT-X-ENDLIST\n`,
  "a session description":
    `v=0\no=- 0 0 IN IP4 127.0.0.1\ns=a\nc=IN IP4 127.0.0.1\nt=0 0\nm=video ${port} RTP/AVP 26\n`,
});

for (const { path, version } of FFMPEGS) {
  for (const name of Object.keys(ATTACKS(0))) {
    Deno.test(`openFfmpegSource() with ffmpeg ${version} refuses ${name} in place of a video`, async () => {
      await using server = listener();
      for (const extension of ["avi", "m3u8", "sdp"]) {
        const attack = folder.file(`attack.${extension}`);
        await Deno.writeTextFile(attack, ATTACKS(server.port)[name]!);
        await assert.rejects(
          withFfmpeg(path, () => openFfmpegSource({ input: attack, realtime: false })),
          SourceError,
        );
      }
      assert.equal(server.visits, 0);
    });
  }

  Deno.test(`openFfmpegSource() with ffmpeg ${version} passes no secret of this program on`, async () => {
    const secrets = { PHYSIOLOGY_REDIS_PASSWORD: "hunter2", AWS_SECRET_ACCESS_KEY: "hunter2" };
    await withEnvironment(secrets, () =>
      withFfmpeg(path, async () => {
        const before = childProcesses();
        const input = "lavfi:testsrc2=size=64x48:rate=25";
        await using source = await openFfmpegSource({ input });
        const environments: string[] = [];
        await takeFrames(source, {
          count: 1,
          inspect: () => {
            for (const pid of childProcesses()) {
              if (before.includes(pid)) continue;
              environments.push(Deno.readTextFileSync(`/proc/${pid}/environ`));
            }
          },
        });
        assert.equal(environments.length, 1);
        assert.doesNotMatch(environments[0]!, /hunter2|PHYSIOLOGY|AWS/);
      }));
  });
}
