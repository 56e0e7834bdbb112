import { FaultProxy } from "../../support/fault_proxy.ts";

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
