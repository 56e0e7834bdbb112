/** Paths of PEM files: a certificate authority and certificates that it signed. */
export interface Certificates {
  /** The authority's certificate. */
  readonly ca: string;
  /** For localhost and 127.0.0.1. */
  readonly server: KeyPair;
  readonly client: KeyPair;
  /** For another host. */
  readonly otherName: KeyPair;
  /** Expired. */
  readonly expired: KeyPair;
  /** Another authority, which signed none of these certificates. */
  readonly unknownCa: string;
}

/** Paths of a certificate and its private key. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** Creates the files in `folder` with openssl. */
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
    unknownCa: makeAuthority(folder, "unknown").cert,
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
