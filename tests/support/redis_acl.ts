const ACL = new URL("../../config/redis.acl", import.meta.url);

/** The rules of a user of the project's ACL file, with `password` in place of the one to change. */
export function aclRules(user: string, password = "secret"): string[] {
  const line = Deno.readTextFileSync(ACL).split("\n").find((text) =>
    text.startsWith(`user ${user} `)
  );
  if (!line) throw new Error(`config/redis.acl has no user ${user}`);
  return line.split(" ").slice(2).map((rule) => rule.replace(/^>.*/, `>${password}`));
}
