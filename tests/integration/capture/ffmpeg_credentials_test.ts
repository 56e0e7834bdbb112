import assert from "node:assert/strict";
import { openFfmpegSource } from "../../../src/capture/ffmpeg/source.ts";
import { cameraJpegs } from "../../support/camera_jpegs.ts";
import { OWN_FFMPEG, withFfmpeg } from "../../support/ffmpegs.ts";
import { MjpegServer } from "../../support/mjpeg_server.ts";
import { childProcesses, takeFrames } from "../../support/source_suite.ts";

Deno.test({
  name: "openFfmpegSource() shows the credentials of a URL in no list of processes",
  ignore: !OWN_FFMPEG,
  async fn() {
    const [jpeg] = await cameraJpegs({ count: 1, size: "64x48" });
    await using camera = new MjpegServer(jpeg!);
    const input = camera.url.replace("http://", "http://me:hunter2@") + "?pwd=hunter3";
    const before = childProcesses();
    await using source = await withFfmpeg(OWN_FFMPEG!.path, () => openFfmpegSource({ input }));
    const lines: string[] = [];
    await takeFrames(source, {
      count: 2,
      inspect: () => {
        for (const pid of childProcesses()) {
          if (before.includes(pid)) continue;
          lines.push(Deno.readTextFileSync(`/proc/${pid}/cmdline`).replaceAll("\0", " "));
        }
      },
    });
    assert.match(lines[0] ?? "", / -\/i pipe:0 /);
    assert.doesNotMatch(lines.join("\n"), /hunter|http:/);
    assert.doesNotMatch(source.description, /hunter/);
  },
});
