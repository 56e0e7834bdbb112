import type { ArchiveEntry } from "./archive.ts";
import { programEntries } from "./kernel.ts";
import type { Machine } from "./machine.ts";

const LIBRARIES = "/usr/lib/x86_64-linux-gnu";
const PLUGINS = [
  ...["app", "coreelements", "libcamera", "typefindfunctions", "video4linux2"],
  ...["videoconvertscale", "videotestsrc"],
];
const SCANNER = `${LIBRARIES}/gstreamer1.0/gstreamer-1.0/gst-plugin-scanner`;

/** Returns the GStreamer and the libcamera of this machine. */
export async function gstreamerFiles(): Promise<ArchiveEntry[]> {
  const libraries = [
    ...["gstreamer", "gstapp", "gstvideo"].map((name) => `${LIBRARIES}/lib${name}-1.0.so.0`),
    ...PLUGINS.map((name) => `${LIBRARIES}/gstreamer-1.0/libgst${name}.so`),
  ];
  return [
    ...await programEntries({ [SCANNER]: SCANNER }, libraries),
    ...libraries.map((path): ArchiveEntry => ({ path, kind: "file", source: path })),
    // GStreamer looks for plugins beside its library, which ldd finds in /lib.
    ...["gstreamer-1.0", "gstreamer1.0"].map((name): ArchiveEntry => ({
      path: `/lib/x86_64-linux-gnu/${name}`,
      kind: "link",
      to: `${LIBRARIES}/${name}`,
    })),
  ];
}

/**
 * Gives the virtual USB host controller a firmware node, from which libcamera derives the ids of USB
 * cameras: real controllers have one, by ACPI or a device tree.
 */
export async function addFirmwareNode(machine: Machine): Promise<void> {
  await machine.check(
    "mkdir -p /tmp/platform/vhci_hcd.0 /tmp/platform/firmware_node && " +
      "echo '\\_SB_.VHCI' >/tmp/platform/firmware_node/path && " +
      "mount --bind /sys/devices/platform/vhci_hcd.0 /tmp/platform/vhci_hcd.0 && " +
      "mount --rbind /tmp/platform /sys/devices/platform",
  );
}
