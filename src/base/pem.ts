import type { KeyObject, X509Certificate } from "node:crypto";
import { ConfigError, reasonOf } from "./errors.ts";
import { node } from "./node.ts";

/**
 * Reads a PEM file that begins with a certificate.
 *
 * @param name what the file is, for messages: "certificate for gRPC".
 * @throws {ConfigError} if it cannot be read, or has no certificate.
 */
export function readCertificate(path: string, name: string): string {
  const pem = readPem(path, name);
  certificateIn(pem, `the ${name} ${path}`);
  return pem;
}

/**
 * Reads a certificate and its private key from PEM files.
 *
 * @throws {ConfigError} if one of them cannot be read or used, or they do not belong together.
 */
export function readKeyPair(
  { certPath, keyPath }: { readonly certPath: string; readonly keyPath: string },
  names: { readonly cert: string; readonly key: string },
): { readonly cert: string; readonly key: string } {
  const [cert, key] = [readPem(certPath, names.cert), readPem(keyPath, names.key)];
  const certificate = certificateIn(cert, `the ${names.cert} ${certPath}`);
  const privateKey = privateKeyIn(key, `the ${names.key} ${keyPath}`);
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new ConfigError(
      `Cannot use the ${names.key} ${keyPath}: it is not the private key of ${certPath}`,
    );
  }
  return { cert, key };
}

function readPem(path: string, name: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    throw new ConfigError(`Cannot read the ${name} ${path}: ${reasonOf(cause)}`, { cause });
  }
}

function certificateIn(pem: string, file: string): X509Certificate {
  try {
    return new node.crypto.X509Certificate(pem);
  } catch (cause) {
    throw new ConfigError(`Cannot use ${file}: it has no certificate in PEM format`, { cause });
  }
}

function privateKeyIn(pem: string, file: string): KeyObject {
  try {
    return node.crypto.createPrivateKey(pem);
  } catch (cause) {
    throw new ConfigError(
      `Cannot use ${file}: it has no private key in PEM format without a passphrase`,
      { cause },
    );
  }
}
