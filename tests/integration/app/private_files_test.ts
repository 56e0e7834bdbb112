import assert from "node:assert/strict";
import { temporaryFolder } from "../../support/folders.ts";

const SCRIPT = new URL("../../../scripts/physiology_server", import.meta.url).pathname;

/** Returns the mode of everything below a folder, as path and octal number. */
function* modesUnder(folder: string, prefix = ""): Generator<[string, string]> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = `${folder}/${name}`;
    yield [`${prefix}${name}`, (Deno.statSync(path).mode! & 0o777).toString(8)];
    if (isDirectory) yield* modesUnder(path, `${prefix}${name}/`);
  }
}

Deno.test("serve writes files that no other user can read, with any umask, and tightens old ones", async () => {
  using folder = temporaryFolder();
  const out = `${folder.path}/out`;
  const video = `${out}/video.avi`;
  Deno.mkdirSync(out);
  Deno.writeTextFileSync(`${out}/core_metrics.jsonl`, "");
  Deno.chmodSync(`${out}/core_metrics.jsonl`, 0o644);
  const flags = [
    ...[`--input_video_path=${video}`, "--norealtime", "--port=0", "--start_with_recording_on"],
    ...["--streaming_backend=file", `--file_base_directory=${out}/made/here`],
    ...["--frame_publish=always", "--file_max_frame_count=2", "--file_truncate_on_init=false"],
    ...[`--spool_path=${out}/spool`, `--state_path=${out}/state`, `--log_path=${out}/log`],
  ];
  Deno.mkdirSync(`${out}/made/here`, { recursive: true });
  Deno.renameSync(`${out}/core_metrics.jsonl`, `${out}/made/here/core_metrics.jsonl`);
  const run = (args: readonly string[]) =>
    new Deno.Command("sh", {
      args: ["-c", `umask 0; exec ${SCRIPT} "$@"`, "sh", ...args],
    }).output();
  for (const args of [["simulate", `--output=${video}`, "--duration=2", "--max_fps=10"], flags]) {
    const { success, stderr } = await run(args);
    assert(success, new TextDecoder().decode(stderr));
  }
  const modes = new Map(modesUnder(out));
  for (const name of ["core_metrics.jsonl", "status.jsonl", "latest.jpg"]) {
    assert.equal(modes.get(`made/here/${name}`), "600", `${name} of ${[...modes.keys()]}`);
  }
  // The folders that existed before keep their modes.
  modes.delete("made");
  modes.delete("made/here");
  for (const [path, mode] of modes) assert.match(mode, /^[67]00$/, path);
});
