import assert from "node:assert/strict";
import { LineLog, type LogOptions, writeToStderr } from "../../../src/telemetry/log.ts";
import { logOptions, type LogSettings } from "../../../src/telemetry/log_options.ts";
import { temporaryFolder } from "../../support/folders.ts";

/** A log at a fixed time whose lines are kept. */
function collectingLog(options: LogOptions = {}) {
  const lines: string[] = [];
  const time = { nowMs: Date.UTC(2026, 0, 2, 3, 4, 5, 6) };
  const log = new LineLog({
    write: (line) => void lines.push(line),
    nowMs: () => time.nowMs,
    ...options,
  });
  return { log, lines, time };
}

function writeAll(log: LineLog): void {
  log.debug("d");
  log.info("i");
  log.warning("w");
  log.error("e");
}

Deno.test("LineLog writes the time, the level, the message and its fields", () => {
  const { log, lines } = collectingLog();
  log.info("Started", { port: 7, name: "a b", ok: true, absent: undefined });
  assert.deepEqual(lines, ['2026-01-02T03:04:05.006Z info Started port=7 name="a b" ok=true\n']);
});

for (
  const [level, written] of [
    ["debug", "diwe"],
    ["info", "iwe"],
    ["warning", "we"],
    ["error", "e"],
    [undefined, "iwe"],
  ] as const
) {
  Deno.test(`LineLog with ${level ?? "the default"} level writes "${written}"`, () => {
    const { log, lines } = collectingLog({ format: "json", ...level ? { level } : {} });
    writeAll(log);
    assert.equal(lines.map((line) => JSON.parse(line).message).join(""), written);
  });
}

Deno.test("LineLog writes one JSON object per line", () => {
  const { log, lines } = collectingLog({ format: "json" });
  log.warning("a\nb", { port: 7 });
  assert.deepEqual(lines.map((line) => JSON.parse(line)), [
    { time: "2026-01-02T03:04:05.006Z", level: "warning", message: "a\nb", port: 7 },
  ]);
  assert.ok(lines[0]?.endsWith("}\n"));
});

Deno.test("LineLog writes the priorities of syslog for journald, without the time", () => {
  const { log, lines } = collectingLog({ journal: true, level: "debug" });
  writeAll(log);
  assert.deepEqual(lines, ["<7>d\n", "<6>i\n", "<4>w\n", "<3>e\n"]);
});

Deno.test("LineLog writes line breaks of a message as spaces", () => {
  const { log, lines } = collectingLog({ journal: true });
  log.info("one\r\n<3>two\nthree");
  assert.deepEqual(lines, ["<6>one <3>two three\n"]);
});

Deno.test("LineLog escapes what a terminal would not show as text, in both formats", () => {
  for (const format of ["text", "json"] as const) {
    const { log, lines } = collectingLog({ format });
    log.info("\x1b[2J\u202eevil\u009b\u2028\u{e0041}", { reason: "\x07\u2066 é 日本" });
    const [line = ""] = lines;
    assert.doesNotMatch(line.trimEnd(), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    const shown = "\\u001b[2J\\u202eevil\\u009b\\u2028\\udb40\\udc41";
    assert(line.includes(shown), line);
    assert(line.includes("\\u0007\\u2066 é 日本"), line);
    if (format === "json") {
      assert.equal(JSON.parse(line).message, "\x1b[2J\u202eevil\u009b\u2028\u{e0041}");
    }
  }
});

Deno.test("LineLog writes 20 lines with one cause in 10 s, and then how many it held back", () => {
  const { log, lines, time } = collectingLog({ journal: true });
  for (let port = 0; port < 50; port++) log.info(`Connected to port ${port}: now`, { port });
  log.info("Recording started");
  assert.equal(lines.length, 21);
  assert.equal(lines.at(-1), "<6>Recording started\n");
  time.nowMs += 10_000;
  log.info("Connected to port 99: now");
  log.info("Connected to port 99: again");
  assert.deepEqual(lines.slice(-2), [
    "<6>Connected to port 99: now held_back=30\n",
    "<6>Connected to port 99: again\n",
  ]);
});

Deno.test("LineLog limits messages that differ each time, and remembers 200 causes", () => {
  const { log, lines } = collectingLog();
  const letters = (n: number) => n.toString(36).replaceAll(/\d/g, (digit) => "qrstuvwxyz"[+digit]!);
  log.info("Known cause");
  for (let number = 0; number < 40_000; number++) log.warning(letters(number) + " failed");
  assert(lines.length < 1000, `${lines.length} lines`);
  log.info("Known cause");
  assert.match(lines.at(-1) ?? "", /Known cause/);
});

Deno.test("LineLog writes a session id as a hash that relates lines, and nothing else", () => {
  const { log, lines } = collectingLog({ journal: true });
  for (const id of ["Ann Lee", "Ann Lee", "Bo"]) log.info("Started", { session_id: id });
  assert.match(lines[0]!, /^<6>Started session_id="#[0-9a-f]{12}"\n$/);
  assert.equal(lines[0], lines[1]);
  assert.notEqual(lines[0], lines[2]);
});

Deno.test("LineLog writes every line and session ids as they are if debugging is on", () => {
  const { log, lines } = collectingLog({ journal: true, debugging: true });
  for (let count = 0; count < 100; count++) log.info("Started", { session_id: "Ann Lee" });
  assert.equal(lines.length, 100);
  assert.equal(lines[0], '<6>Started session_id="Ann Lee"\n');
});

Deno.test("logOptions() debugs with a verbosity of 1, or if a transport logs every message", () => {
  assert.equal(logOptions(SETTINGS).debugging, false);
  assert.equal(logOptions({ ...SETTINGS, verbosity: 1 }).debugging, true);
  assert.equal(logOptions({ ...SETTINGS, everyMessage: true }).debugging, true);
});

Deno.test("LineLog.rateLimited() writes one line per key and time, and then how many it held back", () => {
  const { log, lines, time } = collectingLog({ journal: true });
  const say = (key: string) => log.rateLimited(key, 10, "warning", key, { n: 1 });
  say("a");
  say("b");
  say("a");
  time.nowMs += 9999;
  say("a");
  assert.deepEqual(lines, ["<4>a n=1\n", "<4>b n=1\n"]);
  time.nowMs += 1;
  say("a");
  assert.equal(lines.at(-1), "<4>a n=1 held_back=2\n");
  time.nowMs += 10_000;
  say("a");
  assert.equal(lines.at(-1), "<4>a n=1\n");
});

Deno.test("LineLog.configure() changes only what it is given", () => {
  const { log, lines } = collectingLog({ journal: true });
  log.configure({ level: "error" });
  writeAll(log);
  assert.deepEqual(lines, ["<3>e\n"]);
});

Deno.test("LineLog writes text to stderr in the present time by default", () => {
  const { writeSync } = Deno.stderr;
  const written: string[] = [];
  Deno.stderr.writeSync = (bytes) => {
    written.push(new TextDecoder().decode(bytes));
    return bytes.length;
  };
  try {
    new LineLog().info("Started");
    Deno.stderr.writeSync = () => {
      throw new Error("Broken pipe");
    };
    writeToStderr("lost\n");
  } finally {
    Deno.stderr.writeSync = writeSync;
  }
  const [, time, rest] = /^(\S+)( info Started\n)$/.exec(written.join("")) ?? [];
  assert.equal(rest, " info Started\n");
  assert.ok(Math.abs(Date.parse(time!) - Date.now()) < 60_000);
});

const SETTINGS: LogSettings = {
  verbosity: 0,
  format: "text",
  path: undefined,
  alsoToStderr: false,
};

for (
  const [verbosity, level] of [
    [-3, "error"],
    [-2, "error"],
    [-1, "warning"],
    [0, "info"],
    [1, "debug"],
    [2, "debug"],
  ] as const
) {
  Deno.test(`logOptions() has the level ${level} for the verbosity ${verbosity}`, () => {
    assert.equal(logOptions({ ...SETTINGS, verbosity }).level, level);
  });
}

/** Sets an environment variable until it is disposed. */
function variable(name: string, value: string | undefined): Disposable {
  const before = Deno.env.get(name);
  const set = (text: string | undefined) =>
    text === undefined ? Deno.env.delete(name) : Deno.env.set(name, text);
  set(value);
  return { [Symbol.dispose]: () => set(before) };
}

Deno.test("logOptions() writes for journald only if stderr is connected to the journal", () => {
  for (
    const { stream, path, journal } of [
      { stream: "8:1", path: undefined, journal: true },
      { stream: undefined, path: undefined, journal: false },
      { stream: "8:1", path: "/tmp/x.log", journal: false },
    ]
  ) {
    using _variable = variable("JOURNAL_STREAM", stream);
    assert.equal(logOptions({ ...SETTINGS, path }).journal, journal);
  }
});

/** Writes a line with the options of the settings; returns what appeared on stderr. */
function stderrOf(settings: LogSettings, line: string): string {
  const { writeSync } = Deno.stderr;
  let text = "";
  Deno.stderr.writeSync = (bytes) => {
    text += new TextDecoder().decode(bytes);
    return bytes.length;
  };
  try {
    logOptions(settings).write?.(line);
  } finally {
    Deno.stderr.writeSync = writeSync;
  }
  return text;
}

Deno.test("logOptions() appends lines to the file, and to stderr if it is asked to or cannot", () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/server.log`;
  assert.equal(stderrOf({ ...SETTINGS, path }, "one\n"), "");
  assert.equal(stderrOf({ ...SETTINGS, path, alsoToStderr: true }, "two\n"), "two\n");
  assert.equal(Deno.readTextFileSync(path), "one\ntwo\n");
  assert.equal(stderrOf({ ...SETTINGS, path: "/missing/x.log" }, "three\n"), "three\n");
  assert.equal(logOptions({ ...SETTINGS, format: "json" }).format, "json");
  assert.equal(logOptions(SETTINGS).write, undefined);
});
