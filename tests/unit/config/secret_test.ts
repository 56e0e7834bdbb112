import assert from "node:assert/strict";
import { inspect } from "node:util";
import { maskUrls, omitUrls, Secret } from "../../../src/config/secret.ts";

Deno.test("Secret shows its text only through reveal()", () => {
  const secret = new Secret("hunter2");
  const shown = [
    String(secret),
    `${secret}`,
    JSON.stringify({ secret }),
    Deno.inspect({ secret }),
    inspect({ secret }),
    Object.values(secret).join(),
    JSON.stringify(structuredClone(Object.entries(secret))),
  ];
  for (const text of shown) assert.doesNotMatch(text, /hunter2/);
  assert.equal(String(secret), "***");
  assert.equal(secret.reveal(), "hunter2");
});

Deno.test("Secret.isEmpty is true for an empty text", () => {
  const secret = new Secret("");
  assert.equal(secret.isEmpty, true);
  assert.equal(String(secret), "");
});

for (
  const { text, masked } of [
    { text: "Cannot open rtsp://me:p@ss:w0rd@cam/1", masked: "Cannot open rtsp://***@cam/1" },
    { text: "rtsp://secret@cam:554/1", masked: "rtsp://***@cam:554/1" },
    { text: "RTSP://me:a/secret@cam/1", masked: "RTSP://***@cam/1" },
    { text: "rtsp://me:12/secret@cam/1", masked: "rtsp://***@cam/1" },
    { text: "rtsp://me:a?secret@cam/1", masked: "rtsp://***@cam/1" },
    { text: "rtsp://me:a'\"secret@cam/1", masked: "rtsp://***@cam/1" },
    { text: "http://cam/v?user=me&pwd=secret#a", masked: "http://cam/v?user=***&pwd=***#a" },
    { text: "http://cam:80/v?secret", masked: "http://cam:80/v?***" },
    { text: "srt://cam:1?passphrase=a@b;mode=c", masked: "srt://cam:1?passphrase=***;mode=***" },
    {
      text: "http://me:secret@cam/?a=secret: Server returned 404",
      masked: "http://***@cam/?a=***: Server returned 404",
    },
    { text: "from 'http://cam/?a=secret':", masked: "from 'http://cam/?a=***':" },
    { text: '{"url": "http://cam/?a=secret",', masked: '{"url": "http://cam/?a=***",' },
    {
      text: "http://a:secret@b and http://c?d=secret",
      masked: "http://***@b and http://c?d=***",
    },
    { text: "http://[fe80::1]:8080/a", masked: "http://[fe80::1]:8080/a" },
    { text: "/clip.mp4?a=b", masked: "/clip.mp4?a=b" },
    { text: "me@cam: no", masked: "me@cam: no" },
  ]
) {
  Deno.test(`maskUrls() masks the credentials in ${text}`, () => {
    assert.equal(maskUrls(text), masked);
    assert.equal(maskUrls(masked), masked);
  });
}

Deno.test("omitUrls() leaves no part of a URL, and keeps the text around it", () => {
  assert.equal(
    omitUrls("Cannot open rtsp://***@cam:554/1?a=b: Connection refused"),
    "Cannot open the stream: Connection refused",
  );
  assert.equal(omitUrls("no frame for 2.0 s"), "no frame for 2.0 s");
  assert.equal(omitUrls("from 'http://cam/', and http://b"), "from 'the stream', and the stream");
});
