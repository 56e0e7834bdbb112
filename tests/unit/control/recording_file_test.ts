import assert from "node:assert/strict";
import { Recording } from "../../../src/control/recording.ts";
import { RecordingFile } from "../../../src/control/recording_file.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
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

Deno.test("RecordingFile.interrupted() logs why it ignores a file, and nothing without one", () => {
  using folder = temporaryFolder();
  const log = new CollectingLog();
  assert.equal(new RecordingFile(folder.path, log).interrupted(), undefined);
  assert.deepEqual(log.lines, []);
  Deno.writeTextFileSync(`${folder.path}/recording.json`, '{"recording": false}');
  new RecordingFile(folder.path, log).interrupted();
  assert.match(log.lines[0] ?? "", /Cannot parse .*recording.json: it is not a recording command/);
  Deno.removeSync(`${folder.path}/recording.json`);
  Deno.mkdirSync(`${folder.path}/recording.json`);
  new RecordingFile(folder.path, log).interrupted();
  assert.match(log.lines[1] ?? "", /Cannot read .*recording.json/);
});

Deno.test("RecordingFile puts the file and its name on the disk, whole, before a command returns", () => {
  using folder = temporaryFolder();
  const recording = recordingIn(folder.path);
  const { openSync } = Deno;
  const synced: string[] = [];
  Deno.openSync = (path, options) => {
    const file = openSync(path, options);
    const writeSync = file.writeSync.bind(file);
    file.writeSync = (bytes) => writeSync(bytes.subarray(0, 5));
    file.syncSync = () => {
      const name = String(path).slice(folder.path.length);
      synced.push(name === "" ? "folder" : Deno.readTextFileSync(String(path)));
    };
    return file;
  };
  try {
    recording.apply({ recording: true, sessionId: "visit-7" }, "redis");
    recording.apply({ recording: false }, "redis");
  } finally {
    Deno.openSync = openSync;
  }
  assert.deepEqual(synced, ['{"recording":true,"session_id":"visit-7"}\n', "folder", "folder"]);
});

Deno.test("RecordingFile ignores that its file is already gone", () => {
  using folder = temporaryFolder();
  const log = new CollectingLog();
  const recording = new Recording();
  new RecordingFile(folder.path, log).sync(recording);
  recording.apply({ recording: true }, "redis");
  Deno.removeSync(`${folder.path}/recording.json`);
  recording.apply({ recording: false }, "redis");
  assert.deepEqual(log.lines, []);
});

Deno.test("RecordingFile overwrites what a crash has left of a longer file", () => {
  using folder = temporaryFolder();
  Deno.writeTextFileSync(`${folder.path}/recording.json.new`, "x".repeat(500));
  recordingIn(folder.path).apply({ recording: true, sessionId: "visit-7" }, "redis");
  assert.deepEqual(interruptedIn(folder.path), { recording: true, sessionId: "visit-7" });
});
