import assert from "node:assert/strict";
import { Subscriptions } from "../../../../src/transports/redis/subscriptions.ts";
import { startRedis } from "../../../support/redis_server.ts";
import { waitFor } from "../../../support/wait.ts";

Deno.test("Subscriptions.renew() forgets a channel that was removed before Redis had confirmed it", async () => {
  await using server = await startRedis();
  const other = server.client();
  const client = server.client({ autoResubscribe: false });
  await waitFor("the connection", () => client.status === "ready");
  const subscriptions = new Subscriptions(client, () => {});
  await subscriptions.add("kept");
  const added = subscriptions.add("brief");
  await subscriptions.remove("brief");
  await added;
  const closed = new Promise((resolve) => client.once("close", resolve));
  client.disconnect(true);
  await closed;
  const receivers = (channel: string) => other.publish(channel, "x");
  await waitFor("the renewal", async () => await receivers("kept") === 1);
  assert.equal(await receivers("brief"), 0);
});
