import assert from "node:assert/strict";
import { probeInput } from "../../../src/capture/ffmpeg/input.ts";
import { SourceError } from "../../../src/capture/frame.ts";
import { type Certificates, makeCertificates } from "../../support/certificates.ts";
import { TemporaryFolder } from "../../support/clips.ts";
import { FFMPEGS } from "../../support/ffmpegs.ts";
import { TlsCamera } from "../../support/tls_camera.ts";

const folder = new TemporaryFolder();
globalThis.addEventListener("unload", () => folder[Symbol.dispose]());
const certificates = makeCertificates(folder.path);

const AUTHORIZATION = `Authorization: Basic ${btoa("me:hunter2")}`;

/** Servers that show the certificate of `key`, to a client that trusts `ca`. */
const CASES: readonly {
  readonly name: string;
  readonly key: keyof Pick<Certificates, "server" | "otherName" | "expired">;
  readonly ca: keyof Pick<Certificates, "ca" | "unknownCa"> | undefined;
  readonly host: string;
  readonly isTrusted?: true;
}[] = [
  { name: "its own name", key: "server", ca: "ca", host: "localhost", isTrusted: true },
  { name: "its own address", key: "server", ca: "ca", host: "127.0.0.1", isTrusted: true },
  { name: "the name of another host", key: "otherName", ca: "ca", host: "localhost" },
  { name: "the name of another host, by address", key: "otherName", ca: "ca", host: "127.0.0.1" },
  { name: "an expired date", key: "expired", ca: "ca", host: "localhost" },
  { name: "another authority", key: "server", ca: "unknownCa", host: "localhost" },
  { name: "no public authority", key: "server", ca: undefined, host: "localhost" },
];

for (const executable of FFMPEGS) {
  // The ffmpeg of the system does not pass options of TLS on to RTSP, so it is not used for that.
  for (const scheme of executable.build === "own" ? ["https", "rtsps"] : ["https"]) {
    for (const { name, key, ca, host, isTrusted } of CASES) {
      const action = isTrusted ? "logs in to" : "sends no credential to";
      Deno.test(`probeInput() with ffmpeg ${executable.version} ${action} a camera by ${scheme} whose certificate has ${name}`, async () => {
        await using camera = new TlsCamera(certificates[key]);
        const url = `${scheme}://me:hunter2@${host}:${camera.port}/?pwd=hunter3`;
        const tlsCaPath = ca && certificates[ca];
        await assert.rejects(
          probeInput(url, { executable, tlsCaPath }),
          (error) => error instanceof SourceError && !/hunter/.test(error.describe()),
        );
        assert.ok(camera.visits > 0);
        assert.equal(camera.received.includes(AUTHORIZATION), isTrusted ?? false);
        if (!isTrusted) assert.equal(camera.received, "");
      });
    }
  }
}
