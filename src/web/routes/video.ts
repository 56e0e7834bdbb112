import type { Hub } from "../hub.ts";
import { BOUNDARY, mjpegStream } from "../mjpeg_stream.ts";
import { errorResponse, respond } from "../responses.ts";
import type { Route } from "./route.ts";

/** Maximum number of videos at a time. */
const MAX_VIDEOS = 48;

/** `/video`: motion JPEG of one device, for clients other than the page. */
export function videoRoute(hub: Hub): Route {
  let videos = 0;
  return {
    method: "GET",
    path: "/video",
    handle: ({ method }, { query }) => {
      const device = hub.deviceOf(query.get("device"));
      if (device === undefined) return errorResponse(404, "The device is unknown");
      if (videos >= MAX_VIDEOS) return errorResponse(503, "Too many clients watch videos");
      const headers = { "content-type": `multipart/x-mixed-replace; boundary=${BOUNDARY}` };
      if (method === "HEAD") return respond(null, { headers });
      videos++;
      return respond(mjpegStream(hub, device, () => videos--), { headers });
    },
  };
}
