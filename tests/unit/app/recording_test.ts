import assert from "node:assert/strict";
import { openRecording } from "../../../src/app/recording.ts";
import { CommandHandler } from "../../../src/control/commands.ts";
import { Recording, type RecordingChange } from "../../../src/control/recording.ts";
import { Counters } from "../../../src/telemetry/counters.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { TemporaryFolder } from "../../support/clips.ts";

interface Options {
  readonly statePath?: string;
  readonly startWithRecordingOn?: boolean;
}

/** Opens the recording of a new server; returns it and its changes since. */
function open({ statePath, startWithRecordingOn = false }: Options) {
  const recording = new Recording();
  const changes: RecordingChange[] = [];
  const commands = new CommandHandler({ recording, counters: new Counters(), log: silentLog });
  recording.onChange((change) => changes.push(change));
  const server = { statePath, startWithRecordingOn, metricsOnlyWhileRecording: false };
  openRecording({ server }, { recording, commands, log: silentLog });
  return { recording, changes };
}

Deno.test("openRecording() starts a recording only if the settings ask for it", () => {
  assert.deepEqual(open({}).changes, []);
  const { recording, changes } = open({ startWithRecordingOn: true });
  assert.equal(recording.state.recording, true);
  assert.deepEqual(changes.map(({ origin }) => origin), ["flag"]);
});

Deno.test("openRecording() resumes the recording of a server that crashed, and none that was stopped", () => {
  using folder = new TemporaryFolder();
  const options = { statePath: folder.path };
  open(options).recording.apply({ recording: true, sessionId: "visit-7" }, "redis");
  const { recording, changes } = open({ ...options, startWithRecordingOn: true });
  assert.deepEqual(recording.state, { recording: true, sessionId: "visit-7", resumed: true });
  assert.deepEqual(changes.map(({ origin }) => origin), ["restart"]);
  recording.apply({ recording: false }, "redis");
  assert.deepEqual(open(options).changes, []);
});

Deno.test("openRecording() stores a recording that the settings have started", () => {
  using folder = new TemporaryFolder();
  const options = { statePath: folder.path };
  const { recording } = open({ ...options, startWithRecordingOn: true });
  const { state } = open(options).recording;
  assert.deepEqual(state, { ...recording.state, resumed: true });
});
