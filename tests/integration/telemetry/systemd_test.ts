import assert from "node:assert/strict";
import { silentLog } from "../../../src/telemetry/log.ts";
import { Systemd } from "../../../src/telemetry/systemd.ts";
import { listenForDatagrams } from "../../support/datagram_listener.ts";
import { waitFor } from "../../support/wait.ts";

async function folder() {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

Deno.test("Systemd notifies of the start, each change of the status, a reload and the stop", async () => {
  await using at = await folder();
  await using received = listenForDatagrams(`${at.path}/notify`);
  await using systemd = new Systemd({
    log: silentLog,
    env: { NOTIFY_SOCKET: `${at.path}/notify` },
  });
  systemd.ready("Measuring");
  systemd.status("Measuring");
  systemd.status("No face\nfound");
  systemd.reloading();
  systemd.stopping();
  await waitFor("the last message", () => received.messages.length >= 4);
  assert.deepEqual(received.messages, [
    "READY=1\nSTATUS=Measuring",
    "STATUS=No face found",
    "RELOADING=1",
    "STOPPING=1\nSTATUS=Stopping",
  ]);
});

Deno.test("Systemd sends to an abstract socket, whose name begins with an at sign", async () => {
  const name = `physiology-test-${Deno.pid}`;
  await using received = listenForDatagrams(`\0${name}`);
  await using systemd = new Systemd({ log: silentLog, env: { NOTIFY_SOCKET: `@${name}` } });
  systemd.ready("up");
  await waitFor("the message", () => received.messages.length === 1);
});

Deno.test("Systemd.startWatchdog() sends keep-alives while there is progress, and then the reason", async () => {
  await using at = await folder();
  await using received = listenForDatagrams(`${at.path}/notify`);
  const env = {
    NOTIFY_SOCKET: `${at.path}/notify`,
    WATCHDOG_USEC: "20000",
    PHYSIOLOGY_NOTIFY: `${at.path}/from`,
  };
  await using systemd = new Systemd({ log: silentLog, env });
  const progress: { stalled?: string } = {};
  systemd.startWatchdog(() => progress.stalled);
  await waitFor(
    "keep-alives",
    () => received.messages.filter((text) => text === "WATCHDOG=1").length > 2,
  );
  progress.stalled = "No metric for 30 s";
  await waitFor("the reason", () => received.messages.at(-1) === "STATUS=No metric for 30 s");
});

Deno.test("Systemd ignores a watchdog of another process", async () => {
  const env = { WATCHDOG_USEC: "20000", WATCHDOG_PID: "7" };
  await using other = new Systemd({ log: silentLog, env, pid: 8 });
  assert.equal(other.watchdogMs, undefined);
  await using own = new Systemd({ log: silentLog, env, pid: 7 });
  assert.equal(own.watchdogMs, 10);
});

Deno.test("Systemd does nothing without a socket, and survives one that does not exist", async () => {
  await using none = new Systemd({ log: silentLog, env: {} });
  none.ready("up");
  assert.equal(none.isListening, false);
  await using broken = new Systemd({ log: silentLog, env: { NOTIFY_SOCKET: "/none/such" } });
  broken.ready("up");
});
