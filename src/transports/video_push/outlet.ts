import { readCertificate } from "../../base/pem.ts";
import type { Outlet } from "../outlet.ts";
import {
  videoPushFlags,
  videoPushPermissions,
  videoPushPolicies,
  videoPushRules,
  type WithVideoPush,
} from "./flags.ts";

/** Pushing the published frames as video to an RTSP server. */
export const videoPushOutlet = {
  topics: { videoPush: videoPushFlags },
  rules: videoPushRules,
  policies: videoPushPolicies,
  isSelected: ({ videoPush }) => !videoPush.url.isEmpty,
  permissions: videoPushPermissions,
  async check({ videoPush }) {
    readAuthorities(videoPush);
    const { chooseTarget } = await import("./target.ts");
    await chooseTarget(videoPush);
  },
  async open({ videoPush }, context) {
    readAuthorities(videoPush);
    const { chooseTarget } = await import("./target.ts");
    const { VideoPushSink } = await import("./video_push_sink.ts");
    const sink = new VideoPushSink(await chooseTarget(videoPush), context);
    return { sink, [Symbol.asyncDispose]: () => sink[Symbol.asyncDispose]() };
  },
} as const satisfies Outlet<WithVideoPush>;

/** @throws {ConfigError} if the file is missing or has no certificate: ffmpeg would only fail later */
function readAuthorities({ tlsCaPath }: WithVideoPush["videoPush"]): void {
  if (tlsCaPath !== undefined) readCertificate(tlsCaPath, "authorities of the RTSP server");
}
