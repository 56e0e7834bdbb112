import { ConfigError } from "../../base/errors.ts";
import { ffmpegCommand } from "../../capture/ffmpeg/command.ts";
import { type FfmpegExecutable, findFfmpeg } from "../../capture/ffmpeg/executable.ts";
import { maskUrls } from "../../config/secret.ts";
import { type RtspAddress, rtspAddress, type VideoPushSettings } from "./flags.ts";

/** Encoders of H.264 in the order of preference: the second one needs a device that has it. */
export const H264_ENCODERS = ["libx264", "h264_v4l2m2m"] as const;

export type H264Encoder = typeof H264_ENCODERS[number];

/** Where video is pushed to, and by which ffmpeg. */
export interface PushTarget {
  /** With its credentials. */
  readonly url: string;
  readonly address: RtspAddress;
  readonly executable: FfmpegExecutable;
  /** Encoder of H.264; undefined for RTP/JPEG. */
  readonly h264?: H264Encoder;
  /** PEM file of the authorities. @default those of the system */
  readonly tlsCaPath?: string;
}

const HINT = "Use the packed program, or run scripts/build_ffmpeg";

/**
 * Finds the ffmpeg for the settings, whose URL is valid.
 *
 * @throws {ConfigError} if this ffmpeg cannot push to RTSP, encode, verify a certificate or hide a
 * password
 * @throws {SourceError} if there is no ffmpeg
 */
export async function chooseTarget(
  { url: secret, codec, tlsCaPath }: VideoPushSettings,
): Promise<PushTarget> {
  const url = secret.reveal();
  const address = rtspAddress(url)!;
  const executable = await findFfmpeg();
  const name = `${executable.path} ${executable.version}`;
  if (!/^\s*E\s+rtsp\s/m.test(await list(executable, "-muxers"))) {
    throw new ConfigError(`Cannot push video with the ffmpeg ${name}: it has no RTSP output`, {
      hint: HINT,
    });
  }
  if (executable.build !== "own") {
    if (address.tls) {
      throw new ConfigError(
        `Cannot verify the certificate of the RTSP server with the ffmpeg ${name}`,
        { hint: HINT },
      );
    }
    if (maskUrls(url) !== url) {
      throw new ConfigError(
        `Cannot hide the password of video_push_url from the list of processes with the ffmpeg ${name}`,
        { hint: HINT },
      );
    }
  }
  const h264 = codec === "h264" ? await chooseH264(executable, name) : undefined;
  return {
    url,
    address,
    executable,
    ...h264 === undefined ? {} : { h264 },
    ...tlsCaPath === undefined ? {} : { tlsCaPath },
  };
}

async function chooseH264(executable: FfmpegExecutable, name: string): Promise<H264Encoder> {
  const encoders = await list(executable, "-encoders");
  const encoder = H264_ENCODERS.find((each) =>
    new RegExp(`^\\s*V\\S*\\s+${each}\\s`, "m").test(encoders)
  );
  if (encoder) return encoder;
  throw new ConfigError(`Cannot encode H.264 with the ffmpeg ${name}: it has no encoder for it`, {
    hint: "Set PHYSIOLOGY_FFMPEG to an ffmpeg with libx264, such as that of Debian, or remove " +
      "--video_push_codec=h264 and let the RTSP server encode",
  });
}

/** Returns what ffmpeg prints for `-muxers` or `-encoders`. */
async function list(executable: FfmpegExecutable, option: string): Promise<string> {
  const { path, ...options } = ffmpegCommand(executable, ["-hide_banner", option]);
  const { stdout } = await new Deno.Command(path, { ...options, stdin: "null", stderr: "null" })
    .output();
  return new TextDecoder().decode(stdout);
}
