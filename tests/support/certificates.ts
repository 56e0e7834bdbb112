/** A certificate authority of a test, with what it signed, as PEM files in one folder. */
export interface Certificates {
  readonly ca: string;
  /** For localhost and 127.0.0.1. */
  readonly server: KeyPair;
  readonly client: KeyPair;
  /** For another host. */
  readonly otherName: KeyPair;
  /** No longer valid. */
  readonly expired: KeyPair;
  /** Of an authority that nobody knows. */
  readonly strangerCa: string;
}
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** Makes them by openssl. */
export function makeCertificates(folder: string): Certificates {
  const ca = makeAuthority(folder, "ca");
  const sign = (name: string, options: SignOptions) => makeSigned(folder, name, { ca, ...options });
  return {
    ca: ca.cert,
    server: sign("server", { names: "DNS:localhost,IP:127.0.0.1" }),
    client: sign("client", { names: "DNS:client" }),
    otherName: sign("other", { names: "DNS:redis.example.org" }),
    expired: sign("expired", {
      names: "DNS:localhost,IP:127.0.0.1",
      days: -1,
    }),
    strangerCa: makeAuthority(folder, "stranger").cert,
  };
}

interface SignOptions {
  readonly names: string;
  readonly days?: number;
}

function makeAuthority(folder: string, name: string): KeyPair {
  const pair = { cert: `${folder}/${name}.crt`, key: `${folder}/${name}.key` };
  // deno-fmt-ignore
  openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
    "-keyout", pair.key, "-out", pair.cert, "-subj", `/CN=test ${name}`, "-days", "2");
  return pair;
}

function makeSigned(
  folder: string,
  name: string,
  { ca, names, days = 2 }: SignOptions & { readonly ca: KeyPair },
): KeyPair {
  const pair = { cert: `${folder}/${name}.crt`, key: `${folder}/${name}.key` };
  const request = `${folder}/${name}.csr`;
  // deno-fmt-ignore
  openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
    "-keyout", pair.key, "-out", request, "-subj", `/CN=${name}`,
    "-addext", `subjectAltName=${names}`);
  // deno-fmt-ignore
  openssl("x509", "-req", "-in", request, "-CA", ca.cert, "-CAkey", ca.key, "-out", pair.cert,
    "-copy_extensions", "copy", "-days", `${days}`);
  return pair;
}

function openssl(...args: string[]): void {
  const { success, stderr } = new Deno.Command("openssl", { args, stderr: "piped" }).outputSync();
  if (!success) throw new Error(`openssl ${args[0]} failed: ${new TextDecoder().decode(stderr)}`);
}
