import { errorResponse, jsonResponse, respond } from "../responses.ts";
import type { SessionFolder } from "../sessions.ts";
import type { Route } from "./route.ts";

/** `/v1/sessions`: the list of recorded sessions, and the download of their files. */
export function sessionRoutes(folder: SessionFolder): readonly Route[] {
  return [{
    method: "GET",
    path: "/v1/sessions",
    handle: async () => jsonResponse({ sessions: await folder.list() }),
  }, {
    method: "GET",
    path: "/v1/sessions/*",
    handle: async ({ method }, { rest }) => {
      const name = decoded(rest);
      const file = name === undefined ? undefined : await folder.open(name);
      if (!file) return errorResponse(404, "There is no such file of a session");
      const headers = {
        "content-type": file.type,
        "content-disposition": `attachment; filename*=UTF-8''${rest}`,
      };
      if (method !== "HEAD") return respond(file.content, { headers });
      await file.content.cancel();
      return respond(null, { headers });
    },
  }];
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
