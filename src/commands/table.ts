import type { CommandName } from "../config/command_names.ts";
import type { Command } from "./command.ts";

/** Loads the module of each command on demand, so that the program starts quickly. */
export const LOADERS: Readonly<Record<CommandName, () => Promise<Command>>> = {
  "serve": () => import("./serve.ts"),
  "up": () => import("./up.ts"),
  "simulate": () => import("./simulate.ts"),
  "validate": () => import("./validate.ts"),
  "record": () => import("./record.ts"),
  "alert": () => import("./alert.ts"),
  "fhir": () => import("./fhir.ts"),
  "log": () => import("./log.ts"),
  "acl": () => import("./acl.ts"),
  "install": () => import("./install.ts"),
  "uninstall": () => import("./uninstall.ts"),
  "dashboard": () => import("./dashboard.ts"),
  "check-camera": () => import("./check_camera.ts"),
  "check-config": () => import("./check_config.ts"),
  "print-config": () => import("./print_config.ts"),
  "save-default-config": () => import("./save_default_config.ts"),
  "devices": () => import("./devices.ts"),
  "version": () => import("./version.ts"),
  "licenses": () => import("./licenses.ts"),
  "completions": () => import("./completions.ts"),
  "man": () => import("./man.ts"),
  "help": () => import("./help.ts"),
};
