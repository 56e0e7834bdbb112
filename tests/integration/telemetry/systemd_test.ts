import assert from "node:assert/strict";
import { silentLog } from "../../../src/telemetry/log.ts";
import { Systemd } from "../../../src/telemetry/systemd.ts";
import { waitFor } from "../../support/wait.ts";

/** Stands for systemd: a socket that keeps what it is told. */
function listener(path: string) {
  const socket = Deno.listenDatagram({ transport: "unixpacket", path });
  const messages: string[] = [];
  const reading = (async () => {
    for await (const [bytes] of socket) messages.push(new TextDecoder().decode(bytes));
  })();
  return {
    messages,
    async [Symbol.asyncDispose]() {
      socket.close();
      await reading;
    },
  };
}

async function folder() {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

Deno.test("systemd hears of the start, of each change of status, and of the end", async () => {
  await using at = await folder();
  await using heard = listener(`${at.path}/notify`);
  await using systemd = new Systemd({
    log: silentLog,
    env: { NOTIFY_SOCKET: `${at.path}/notify` },
  });
  systemd.ready("Measuring");
  systemd.status("Measuring");
  systemd.status("No face\nfound");
  systemd.reloading();
  systemd.stopping();
  await waitFor("the last message", () => heard.messages.length >= 4);
  assert.deepEqual(heard.messages, [
    "READY=1\nSTATUS=Measuring",
    "STATUS=No face found",
    "RELOADING=1",
    "STOPPING=1\nSTATUS=Stopping",
  ]);
});

Deno.test("the name of a socket without a file begins with an at sign", async () => {
  const name = `physiology-test-${Deno.pid}`;
  await using heard = listener(`\0${name}`);
  await using systemd = new Systemd({ log: silentLog, env: { NOTIFY_SOCKET: `@${name}` } });
  systemd.ready("up");
  await waitFor("the message", () => heard.messages.length === 1);
});

Deno.test("the watchdog is fed while there is progress, and told why when there is none", async () => {
  await using at = await folder();
  await using heard = listener(`${at.path}/notify`);
  const env = {
    NOTIFY_SOCKET: `${at.path}/notify`,
    WATCHDOG_USEC: "20000",
    PHYSIOLOGY_NOTIFY: `${at.path}/from`,
  };
  await using systemd = new Systemd({ log: silentLog, env });
  const progress: { stalled?: string } = {};
  systemd.watch(() => progress.stalled);
  await waitFor("food", () => heard.messages.filter((text) => text === "WATCHDOG=1").length > 2);
  progress.stalled = "No metric for 30 s";
  await waitFor("the reason", () => heard.messages.at(-1) === "STATUS=No metric for 30 s");
});

Deno.test("a watchdog that is meant for another process is left alone", async () => {
  const env = { WATCHDOG_USEC: "20000", WATCHDOG_PID: "7" };
  await using other = new Systemd({ log: silentLog, env, pid: 8 });
  assert.equal(other.watchdogMs, undefined);
  await using own = new Systemd({ log: silentLog, env, pid: 7 });
  assert.equal(own.watchdogMs, 10);
});

Deno.test("without systemd nothing happens, and with a broken socket nothing breaks", async () => {
  await using none = new Systemd({ log: silentLog, env: {} });
  none.ready("up");
  assert.equal(none.isListening, false);
  await using broken = new Systemd({ log: silentLog, env: { NOTIFY_SOCKET: "/none/such" } });
  broken.ready("up");
});
