/** A path that the page's server answers. */
export interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  /** Path; with `/*` at its end, all paths below it. */
  readonly path: string;
  /** @param rest What the asterisk stands for. */
  readonly handle: (
    request: Request,
    target: { readonly query: URLSearchParams; readonly rest: string },
  ) => Promise<Response> | Response;
}

/** Finds the routes of a path, whatever their method. */
export function routesFor(routes: readonly Route[], pathname: string): readonly Route[] {
  return routes.filter(({ path }) =>
    path === pathname || (path.endsWith("/*") && restOf(path, pathname) !== "")
  );
}

/** Returns the part of the path that the asterisk of a route stands for. */
export function restOf(path: string, pathname: string): string {
  const start = path.slice(0, -1);
  return path.endsWith("/*") && pathname.startsWith(start) ? pathname.slice(start.length) : "";
}
