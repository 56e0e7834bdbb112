import assert from "node:assert/strict";
import { ffmpeg, TemporaryFolder } from "../../support/clips.ts";
import { waitFor } from "../../support/wait.ts";

const USER = new URL("../../support/ffmpeg_user.ts", import.meta.url).pathname;

/** Processes whose parent is `pid`. */
function childrenOf(pid: number): number[] {
  const children: number[] = [];
  for (const task of Deno.readDirSync(`/proc/${pid}/task`)) {
    const text = Deno.readTextFileSync(`/proc/${pid}/task/${task.name}/children`);
    children.push(...text.trim().split(" ").filter(Boolean).map(Number));
  }
  return children;
}

function isAlive(pid: number): boolean {
  try {
    return !/\) Z/.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}

for (const kind of ["a recorded video", "a live stream"]) {
  Deno.test(`FfmpegProcess ends when a program that reads ${kind} is killed`, async () => {
    using folder = new TemporaryFolder();
    let input = "lavfi:testsrc2=size=160x120:rate=25";
    if (kind === "a recorded video") {
      input = folder.file("clip.mp4");
      await ffmpeg("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=20", input);
    }
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--allow-all", USER, input],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    const ffmpegs = childrenOf(child.pid);
    assert.equal(ffmpegs.length, 1);
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    await waitFor("the end of ffmpeg", () => !ffmpegs.some(isAlive));
  });
}
