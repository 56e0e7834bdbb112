import assert from "node:assert/strict";
import { aclRules } from "../../support/redis_acl.ts";
import { everyFeatureWorks } from "../../support/redis_features.ts";
import { optionsFor } from "../../support/redis_outbox.ts";
import { type RedisServer, startRedis } from "../../support/redis_server.ts";

async function allow(server: RedisServer, user: string, rules: readonly string[]): Promise<void> {
  const admin = server.client();
  await admin.acl("SETUSER", user, "reset");
  await admin.acl("SETUSER", user, ...rules);
}

for (
  const [user, usePubsub] of [["physiology_publisher", true], ["physiology_keeper", false]] as const
) {
  Deno.test(`config/redis.acl grants ${user} the rules that the server needs and no others`, async () => {
    await using server = await startRedis();
    const options = optionsFor(server, { username: user, password: "secret", usePubsub });
    const rules = aclRules(user);
    await allow(server, user, rules);
    assert(await everyFeatureWorks(server, options));
    const admin = server.client();
    const unused = [];
    for (const rule of rules) {
      if (!/^[+~&]/.test(rule) || OPTIONAL.has(rule)) continue;
      await admin.flushall();
      await admin.acl("LOG", "RESET");
      await allow(server, user, rules.filter((other) => other !== rule));
      await everyFeatureWorks(server, options, 700);
      // Some calls may fail silently, such as naming the client: the ACL log shows them.
      const denied = (await admin.acl("LOG")) as unknown[];
      if (denied.length === 0) unused.push(rule);
    }
    assert.deepEqual(unused, []);
  });
}

/** Rules that only a separate option needs; see redis_acl_file_test.ts. */
const OPTIONAL = new Set([
  "+spublish",
  "+select",
  "+info",
  "+cluster|slots",
  "+pubsub|shardnumsub",
]);
