import assert from "node:assert/strict";
import { load } from "../../../src/app/flags.ts";
import { permissionsFor } from "../../../src/app/permissions.ts";
import { patientOf } from "../../../src/fhir/flags.ts";

const CONTEXT = { env: {}, readText: () => "secret\n" };
const settingsOf = (...flags: string[]) => load(["fhir", ...flags], CONTEXT).settings;

Deno.test("fhir takes a folder or a server, and refuses what would show a secret", () => {
  for (const to of ["out", "/var/lib/fhir", "http://localhost:8080/fhir", "https://h/r4"]) {
    assert.equal(settingsOf(`--to=${to}`).fhir.to, to);
  }
  for (const to of ["https://u:p@h/r4", "https://h/r4?key=1", "ftp://h", "https://"]) {
    assert.throws(() => settingsOf(`--to=${to}`), { exitStatus: 64 }, to);
  }
  assert.throws(() => settingsOf(), { exitStatus: 64, message: /add --to=FOLDER/ });
});

Deno.test("fhir refuses vital signs and secrets without TLS beyond loopback", () => {
  const oauth = ["--fhir_oauth_client_id=a", "--fhir_oauth_client_secret=b"];
  for (
    const flags of [
      ["--to=http://hospital/fhir"],
      ["--to=https://hospital/fhir", "--fhir_oauth_url=http://login/token", ...oauth],
    ]
  ) {
    assert.throws(() => settingsOf(...flags), { exitStatus: 78, message: /without TLS/ });
  }
  const open = ["--to=http://[::1]:80/fhir", "--fhir_oauth_url=http://127.0.0.1/t", ...oauth];
  assert.ok(settingsOf(...open));
});

Deno.test("fhir refuses one patient for several devices", () => {
  const to = "--to=out";
  for (
    const flags of [
      ["--fhir_subject=Patient/7"],
      ["--fhir_subject=Patient/7", "--devices=ward-*"],
      ["--fhir_subject=Patient/7", "--devices=a,b"],
      ["--fhir_subject=Patient/7,Patient/8", "--devices=a"],
      ["--fhir_subject=Person/7", "--devices=a"],
    ]
  ) assert.throws(() => settingsOf(to, ...flags), { exitStatus: 64 }, flags.join(" "));
  const one = settingsOf(to, "--fhir_subject=Patient/7", "--devices=a").fhir;
  assert.equal(patientOf(one, "a"), "Patient/7");
  const several = settingsOf(to, "--fhir_subject=a=Patient/7,b=Patient/8").fhir;
  assert.deepEqual(["a", "b", "c"].map((device) => patientOf(several, device)), [
    "Patient/7",
    "Patient/8",
    undefined,
  ]);
});

Deno.test("fhir refuses half of a pair of flags, and two kinds of tokens", () => {
  for (
    const flags of [
      ["--fhir_tls_cert_path=a"],
      ["--fhir_oauth_url=https://login/token"],
      ["--fhir_oauth_client_id=a", "--fhir_oauth_client_secret=b"],
      [
        "--fhir_oauth_url=https://login/token",
        "--fhir_oauth_client_id=a",
        "--fhir_oauth_client_secret_file=b",
        "--fhir_token_file=c",
      ],
    ]
  ) {
    const refusal = { exitStatus: 64, message: /^Cannot use / };
    assert.throws(() => settingsOf("--to=out", ...flags), refusal, flags.join(" "));
  }
});

Deno.test("fhir may reach only its servers and write only its folder", () => {
  const permissionsOf = (...flags: string[]) =>
    permissionsFor("fhir", settingsOf(...flags), { assets: "/a", env: {} })!;
  const folder = permissionsOf("--to=/out", "--redis_host=127.0.0.1");
  assert.deepEqual(folder.net, ["127.0.0.1:6379"]);
  assert.deepEqual(folder.write, ["/out"]);
  const server = permissionsOf(
    "--to=https://h/r4",
    "--redis_host=127.0.0.1",
    "--fhir_queue_path=/queue",
    "--fhir_tls_ca_path=/ca.pem",
    "--fhir_oauth_url=https://login:444/token",
    "--fhir_oauth_client_id=a",
    "--fhir_oauth_client_secret_file=/secret",
  );
  assert.deepEqual(server.net, ["127.0.0.1:6379", "h:443", "login:444"]);
  assert.deepEqual(server.write, ["/queue"]);
  assert.deepEqual(server.read, ["/secret", "/ca.pem", "/queue"]);
  assert.equal(server.ffi, false);
});
