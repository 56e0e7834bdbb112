import assert from "node:assert/strict";
import { restOf, type Route, routesFor } from "../../../../src/web/routes/route.ts";

const route = (path: string, method: Route["method"] = "GET"): Route => ({
  ...{ method, path },
  handle: () => new Response(),
});

Deno.test("routesFor() finds the routes of a path, and of those below it", () => {
  const routes = [route("/a"), route("/a", "POST"), route("/b/*"), route("/c")];
  const found = (path: string) =>
    routesFor(routes, path).map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(found("/a"), ["GET /a", "POST /a"]);
  assert.deepEqual(found("/b/x/y"), ["GET /b/*"]);
  for (const path of ["/", "/b", "/b/", "/a/x", "/cx", "/xc"]) {
    assert.deepEqual(found(path), [], path);
  }
});

Deno.test("restOf() is what the asterisk stands for", () => {
  assert.equal(restOf("/b/*", "/b/x/y"), "x/y");
  assert.equal(restOf("/b/*", "/other/x"), "");
  assert.equal(restOf("/b/x", "/b/xy"), "");
});
