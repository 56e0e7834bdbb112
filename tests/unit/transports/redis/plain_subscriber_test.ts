import assert from "node:assert/strict";
import { PlainSubscriber } from "../../../../src/transports/redis/plain_subscriber.ts";
import { startRedis } from "../../../support/redis_server.ts";
import { waitFor } from "../../../support/wait.ts";

Deno.test("PlainSubscriber forgets a channel that was removed before Redis had confirmed it", async () => {
  await using server = await startRedis();
  const other = server.client();
  const client = server.client({ autoResubscribe: false });
  await waitFor("the connection", () => client.status === "ready");
  using subscriptions = new PlainSubscriber(client, { onMessage() {}, onError() {} });
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
