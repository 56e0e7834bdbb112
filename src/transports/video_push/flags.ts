import { isLoopback } from "../../base/loopback.ts";
import { ffmpegPermissions } from "../../capture/ffmpeg/permissions.ts";
import type { CommandName } from "../../config/command_names.ts";
import { bool, choice, optionalPath, secret, topic, type ValuesOf } from "../../config/flag.ts";
import type { Policy, Rule } from "../../config/flag_table.ts";
import { definedPaths, hostAndPort, type PermissionsOf } from "../../config/permissions.ts";
import { NO_SECRET } from "../../config/secret.ts";
import type { FramePublishPolicy } from "../../frames/pacing.ts";

/** Pushing the published frames to an RTSP server, beside any transport. */
export const videoPushFlags = topic("Video push", ["serve"], {
  url: secret(
    "video_push_url",
    "Also push the published frames as video to the RTSP server at this URL, rtsp://HOST:PORT/PATH " +
      "or rtsps://; prefer --video_push_url_file for a URL with a password.",
    {
      default: NO_SECRET,
      secretFrom: { fileFlag: "video_push_url_file", credential: "video_push_url" },
    },
  ),
  urlFile: optionalPath(
    "video_push_url_file",
    "File that contains the URL of the RTSP server, with its credentials.",
  ),
  codec: choice(
    "video_push_codec",
    "Codec of the video; h264 is for browsers, and needs an ffmpeg that encodes it.",
    { default: "mjpeg", choices: ["mjpeg", "h264"] },
  ),
  tlsCaPath: optionalPath(
    "video_push_tls_ca_path",
    "PEM file of the certificate authorities for the RTSP server; default: those of the system.",
  ),
  allowPlaintext: bool(
    "video_push_allow_plaintext",
    "Push video without TLS to hosts other than loopback: others on the network can see the frames, " +
      "and read the password.",
  ),
});

export type VideoPushSettings = ValuesOf<typeof videoPushFlags>;

/** The settings that concern the video push. */
export interface WithVideoPush {
  readonly videoPush: VideoPushSettings;
  readonly publish: { readonly framePublish: FramePublishPolicy };
}

/** The address of an RTSP server. */
export interface RtspAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

const RTSP_URL =
  /^rtsp(s?):\/\/(?:[^\s/?#]*@)?(?:([^\s/@:[\]?#]+)|\[([\da-f:.]+)\])(?::(\d{1,5}))?(?:[/?#]\S*)?$/i;
/** Ports that are registered for RTSP and RTSP over TLS (IANA). */
const DEFAULT_PORT = { plain: 554, tls: 322 } as const;

/** Parses the URL of an RTSP server; returns undefined if it is none. */
export function rtspAddress(url: string): RtspAddress | undefined {
  const [match, s = "", name, address, digits] = RTSP_URL.exec(url) ?? [];
  const host = name ?? address;
  if (match === undefined || host === undefined) return undefined;
  const tls = s !== "";
  const port = digits === undefined ? DEFAULT_PORT[tls ? "tls" : "plain"] : Number(digits);
  return port >= 1 && port <= 65535 ? { host, port, tls } : undefined;
}

export const videoPushRules: readonly Rule<WithVideoPush>[] = [
  ({ videoPush: { url, tlsCaPath, codec } }) =>
    url.isEmpty && (tlsCaPath !== undefined || codec !== "mjpeg")
      ? "Cannot use video_push_* without a server: add --video_push_url_file"
      : undefined,
  ({ videoPush: { url }, publish }) =>
    !url.isEmpty && publish.framePublish === "never"
      ? "Cannot push video without frames: remove --frame_publish=never or --video_push_url"
      : undefined,
  ({ videoPush: { url, tlsCaPath } }) =>
    tlsCaPath !== undefined && rtspAddress(url.reveal())?.tls === false
      ? "Cannot use video_push_tls_ca_path without TLS: begin --video_push_url with rtsps://"
      : undefined,
];

/** The commands that connect to the server, or check that they could. */
const CONNECTING: readonly CommandName[] = ["serve", "check-config", "install"];

/** Refuses URLs that are none of RTSP, without showing them: they may contain a password. */
const addressPolicy: Policy<WithVideoPush> = ({ videoPush: { url } }, command) => {
  if (url.isEmpty || !CONNECTING.includes(command)) return undefined;
  if (rtspAddress(url.reveal())) return undefined;
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url.reveal())?.[1];
  return scheme === undefined || /^rtsps?$/i.test(scheme)
    ? "Cannot use the URL of video_push_url: it must be rtsp://HOST:PORT/PATH or rtsps://HOST:PORT/PATH"
    : `Cannot push video to a URL of ${scheme}: it must begin with rtsp:// or rtsps://`;
};

/** Refuses frames without TLS beyond loopback. */
const plaintextPolicy: Policy<WithVideoPush> = ({ videoPush }, command) => {
  const { url, allowPlaintext } = videoPush;
  if (url.isEmpty || allowPlaintext || !CONNECTING.includes(command)) return undefined;
  const address = rtspAddress(url.reveal());
  if (!address || address.tls || isLoopback(address.host)) return undefined;
  return `Cannot push video to ${address.host} without TLS: begin --video_push_url with rtsps://, ` +
    "or add --video_push_allow_plaintext";
};

export const videoPushPolicies = [addressPolicy, plaintextPolicy];

export const videoPushPermissions: PermissionsOf<WithVideoPush> = ({ videoPush }, program) => {
  const address = rtspAddress(videoPush.url.reveal());
  if (!address) return {};
  return {
    ...ffmpegPermissions(undefined, program),
    read: definedPaths(videoPush.tlsCaPath),
    net: [hostAndPort(address.host, address.port)],
  };
};
