/**
 * Modules of Node, each loaded when it is first used: Deno takes 60 ms to start its implementation of
 * Node, and the run that plans the permissions needs none of it.
 */
export const node = {
  get crypto() {
    return process.getBuiltinModule("node:crypto");
  },
  get net() {
    return process.getBuiltinModule("node:net");
  },
  get tls() {
    return process.getBuiltinModule("node:tls");
  },
};
