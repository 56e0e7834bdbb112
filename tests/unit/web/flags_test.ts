import assert from "node:assert/strict";
import { load } from "../../../src/app/flags.ts";
import { Secret } from "../../../src/config/secret.ts";
import { dashboardPermissions, httpPermissions, webRules } from "../../../src/web/flags.ts";

const settingsOf = (...argv: string[]) => load(argv, { env: {}, readText: () => "" }).settings;

/** The sentences of the broken rules. */
function broken(
  { http = {}, page = {}, tls = {} }: {
    http?: Record<string, unknown>;
    page?: Record<string, unknown>;
    tls?: Record<string, unknown>;
  },
): string[] {
  const { server, dashboard, http: defaults } = settingsOf("dashboard");
  const settings = {
    server: { ...server, ...http },
    dashboard: { ...dashboard, ...page },
    http: { ...defaults, ...tls },
  };
  return webRules.flatMap((rule) => rule(settings, "dashboard") ?? []);
}

const TOKEN = new Secret("a secret of 16 characters");
const TLS = { certPath: "/c.pem", keyPath: "/k.pem" };

Deno.test("webRules require a token for the server that listens beyond loopback", () => {
  assert.deepEqual(broken({}), []);
  assert.deepEqual(broken({ http: { httpAddress: "0.0.0.0" } }), [], "no server");
  assert.deepEqual(broken({ http: { httpPort: 1 } }), []);
  const http = { httpPort: 1, httpAddress: "0.0.0.0" };
  assert.deepEqual(broken({ http, tls: TLS }), [
    "Cannot listen for HTTP on 0.0.0.0 without a token: add --http_token_file",
  ]);
  assert.deepEqual(broken({ http: { ...http, httpToken: TOKEN }, tls: TLS }), []);
  assert.deepEqual(broken({ page: { address: "0.0.0.0" }, tls: TLS }), [], "it generates one");
});

Deno.test("webRules require TLS for each server that listens beyond loopback, or the flag to go without", () => {
  const http = { httpPort: 1, httpAddress: "0.0.0.0", httpToken: TOKEN };
  const page = { address: "::", token: TOKEN };
  for (const [servers, what] of [[{ http }, "0.0.0.0"], [{ page }, "::"]] as const) {
    assert.match(
      broken(servers).join(),
      new RegExp(
        `^Cannot .* on ${what} without TLS: add --http_tls_cert_path and --http_tls_key_path, or ` +
          "--http_allow_plaintext$",
      ),
    );
    assert.deepEqual(broken({ ...servers, tls: TLS }), []);
    assert.deepEqual(broken({ ...servers, tls: { allowPlaintext: true } }), []);
  }
  assert.match(broken({ tls: { certPath: "/c.pem" } }).join(), /give both$/);
});

Deno.test("webRules accept a token of 16 characters, and no shorter one, on any address", () => {
  for (const address of ["127.0.0.1", "0.0.0.0"]) {
    for (const [length, sentences] of [[15, 1], [16, 0]] as const) {
      const token = new Secret("x".repeat(length));
      const http = { httpPort: 1, httpAddress: address, httpToken: token };
      assert.equal(broken({ http, tls: TLS }).length, sentences);
      const [sentence = "openssl rand"] = broken({ page: { address, token }, tls: TLS });
      assert.match(sentence, /openssl rand/);
    }
  }
});

Deno.test("web servers may use only the address that they listen on", () => {
  const program = { assets: "/a", env: {} };
  const http = (port: number) =>
    httpPermissions(settingsOf("--simulate", `--http_port=${port}`), program);
  assert.deepEqual(http(0), { net: [] });
  assert.deepEqual(http(1), { net: ["127.0.0.1:1"], read: [] });
  assert.deepEqual(dashboardPermissions(settingsOf("dashboard", "--port=90"), program), {
    net: ["127.0.0.1:90"],
    read: [],
  });
});

Deno.test("--http_port and --port accept their ranges and no more", () => {
  assert.equal(settingsOf("--simulate", "--http_port=65535").server.httpPort, 65_535);
  assert.throws(() => settingsOf("--simulate", "--http_port=65536"));
  assert.equal(settingsOf("dashboard", "--port=65535").dashboard.port, 65_535);
  assert.throws(() => settingsOf("dashboard", "--port=65536"));
});

Deno.test("the web servers listen on loopback by default, the dashboard on port 8080", () => {
  const { server } = settingsOf("--simulate");
  assert.deepEqual([server.httpAddress, server.httpPort], ["127.0.0.1", 0]);
  const { address, port } = settingsOf("dashboard").dashboard;
  assert.deepEqual([address, port], ["127.0.0.1", 8080]);
});
