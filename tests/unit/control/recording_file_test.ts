import assert from "node:assert/strict";
import { Recording } from "../../../src/control/recording.ts";
import { RecordingFile } from "../../../src/control/recording_file.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { temporaryFolder } from "../../support/folders.ts";

function followed(folder: string): Recording {
  const recording = new Recording();
  new RecordingFile(folder, silentLog).follow(recording);
  return recording;
}

const interruptedIn = (folder: string) => new RecordingFile(folder, silentLog).interrupted();

Deno.test("a recording that nobody ended is found again under its id", () => {
  using folder = temporaryFolder();
  const state = `${folder.path}/made/on demand`;
  const recording = followed(state);
  assert.equal(interruptedIn(state), undefined);
  recording.apply({ recording: true, sessionId: "visit-7" }, "redis");
  assert.deepEqual(interruptedIn(state), { recording: true, sessionId: "visit-7" });
  recording.apply({ recording: true, sessionId: "visit-8" }, "redis");
  assert.deepEqual(interruptedIn(state), { recording: true, sessionId: "visit-8" });
});

Deno.test("a recording that was ended is forgotten", () => {
  using folder = temporaryFolder();
  const recording = followed(folder.path);
  recording.apply({ recording: true }, "grpc");
  recording.apply({ recording: false }, "end");
  assert.equal(interruptedIn(folder.path), undefined);
  assert.deepEqual([...Deno.readDirSync(folder.path)], []);
});

Deno.test("a file that is none of ours begins no recording", () => {
  using folder = temporaryFolder();
  for (const text of ["", "{", "[]", '{"recording": "yes"}', '{"recording": false}']) {
    Deno.writeTextFileSync(`${folder.path}/recording.json`, text);
    assert.equal(interruptedIn(folder.path), undefined, text);
  }
});

Deno.test("a folder that cannot be written is told, and the recording goes on", () => {
  using folder = temporaryFolder();
  const file = `${folder.path}/file`;
  Deno.writeTextFileSync(file, "");
  const warnings: string[] = [];
  const recording = new Recording();
  new RecordingFile(file, { ...silentLog, warning: (text) => warnings.push(text) })
    .follow(recording);
  recording.apply({ recording: true, sessionId: "a" }, "redis");
  assert.equal(recording.state.recording, true);
  assert.match(warnings.join("\n"), /Cannot write .*file\/recording\.json/);
});
