/**
 * Defines a test of connections by ioredis, which leaves a timer of two seconds when it drops a
 * connection that its peer has closed: operations and resources are not checked for leaks.
 * `FakeRedis` counts its connections instead.
 */
export function redisTest(name: string, fn: (t: Deno.TestContext) => Promise<void> | void): void {
  Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });
}
