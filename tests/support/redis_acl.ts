/** The file for Redis, and the one for Sentinel, whose commands Redis does not know. */
export const ACL_PATH = new URL("../../config/redis.acl", import.meta.url).pathname;
export const SENTINEL_ACL_PATH = new URL("../../config/redis_sentinel.acl", import.meta.url)
  .pathname;

/** Returns the rules of a user in one of these files, with `password` as its password. */
export function aclRules(
  user: string,
  { password = "secret", path = ACL_PATH }: { password?: string; path?: string } = {},
): string[] {
  const line = Deno.readTextFileSync(path).split("\n").find((text) =>
    text.startsWith(`user ${user} `)
  );
  if (!line) throw new Error(`${path} has no user ${user}`);
  return line.split(" ").slice(2).map((rule) => rule.replace(/^>.*/, `>${password}`));
}

/** Returns the password that a user has in one of these files. */
export function aclPassword(user: string, path = ACL_PATH): string {
  const line = Deno.readTextFileSync(path).split("\n").find((text) => text.includes(` ${user} `));
  return / >(\S+)/.exec(line ?? "")?.[1] ?? "";
}
