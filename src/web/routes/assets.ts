import { PAGE_FILES } from "../assets.ts";
import { textResponse } from "../responses.ts";
import type { Route } from "./route.ts";

/** Files that the login page needs; they are served without a token. */
const PUBLIC_FILES: ReadonlySet<string> = new Set(["/style.css", "/icon.svg", "/login.js"]);

/** The files of the page. */
export function assetRoutes(): readonly Route[] {
  return [...PAGE_FILES].map(([path, { text, type }]) => ({
    method: "GET",
    path,
    handle: () => textResponse(text, type),
  }));
}

/** Returns the response for a file that needs no token; undefined for all others. */
export function publicFile(pathname: string): Response | undefined {
  const file = PUBLIC_FILES.has(pathname) ? PAGE_FILES.get(pathname) : undefined;
  return file && textResponse(file.text, file.type);
}

export function loginPage(status: number, error = ""): Response {
  const { text, type } = PAGE_FILES.get("/login.html")!;
  return textResponse(text.replace("<!-- error -->", error), type, status);
}
