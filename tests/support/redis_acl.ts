const ACL = new URL("../../config/redis.acl", import.meta.url);

/** Returns the rules of a user in config/redis.acl, with `password` as its password. */
export function aclRules(user: string, password = "secret"): string[] {
  const line = Deno.readTextFileSync(ACL).split("\n").find((text) =>
    text.startsWith(`user ${user} `)
  );
  if (!line) throw new Error(`config/redis.acl has no user ${user}`);
  return line.split(" ").slice(2).map((rule) => rule.replace(/^>.*/, `>${password}`));
}
