import assert from "node:assert/strict";
import { ACL_ROLES, aclExample, aclRules } from "../../../../../src/transports/redis/acl/rules.ts";
import { ACL_PATH } from "../../../../support/redis_acl.ts";

Deno.test("aclRules() grants channels and keys of the device only", () => {
  for (const role of ACL_ROLES) {
    const patterns = aclRules(role, "ward-1").join(" ").match(/[~&][^ )]+/g) ?? [];
    assert.ok(patterns.length > 0);
    assert.ok(patterns.every((pattern) => pattern.slice(1).startsWith("ward-1:")), `${patterns}`);
  }
  assert.ok(!aclRules("keeper", "ward-1").some((rule) => rule.startsWith("&")));
});

Deno.test("aclExample() is config/redis.acl", () => {
  assert.equal(aclExample(), Deno.readTextFileSync(ACL_PATH));
});
