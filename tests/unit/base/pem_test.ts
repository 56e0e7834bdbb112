import assert from "node:assert/strict";
import { ConfigError } from "../../../src/base/errors.ts";
import { readCertificate, readKeyPair } from "../../../src/base/pem.ts";
import { makeCertificates } from "../../support/certificates.ts";
import { temporaryFolder } from "../../support/folders.ts";

const NAMES = { cert: "certificate", key: "key" };

function refused(run: () => unknown, message: string): void {
  assert.throws(run, (error) => error instanceof ConfigError && error.message === message);
}

Deno.test("readKeyPair() reads a certificate and its key, and refuses other files by name", () => {
  using folder = temporaryFolder();
  const { server, client } = makeCertificates(folder.path);
  const garbage = `${folder.path}/garbage.pem`;
  Deno.writeTextFileSync(garbage, "not PEM");
  const read = (certPath: string, keyPath: string) => readKeyPair({ certPath, keyPath }, NAMES);
  assert.deepEqual(read(server.cert, server.key), {
    cert: Deno.readTextFileSync(server.cert),
    key: Deno.readTextFileSync(server.key),
  });
  refused(
    () => read("/none.pem", server.key),
    "Cannot read the certificate /none.pem: no such file or directory",
  );
  refused(
    () => read(server.cert, "/none.pem"),
    "Cannot read the key /none.pem: no such file or directory",
  );
  refused(
    () => read(garbage, server.key),
    `Cannot use the certificate ${garbage}: it has no certificate in PEM format`,
  );
  refused(
    () => read(server.cert, garbage),
    `Cannot use the key ${garbage}: it has no private key in PEM format without a passphrase`,
  );
  refused(
    () => read(server.cert, client.key),
    `Cannot use the key ${client.key}: it is not the private key of ${server.cert}`,
  );
});

Deno.test("readKeyPair() supports the usual kinds of keys", () => {
  using folder = temporaryFolder();
  const [certPath, keyPath] = [`${folder.path}/c.pem`, `${folder.path}/k.pem`];
  for (const kind of [["rsa:2048"], ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], ["ed25519"]]) {
    // deno-fmt-ignore
    const { success } = new Deno.Command("openssl", {
      args: ["req", "-x509", "-nodes", "-newkey", ...kind, "-subj", "/CN=a", "-out", certPath, "-keyout", keyPath],
      stderr: "null",
    }).outputSync();
    assert(success);
    readKeyPair({ certPath, keyPath }, NAMES);
  }
});

Deno.test("readCertificate() reads a file of several certificates with comments", () => {
  using folder = temporaryFolder();
  const { ca, unknownCa, server } = makeCertificates(folder.path);
  const bundle = `${folder.path}/bundle.pem`;
  const pems = [ca, unknownCa].map((path) => Deno.readTextFileSync(path));
  Deno.writeTextFileSync(bundle, ["# Our authorities", "", "The first", ...pems].join("\n"));
  assert.equal(readCertificate(bundle, "TLS file"), Deno.readTextFileSync(bundle));
  refused(
    () => readCertificate(server.key, "TLS file"),
    `Cannot use the TLS file ${server.key}: it has no certificate in PEM format`,
  );
});
