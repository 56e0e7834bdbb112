import assert from "node:assert/strict";
import { startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

/** Starts the server with the file backend as systemd would, with a socket in place of systemd. */
async function startService(config: string, ...more: string[]) {
  const folder = await Deno.makeTempDir();
  Deno.writeTextFileSync(`${folder}/file.json`, config);
  const socket = Deno.listenDatagram({ transport: "unixpacket", path: `${folder}/notify` });
  const notifications: string[] = [];
  const listening = (async () => {
    for await (const [bytes] of socket) notifications.push(new TextDecoder().decode(bytes));
  })();
  const child = new Deno.Command(`${ROOT}scripts/physiology_server`, {
    args: ["--simulate", "--streaming_backend=file", "--port=0", "--capture_width_px=320"]
      .concat(["--capture_height_px=240", `--file_base_directory=${folder}/out`])
      .concat([`--filesystem_ipc_config_path=${folder}/file.json`, `--log_path=${folder}/log`])
      .concat(more),
    env: { NOTIFY_SOCKET: `${folder}/notify`, WATCHDOG_USEC: "200000" },
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  return {
    folder,
    notifications,
    child,
    log: () => Deno.readTextFileSync(`${folder}/log`),
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch { /* it has exited */ }
      await child.status;
      socket.close();
      await listening;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

Deno.test("serve notifies systemd of its start, its keep-alives and its stop", async () => {
  await using service = await startService("{}");
  const { notifications, child } = service;
  await waitFor("the start", () => notifications.some((text) => text.startsWith("READY=1")), {
    timeoutMs: 30_000,
  });
  await waitFor("a keep-alive", () => notifications.includes("WATCHDOG=1"));
  child.kill("SIGTERM");
  const { code } = await child.status;
  assert.equal(code, 0);
  await waitFor("the end", () => notifications.some((text) => text.startsWith("STOPPING=1")));
});

Deno.test("serve keeps its configuration if SIGHUP finds an invalid one", async () => {
  await using service = await startService("{}");
  const { notifications, child, folder, log } = service;
  await waitFor("the start", () => notifications.some((text) => text.startsWith("READY=1")), {
    timeoutMs: 30_000,
  });
  Deno.writeTextFileSync(`${folder}/file.json`, '{"io_buffer_size": "much"}');
  child.kill("SIGHUP");
  await waitFor("the refusal", () => log().includes("Keeping the old configuration"));
  Deno.writeTextFileSync(`${folder}/file.json`, '{"io_buffer_size": 4096}');
  child.kill("SIGHUP");
  await waitFor("the new one", () => log().includes("--file_io_buffer_size"));
  await waitFor("both notifications", () => {
    return notifications.filter((text) => text === "RELOADING=1").length === 2;
  });
  child.kill("SIGTERM");
  assert.equal((await child.status).code, 0);
});

Deno.test("serve reports a Redis that hangs, and continues its keep-alives", async () => {
  await using redis = await startRedis();
  const flags = ["--streaming_backend=redis", `--redis_port=${redis.port}`];
  await using service = await startService("{}", ...flags);
  const { notifications } = service;
  const count = (text: string) => notifications.filter((each) => each.includes(text)).length;
  await waitFor("a keep-alive", () => count("WATCHDOG=1") > 0, { timeoutMs: 30_000 });
  redis.freeze();
  await waitFor("the problem", () => count("delayed or not delivered") > 0, { timeoutMs: 30_000 });
  const before = count("WATCHDOG=1");
  await waitFor("more keep-alives", () => count("WATCHDOG=1") > before + 3);
  redis.thaw();
});
