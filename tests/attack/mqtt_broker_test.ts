import assert from "node:assert/strict";
import { SinkUnderTest } from "../support/mqtt_sink.ts";
import { waitFor } from "../support/wait.ts";

/** A broker that answers each connection with these bytes and then zeros, until it is closed. */
function hostileBroker(answer: Uint8Array): { readonly port: number } & AsyncDisposable {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serve = async (connection: Deno.Conn) => {
    using peer = connection;
    try {
      await peer.read(new Uint8Array(1024));
      await peer.write(answer);
      while (await peer.write(new Uint8Array(65_536)) > 0);
    } catch {
      // The device has closed the connection.
    }
  };
  const served = (async () => {
    const peers: Promise<void>[] = [];
    for await (const connection of listener) peers.push(serve(connection));
    await Promise.all(peers);
  })();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    async [Symbol.asyncDispose]() {
      listener.close();
      await served;
    },
  };
}

const CONNACK = [0x20, 3, 0, 0, 0];

for (
  const [what, answer] of [
    ["a CONNACK of 256 MiB", [0x20, 0xff, 0xff, 0xff, 0x7f]],
    ["a message of 256 MiB", [...CONNACK, 0x30, 0xff, 0xff, 0xff, 0x7f]],
    ["a length without an end", [...CONNACK, 0x30, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ] as const
) {
  Deno.test(`MqttSink ends the connection to a broker that sends ${what}`, async () => {
    await using broker = hostileBroker(new Uint8Array(answer));
    await using device = new SinkUnderTest(broker.port);
    const before = Deno.memoryUsage().rss;
    device.sink.start();
    await waitFor(
      "the end of the connection",
      () => device.log.lines.some((line) => /too long or malformed/.test(line)),
    );
    assert(Deno.memoryUsage().rss - before < 64e6);
  });
}
