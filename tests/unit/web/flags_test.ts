import assert from "node:assert/strict";
import { load } from "../../../src/app/flags.ts";
import { Secret } from "../../../src/config/secret.ts";
import { dashboardPermissions, httpPermissions, webRules } from "../../../src/web/flags.ts";

const settingsOf = (...argv: string[]) => load(argv, { env: {}, readText: () => "" }).settings;

/** The sentences of the broken rules. */
function broken(
  { http = {}, page = {} }: { http?: Record<string, unknown>; page?: Record<string, unknown> },
): string[] {
  const { server, dashboard } = settingsOf("dashboard");
  const settings = { server: { ...server, ...http }, dashboard: { ...dashboard, ...page } };
  return webRules.flatMap((rule) => rule(settings) ?? []);
}

Deno.test("webRules require a token for each server that listens beyond loopback", () => {
  const token = new Secret("secret");
  assert.deepEqual(broken({}), []);
  assert.deepEqual(broken({ http: { httpAddress: "0.0.0.0" } }), [], "no server");
  assert.deepEqual(broken({ http: { httpPort: 1 } }), []);
  assert.match(
    broken({ http: { httpPort: 1, httpAddress: "0.0.0.0" } }).join(),
    /^Cannot listen for HTTP on 0\.0\.0\.0 without a token: add --http_token_file$/,
  );
  assert.deepEqual(
    broken({ http: { httpPort: 1, httpAddress: "0.0.0.0", httpToken: token } }),
    [],
  );
  assert.match(
    broken({ page: { address: "0.0.0.0" } }).join(),
    /^Cannot serve the dashboard on 0\.0\.0\.0 without a token: add --token_file$/,
  );
  assert.deepEqual(broken({ page: { address: "0.0.0.0", token } }), []);
});

Deno.test("web servers may use only the address that they listen on", () => {
  const program = { assets: "/a", env: {} };
  const http = (port: number) =>
    httpPermissions(settingsOf("--simulate", `--http_port=${port}`), program);
  assert.deepEqual(http(0), { net: [] });
  assert.deepEqual(http(1), { net: ["127.0.0.1:1"] });
  assert.deepEqual(dashboardPermissions(settingsOf("dashboard", "--port=90"), program), {
    net: ["127.0.0.1:90"],
  });
});

Deno.test("--http_port, --port and --devices accept their ranges and no more", () => {
  assert.equal(settingsOf("--simulate", "--http_port=65535").server.httpPort, 65_535);
  assert.throws(() => settingsOf("--simulate", "--http_port=65536"));
  assert.equal(settingsOf("dashboard", "--port=65535").dashboard.port, 65_535);
  assert.throws(() => settingsOf("dashboard", "--port=65536"));
  assert.deepEqual(settingsOf("dashboard", "--devices=a,b-*").dashboard.devices, ["a", "b-*"]);
  assert.equal(settingsOf("dashboard", `--devices=${"x".repeat(200)}`).dashboard.devices.length, 1);
  for (const devices of ["a b", "x".repeat(201)]) {
    assert.throws(() => settingsOf("dashboard", `--devices=${devices}`), devices);
  }
});

Deno.test("the web servers listen on loopback by default, the dashboard on port 8080", () => {
  const { server } = settingsOf("--simulate");
  assert.deepEqual([server.httpAddress, server.httpPort], ["127.0.0.1", 0]);
  const { address, port, devices } = settingsOf("dashboard").dashboard;
  assert.deepEqual([address, port, devices], ["127.0.0.1", 8080, ["*"]]);
});
