import assert from "node:assert/strict";
import { Systemd } from "../../../src/telemetry/systemd.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
import { listenForDatagrams } from "../../support/datagram_listener.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { HeldTimers } from "../../support/held_timers.ts";
import { waitFor } from "../../support/wait.ts";

const WATCHDOG = { WATCHDOG_USEC: "20000000" };

/** A client with a socket in place of systemd. */
class Fixture implements AsyncDisposable {
  readonly folder = temporaryFolder();
  readonly received = listenForDatagrams(`${this.folder.path}/notify`);
  readonly log = new CollectingLog();
  readonly systemd: Systemd;
  #ended = false;

  constructor(env: Record<string, string> = {}) {
    const all = { NOTIFY_SOCKET: `${this.folder.path}/notify`, ...env };
    this.systemd = new Systemd({ log: this.log, env: all, pid: 7 });
  }

  /** Waits for that many messages, and returns them all. */
  async messages(count: number): Promise<readonly string[]> {
    await waitFor("the messages", () => this.received.messages.length >= count, { pollMs: 1 });
    return this.received.messages;
  }

  /** Disposes the client, once. */
  async end(): Promise<void> {
    if (!this.#ended) await this.systemd[Symbol.asyncDispose]();
    this.#ended = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    await this.received[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }
}

Deno.test("Systemd notifies of the start, each change of the status, a reload and the stop", async () => {
  await using fixture = new Fixture();
  const { systemd } = fixture;
  assert.equal(systemd.isListening, true);
  systemd.ready("Measuring");
  systemd.status("Measuring");
  systemd.status("No face\nfound");
  systemd.status("No face\nfound");
  systemd.reloading();
  systemd.stopping();
  assert.deepEqual(await fixture.messages(5 - 1), [
    "READY=1\nSTATUS=Measuring",
    "STATUS=No face found",
    "RELOADING=1",
    "STOPPING=1\nSTATUS=Stopping",
  ]);
});

Deno.test("Systemd does nothing without a service manager", async () => {
  using timers = new HeldTimers();
  const log = new CollectingLog();
  await using systemd = new Systemd({ log, env: WATCHDOG });
  systemd.ready("Measuring");
  systemd.startWatchdog(() => undefined);
  assert.deepEqual(timers.remainingMs, []);
  systemd.stopping();
  assert.deepEqual([systemd.isListening, log.lines], [false, []]);
});

for (
  const [name, env, watchdogMs] of [
    ["half of the timeout, from microseconds to milliseconds", WATCHDOG, 10_000],
    ["half of it for its own process", { ...WATCHDOG, WATCHDOG_PID: "7" }, 10_000],
    ["none for another process", { ...WATCHDOG, WATCHDOG_PID: "8" }, undefined],
    ["none without a timeout", {}, undefined],
    ["none with a timeout of 0", { WATCHDOG_USEC: "0" }, undefined],
    ["none with a timeout that is no number", { WATCHDOG_USEC: "x" }, undefined],
    ["1 ms at least", { WATCHDOG_USEC: "1" }, 1],
    ["whole milliseconds", { WATCHDOG_USEC: "5999" }, 2],
  ] as const
) {
  Deno.test(`Systemd.watchdogMs is ${name}`, async () => {
    await using systemd = new Systemd({ log: new CollectingLog(), env, pid: 7 });
    assert.equal(systemd.watchdogMs, watchdogMs);
  });
}

Deno.test("Systemd feeds the watchdog at half of its timeout while there is progress", async () => {
  await using fixture = new Fixture(WATCHDOG);
  using timers = new HeldTimers();
  const { systemd, log } = fixture;
  const progress: { stall?: string } = {};
  systemd.startWatchdog(() => progress.stall);
  timers.advance(9999);
  assert.deepEqual(fixture.received.messages, []);
  timers.advance(10_001);
  assert.deepEqual(await fixture.messages(2), ["WATCHDOG=1", "WATCHDOG=1"]);
  progress.stall = "No frame";
  timers.advance(20_000);
  assert.deepEqual((await fixture.messages(3)).slice(2), ["STATUS=No frame"]);
  assert.equal(log.linesWith("Not feeding the watchdog: No frame").length, 1);
  log.time.nowMs = 9000;
  timers.advance(10_000);
  assert.equal(log.linesWith("Not feeding").length, 1);
  log.time.nowMs = 11_000;
  timers.advance(10_000);
  assert.equal(log.linesWith("Not feeding").length, 2);
});

Deno.test("Systemd has one watchdog, which ends with the shutdown", async () => {
  for (const end of ["stopping", "dispose"] as const) {
    await using fixture = new Fixture(WATCHDOG);
    using timers = new HeldTimers();
    const { systemd } = fixture;
    systemd.startWatchdog(() => undefined);
    systemd.startWatchdog(() => undefined);
    assert.deepEqual(timers.remainingMs, [10_000]);
    if (end === "stopping") systemd.stopping();
    else await fixture.end();
    assert.deepEqual(timers.remainingMs, [], end);
  }
});

Deno.test("Systemd starts no watchdog that the service manager does not want", async () => {
  await using fixture = new Fixture();
  using timers = new HeldTimers();
  fixture.systemd.startWatchdog(() => undefined);
  assert.deepEqual(timers.remainingMs, []);
});

Deno.test("Systemd binds the path that the launcher names, and removes it at the end", async () => {
  using folder = temporaryFolder();
  const own = `${folder.path}/own`;
  Deno.writeTextFileSync(own, "left by a crash");
  {
    await using fixture = new Fixture({ PHYSIOLOGY_NOTIFY: own });
    assert.equal(fixture.systemd.isListening, true);
    assert.equal(Deno.lstatSync(own).isSocket, true);
    fixture.systemd.ready("up");
    await fixture.messages(1);
  }
  assert.throws(() => Deno.lstatSync(own), Deno.errors.NotFound);
});

Deno.test("Systemd sends what was said before the end, and closes its socket", async () => {
  const openFiles = () => [...Deno.readDirSync("/proc/self/fd")].length;
  await using fixture = new Fixture();
  const before = openFiles();
  fixture.systemd.ready("up");
  await fixture.end();
  assert.equal(openFiles(), before - 1);
  assert.equal((await fixture.messages(1)).length, 1);
});

Deno.test("Systemd logs once a minute that it cannot notify, and once that it has no socket", async () => {
  const log = new CollectingLog();
  await using systemd = new Systemd({ log, env: { NOTIFY_SOCKET: "/missing/notify" } });
  const lines = () => log.linesWith("Cannot notify systemd").length;
  const send = async (nowMs: number) => {
    log.time.nowMs = nowMs;
    systemd.reloading();
    await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await send(0);
  await waitFor("the line", () => lines() === 1, { pollMs: 1 });
  await send(59_000);
  assert.equal(lines(), 1);
  await send(61_000);
  await waitFor("the next line", () => lines() === 2, { pollMs: 1 });
  const env = { NOTIFY_SOCKET: "/missing/notify", PHYSIOLOGY_NOTIFY: "/missing/own" };
  await using other = new Systemd({ log, env });
  assert.equal(other.isListening, false);
  assert.equal(log.linesWith("Cannot open a socket to notify systemd").length, 1);
});

Deno.test("Systemd does not keep the program alive by its watchdog", async () => {
  await using fixture = new Fixture(WATCHDOG);
  const { unrefTimer } = Deno;
  let unreferenced = 0;
  Deno.unrefTimer = (id) => {
    unreferenced++;
    unrefTimer(id);
  };
  try {
    fixture.systemd.startWatchdog(() => undefined);
  } finally {
    Deno.unrefTimer = unrefTimer;
  }
  assert.equal(unreferenced, 1);
});
