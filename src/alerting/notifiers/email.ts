import type { JsonObject } from "../../base/json_document.ts";
import { isLoopback } from "../../base/loopback.ts";
import { node } from "../../base/node.ts";
import { readCertificate } from "../../base/pem.ts";
import { serverNameOf } from "../../base/server_name.ts";
import { definedPaths, hostAndPort } from "../../config/permissions.ts";
import { readSecretFile } from "../../config/secret_file.ts";
import { type Alert, sentenceOf } from "../alert.ts";
import { DeliveryError, type NotifierKind } from "../notifier.ts";

const URL_PATTERN = {
  regex: /^smtps?:\/\/(?:[^\s/@:[\]?#]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?\/?$/,
  description: "smtps://HOST:PORT or smtp://HOST:PORT",
  isHidden: true,
};
/** One address, as no header can follow it. */
const ADDRESS = { regex: /^[^\s@<>,;:"]+@[^\s@<>,;:"]+$/, description: "an e-mail address" };
/** The name of this client in EHLO; the name of the host stays on this machine. */
const CLIENT_NAME = "physiology-server.invalid";
/** Time for a connection or an answer, in milliseconds; an attempt ends before by its own limit. */
const TIMEOUT_MS = 10_000;

/**
 * Sends each alert as a mail by SMTP: with TLS from the start (`smtps:`), or after STARTTLS, which is
 * the default beyond this machine.
 */
export const email: NotifierKind = (object) => {
  const { host, port, implicitTls, starttls } = addressOf(object);
  const from = object.require("from").string(ADDRESS);
  const to = object.require("to").list().map((node) => node.string(ADDRESS));
  const username = object.get("username")?.string();
  const passwordPath = object.get("password_file")?.string();
  const caPath = object.get("tls_ca_file")?.string();
  return {
    permissions: { read: definedPaths(passwordPath, caPath), net: [hostAndPort(host, port)] },
    open: async () => {
      const tls = {
        minVersion: "TLSv1.2",
        ...serverNameOf(host),
        ...caPath !== undefined && { ca: readCertificate(caPath, "TLS file") },
      } as const;
      const pass = passwordPath === undefined ? "" : readSecretFile(passwordPath).reveal();
      const { createTransport } = await import("nodemailer");
      const transport = createTransport({
        host,
        port,
        name: CLIENT_NAME,
        secure: implicitTls,
        requireTLS: starttls,
        ignoreTLS: !starttls,
        tls,
        ...username !== undefined && { auth: { user: username, pass } },
        ...{ greetingTimeout: TIMEOUT_MS, socketTimeout: TIMEOUT_MS, disableFileAccess: true },
        // The library would resolve the name itself, which needs the permission for every host.
        getSocket: (_options, done) => {
          const socket = implicitTls
            ? node.tls.connect({ host, port, ...tls })
            : node.net.connect(port, host);
          const opened = implicitTls ? "secureConnect" : "connect";
          const fail = (error: Error) => done(error);
          socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error("the server is silent")));
          socket.once("error", fail);
          socket.once(opened, () => {
            socket.removeListener("error", fail);
            socket.setTimeout(0);
            done(null, { connection: socket, secured: implicitTls });
          });
        },
      });
      return {
        async send(alert, signal) {
          try {
            await abortable(transport.sendMail({ from, to, ...mailOf(alert) }), signal);
          } catch (error) {
            signal.throwIfAborted();
            throw asDeliveryError(error as SmtpError);
          }
        },
        [Symbol.asyncDispose]: () => Promise.resolve(transport.close()),
      };
    },
  };
};

/** The fields of a mail about an alert; mails about one alarm are one conversation. */
function mailOf(alert: Alert) {
  const { device, rule, priority, event, since, id } = alert;
  const thread = `<${encodeURIComponent(`${device}.${rule}`)}.${since}@${CLIENT_NAME}>`;
  const sentence = sentenceOf(alert);
  return {
    subject: sentence,
    messageId: event === "raised" ? thread : `<${id}@${CLIENT_NAME}>`,
    ...event !== "raised" && { references: thread, inReplyTo: thread },
    ...priority === "high" && event !== "ended" && { priority: "high" as const },
    headers: { "X-Physiology-Alert": id, "Auto-Submitted": "auto-generated" },
    text: `${sentence}\n\nRule: ${rule}, priority: ${priority}\n` +
      `Since: ${new Date(since / 1000).toISOString()}\n\nThis is no medical alarm system.\n`,
  };
}

interface SmtpError extends Error {
  /** The reply of the server (RFC 5321, section 4.2.1). */
  readonly responseCode?: number;
}

/** Replies from 500 on are permanent (RFC 5321), but those to a login, which can be corrected. */
function asDeliveryError({ message, responseCode = 0 }: SmtpError): DeliveryError {
  const isPermanent = responseCode >= 500 && responseCode !== 530 && responseCode !== 535;
  return new DeliveryError(message, { retry: !isPermanent });
}

function abortable<Result>(result: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    result.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function addressOf(object: JsonObject) {
  const node = object.require("url");
  const [, scheme, name, digits] = /^(smtps?):\/\/(.*?)(?::(\d+))?\/?$/.exec(
    node.string(URL_PATTERN),
  )!;
  const implicitTls = scheme === "smtps";
  const host = name!.replaceAll(/[[\]]/g, "");
  const allowPlaintext = object.get("allow_plaintext")?.boolean() ?? false;
  const starttls = object.get("starttls")?.boolean() ?? !(allowPlaintext || isLoopback(host));
  if (!implicitTls && !starttls && !allowPlaintext && !isLoopback(host)) {
    throw node.error(
      `others on the network could read what is sent to ${host}: remove "starttls", or add ` +
        `"allow_plaintext": true`,
    );
  }
  return { host, port: Number(digits ?? (implicitTls ? 465 : 587)), implicitTls, starttls };
}
