import assert from "node:assert/strict";
import { RtspPing } from "../../../../src/transports/video_push/rtsp_ping.ts";
import { freePort } from "../../../support/free_port.ts";
import { clock } from "../../../support/messages.ts";
import { waitFor } from "../../../support/wait.ts";

/** A server that counts requests and answers as `answer` says; "close" ends the connection. */
function serve(answer: () => string | "close" | undefined) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections = new Set<Deno.Conn>();
  const state = { requests: [] as string[], connections: 0 };
  const talk = async (connection: Deno.Conn) => {
    const buffer = new Uint8Array(1024);
    for (let count = await connection.read(buffer); count; count = await connection.read(buffer)) {
      state.requests.push(new TextDecoder().decode(buffer.subarray(0, count)));
      const text = answer();
      if (text === "close") return close(connection);
      if (text !== undefined) await connection.write(new TextEncoder().encode(text));
    }
  };
  const serving = (async () => {
    const talks: Promise<void>[] = [];
    for await (const connection of listener) {
      state.connections++;
      connections.add(connection);
      talks.push(talk(connection).catch(() => {}));
    }
    await Promise.all(talks);
  })();
  return {
    state,
    port: (listener.addr as Deno.NetAddr).port,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of connections) close(connection);
      await serving;
    },
  };
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
}

/** Pings 127.0.0.1 every 10 ms, with a time limit that only a silent server reaches. */
function pingTo(port: number, { timeoutMs = 60_000 } = {}) {
  const state = { silences: 0 };
  const ping = new RtspPing({
    address: { host: "127.0.0.1", port, tls: false },
    clock,
    intervalMs: 10,
    timeoutMs,
    onSilence: () => state.silences++,
  });
  const running = ping.start();
  return {
    state,
    async [Symbol.asyncDispose]() {
      ping[Symbol.dispose]();
      await running;
    },
  };
}

const OK = "RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n";

Deno.test("RtspPing asks on one connection, and reports no silence of a server that responds", async () => {
  for (const answer of [OK, "RTSP/1.0 401 Unauthorized\r\n\r\n"]) {
    await using server = serve(() => answer);
    await using ping = pingTo(server.port);
    await waitFor("requests", () => server.state.requests.length >= 5);
    assert.deepEqual([server.state.connections, ping.state.silences], [1, 0]);
    assert.equal(server.state.requests[1], "OPTIONS * RTSP/1.0\r\nCSeq: 2\r\n\r\n");
  }
});

Deno.test("RtspPing reports a server that accepts connections and is silent", async () => {
  await using server = serve(() => undefined);
  await using ping = pingTo(server.port, { timeoutMs: 50 });
  await waitFor("two silences", () => ping.state.silences >= 2);
  assert(server.state.connections >= 2, "on a new connection");
});

Deno.test("RtspPing reports no silence of a server that refuses or closes connections", async () => {
  await using server = serve(() => "close");
  await using ping = pingTo(server.port);
  await using refused = pingTo(freePort());
  await waitFor("connections", () => server.state.connections >= 5);
  assert.deepEqual([ping.state.silences, refused.state.silences], [0, 0]);
});

Deno.test("RtspPing ends at once while a request is in flight", async () => {
  await using server = serve(() => undefined);
  await using ping = pingTo(server.port);
  await waitFor("a request", () => server.state.requests.length > 0);
  assert.equal(ping.state.silences, 0);
});

Deno.test("RtspPing reports no silence if the file of the authorities is gone", async () => {
  const state = { silences: 0, pauses: 0 };
  const ping = new RtspPing({
    address: { host: "127.0.0.1", port: 1, tls: true },
    tlsCaPath: "/nonexistent/ca.pem",
    clock: {
      sleep(ms, signal) {
        state.pauses++;
        return clock.sleep(ms, signal);
      },
    },
    intervalMs: 1,
    onSilence: () => state.silences++,
  });
  const running = ping.start();
  await waitFor("two requests", () => state.pauses >= 2);
  ping[Symbol.dispose]();
  await running;
  assert.equal(state.silences, 0);
});
