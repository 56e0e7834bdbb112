import { SourceError } from "../frame.ts";

/** What ffmpeg may use to read an input, and what kind of input it is. */
export interface InputAccess {
  /** Protocols of libavformat; a file cannot make ffmpeg open a connection, nor a stream a file. */
  readonly protocols: readonly string[];
  /** Containers, by the names of their demuxers. None of them names further inputs to open. */
  readonly formats: readonly string[];
  /** True for a stream without an end; `maybe` if it must be opened to find out. */
  readonly live: boolean | "maybe";
  /** True if the address is a URL of a host, which may contain credentials. */
  readonly network: boolean;
  /** Present if the server shows a certificate; `options`: ffmpeg's options reach its verification. */
  readonly tls?: "options" | "default";
}

/** Decoders that an input may use: those of `scripts/build_ffmpeg`. */
const DECODERS = [
  ...["mjpeg", "h264", "hevc", "mpeg4", "h263", "mpeg2video", "vp8", "vp9", "ffv1", "huffyuv"],
  ...["png", "rawvideo", "wrapped_avframe"],
];

const RECORDINGS = ["avi", "mov", "matroska", "mpegts", "mpeg", "nut", "flv"];
const STREAMS = ["mjpeg", "mpjpeg", "h264", "hevc", "m4v"];
const STILL_IMAGES = ["image2", "jpeg_pipe", "png_pipe"];
const FLASH = ["flv", "live_flv"];

const FILE = {
  protocols: ["file"],
  formats: [...RECORDINGS, ...STREAMS, ...STILL_IMAGES],
  live: false,
  network: false,
} as const;

/** A web server serves recordings as well as streams. */
const HTTP = { formats: [...FILE.formats, "live_flv"], live: "maybe", network: true } as const;
const LIVE = { live: true, network: true } as const;
/** Packets without a session, which name no further address. */
const PACKETS = { ...LIVE, formats: [...RECORDINGS, ...STREAMS] } as const;

/** The inputs by the scheme of their URL, as docs/INPUT.md lists them. */
const SCHEMES: Readonly<Record<string, InputAccess>> = {
  file: FILE,
  lavfi: { protocols: [], formats: ["lavfi"], live: true, network: false },
  rtsp: { ...LIVE, protocols: ["tcp"], formats: ["rtsp"] },
  rtsps: { ...LIVE, protocols: ["tls", "tcp"], formats: ["rtsp"], tls: "default" },
  rtmp: { ...LIVE, protocols: ["rtmp", "tcp"], formats: FLASH },
  rtmps: { ...LIVE, protocols: ["rtmps", "tls", "tcp"], formats: FLASH, tls: "options" },
  http: { ...HTTP, protocols: ["http", "tcp"] },
  https: { ...HTTP, protocols: ["https", "tls", "tcp"], tls: "options" },
  rtp: { ...LIVE, protocols: ["rtp", "udp"], formats: ["rtp", "sdp"] },
  srt: { ...PACKETS, protocols: ["srt"] },
  tcp: { ...PACKETS, protocols: ["tcp"] },
  udp: { ...PACKETS, protocols: ["udp"] },
};

const DEVICE: InputAccess = {
  protocols: [],
  formats: ["video4linux2", "v4l2"],
  live: true,
  network: false,
};

/**
 * Returns what ffmpeg may use to read an address: `file:PATH`, a URL, a device or `lavfi:GRAPH`.
 *
 * @throws {SourceError} for a scheme that is not supported
 */
export function accessOf(url: string): InputAccess {
  if (url.startsWith("/dev/")) return DEVICE;
  const scheme = schemeOf(url);
  if (scheme === undefined) return FILE;
  const access = SCHEMES[scheme];
  if (access) return access;
  throw new SourceError(`Cannot open a URL of ${scheme}: this protocol is not supported`, {
    hint: `Use a file, or a URL of ${Object.keys(SCHEMES).join(", ")}`,
  });
}

/** The scheme of a URL in lower case; undefined for a path. */
export function schemeOf(url: string): string | undefined {
  return /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
}

/** Returns the options of an input that limit ffmpeg to what the input needs. */
export function accessArguments(
  { protocols, formats }: Pick<InputAccess, "protocols" | "formats">,
  decoders: readonly string[] = DECODERS,
): string[] {
  return [
    // An empty list would allow every protocol.
    ...["-protocol_whitelist", protocols.join(",") || "none"],
    ...["-format_whitelist", formats.join(",")],
    ...["-codec_whitelist", decoders.join(",")],
  ];
}
