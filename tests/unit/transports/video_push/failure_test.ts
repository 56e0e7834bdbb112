import assert from "node:assert/strict";
import { hintFor, pushFailureReason } from "../../../../src/transports/video_push/failure.ts";

/** What ffmpeg 5.1.9 and 7.1.5 print. */
const OUTPUTS = [
  [
    `[tcp @ 0x1] Connection to tcp://127.0.0.1:1?timeout=0 failed: Connection refused
Could not write header for output file #0 (incorrect codec parameters ?): Connection refused
Error initializing output stream 0:0 --
`,
    "Connection to tcp://127.0.0.1:1?timeout=*** failed: Connection refused",
  ],
  [
    `[tls @ 0x1] mbedtls_ssl_get_verify_result reported problems, returned flags: 12
[tls @ 0x1] The certificate is not correctly signed by the trusted CA.
[out#0/rtsp @ 0x1] Could not write header (incorrect codec parameters ?): Input/output error
`,
    "The certificate is not correctly signed by the trusted CA.",
  ],
  [
    `[rtsp @ 0x1] method ANNOUNCE failed: 401Unauthorized
[out#0/rtsp @ 0x1] Could not write header (incorrect codec parameters ?): Server returned 401
`,
    "method ANNOUNCE failed: 401Unauthorized",
  ],
  ["[vost#0:0/copy @ 0x1] Error submitting a packet to the muxer: Broken pipe\n", "Broken pipe"],
  ["av_interleaved_write_frame(): Broken pipe\n", "Broken pipe"],
  ["Cannot open rtsp://me:hunter2@media/bed\n", "Cannot open rtsp://***@media/bed"],
  ["", "ffmpeg gave no reason"],
] as const;

for (const [stderr, reason] of OUTPUTS) {
  Deno.test(`pushFailureReason() finds "${reason}"`, () => {
    assert.equal(pushFailureReason(stderr), reason);
  });
}

for (
  const [reason, hint] of [
    ["Server returned 401 Unauthorized (authorization failed)", /password/],
    ["method ANNOUNCE failed: 401Unauthorized", /password/],
    ["method SETUP failed: 461Unsupported transport", /path/],
    ["Server returned 404 Not Found", /path/],
    ["Connection refused", /server runs/],
    ["Failed to resolve hostname media", /name of the host/],
    ["The certificate is not correctly signed by the trusted CA", /video_push_tls_ca_path/],
    ["the server does not respond", /network and the server/],
    ["no frame was sent for 5.0 s", /network and the server/],
  ] as const
) {
  Deno.test(`hintFor() has an action for "${reason}"`, () => {
    assert.match(hintFor(reason) ?? "", hint);
  });
}

Deno.test("hintFor() has none for a reason that says enough", () => {
  assert.equal(hintFor("Broken pipe"), undefined);
});
