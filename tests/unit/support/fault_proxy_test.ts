import { FaultProxy } from "../../support/fault_proxy.ts";
import { waitFor } from "../../support/wait.ts";

// A connection that is open after its disposal fails the test, as each leak does. When the proxy
// accepts it depends on the moment, so that there are several.
for (let moment = 0; moment < 40; moment++) {
  Deno.test(`FaultProxy has closed all connections when it is disposed at moment ${moment}`, async () => {
    using target = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const proxy = new FaultProxy({ port: target.addr.port });
    const { hostname, port } = proxy;
    const clients = Array.from(
      { length: 6 },
      () => Deno.connect({ hostname, port }).then((client) => client.close(), () => {}),
    );
    const untilMs = performance.now() + (moment % 10) * 0.3;
    while (performance.now() < untilMs);
    if (moment % 2) await clients[0];
    await proxy[Symbol.asyncDispose]();
    await Promise.all(clients);
  });
}

Deno.test("FaultProxy closes a connection to the target that opens after the client's was cut", async () => {
  const hostname = "127.0.0.1";
  using target = Deno.listen({ hostname, port: 0, tcpBacklog: 1 });
  const { port } = target.addr;
  using _first = await Deno.connect({ hostname, port });
  using _second = await Deno.connect({ hostname, port }); // the queue of the target is full
  await using proxy = new FaultProxy({ port });
  using _client = await Deno.connect(proxy);
  await waitFor("the client at the proxy", () => proxy.accepted);
  proxy.cut();
  (await target.accept()).close();
  (await target.accept()).close();
  using late = await target.accept();
  let isClosed = false;
  const read = late.read(new Uint8Array(1)).then((end) => isClosed = end === null, () => {});
  await waitFor("the end of the late connection", () => isClosed);
  await read;
});
