import assert from "node:assert/strict";
import { Recording } from "../../../src/control/recording.ts";
import { RecordingFile } from "../../../src/control/recording_file.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { temporaryFolder } from "../../support/folders.ts";

function recordingIn(folder: string): Recording {
  const recording = new Recording();
  new RecordingFile(folder, silentLog).sync(recording);
  return recording;
}

const interruptedIn = (folder: string) => new RecordingFile(folder, silentLog).interrupted();

Deno.test("RecordingFile.interrupted() returns the id of a recording that was not stopped", () => {
  using folder = temporaryFolder();
  const state = `${folder.path}/created/on demand`;
  const recording = recordingIn(state);
  assert.equal(interruptedIn(state), undefined);
  recording.apply({ recording: true, sessionId: "visit-7" }, "redis");
  assert.deepEqual(interruptedIn(state), { recording: true, sessionId: "visit-7" });
  recording.apply({ recording: true, sessionId: "visit-8" }, "redis");
  assert.deepEqual(interruptedIn(state), { recording: true, sessionId: "visit-8" });
});

Deno.test("RecordingFile removes the file of a recording that was stopped", () => {
  using folder = temporaryFolder();
  const recording = recordingIn(folder.path);
  recording.apply({ recording: true }, "grpc");
  recording.apply({ recording: false }, "end");
  assert.equal(interruptedIn(folder.path), undefined);
  assert.deepEqual([...Deno.readDirSync(folder.path)], []);
});

Deno.test("RecordingFile.interrupted() ignores a file with other content", () => {
  using folder = temporaryFolder();
  for (const text of ["", "{", "[]", '{"recording": "yes"}', '{"recording": false}']) {
    Deno.writeTextFileSync(`${folder.path}/recording.json`, text);
    assert.equal(interruptedIn(folder.path), undefined, text);
  }
});

Deno.test("RecordingFile logs a directory that it cannot write, and recording continues", () => {
  using folder = temporaryFolder();
  const file = `${folder.path}/file`;
  Deno.writeTextFileSync(file, "");
  const warnings: string[] = [];
  const recording = new Recording();
  new RecordingFile(file, { ...silentLog, warning: (text) => warnings.push(text) })
    .sync(recording);
  recording.apply({ recording: true, sessionId: "a" }, "redis");
  assert.equal(recording.state.recording, true);
  assert.match(warnings.join("\n"), /Cannot write .*file\/recording\.json/);
});
