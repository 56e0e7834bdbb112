import { type CameraRecording, encodeRecording } from "../support/camera_recording.ts";
import { waitFor } from "../support/wait.ts";
import type { ArchiveEntry } from "./archive.ts";
import { BUILD } from "./camera_machine.ts";
import type { Machine } from "./machine.ts";
import { SLOW } from "./published_messages.ts";

const encoder = new TextEncoder();

/** Stable path of the webcam in the machine. */
export const WEBCAM_LINK = "/dev/v4l/by-id/usb-Example_Test_Webcam_0001-video-index0";

/**
 * Creates the stable path of a camera and the entry in the data of udev, without which libcamera does
 * not use a device, as udev does; busybox's mdev calls it for each device of a camera.
 */
const LINKER = `#!/bin/sh
entry=/run/udev/data/c$MAJOR:$MINOR
mkdir -p /run/udev/data
if [ "$ACTION" = remove ]; then rm -f $entry; else echo I:1 >$entry; fi
case $MDEV in media*) exit ;; esac
folder=/dev/v4l/by-id
mkdir -p $folder
if [ "$ACTION" = remove ]; then
  for link in $folder/*; do [ "$(readlink $link)" = "../../$MDEV" ] && rm $link; done
  exit 0
fi
camera=/sys/class/video4linux/$MDEV
usb=$(readlink -f $camera/device/..)
[ -e $usb/serial ] || exit 0
name=$(cat $usb/manufacturer)_$(cat $usb/product)_$(cat $usb/serial)
ln -sf ../../$MDEV "$folder/usb-$(echo $name | tr ' ' _)-video-index$(cat $camera/index)"
`;

export const WEBCAM_MODULES = ["uvcvideo", "vhci-hcd"] as const;
export const WEBCAM_PROGRAMS = {
  "/bin/uvc_camera": `${BUILD}/uvc_camera`,
  "/bin/vivid_check": `${BUILD}/vivid_check`,
};

/** Returns the webcam's recordings, one for each of its sizes, and the machine's device rules. */
export function webcamFiles(sizes: readonly CameraRecording[]): ArchiveEntry[] {
  const file = (path: string, source: Uint8Array): ArchiveEntry => ({ path, kind: "file", source });
  return [
    file("/bin/link_camera", encoder.encode(LINKER)),
    file("/etc/mdev.conf", encoder.encode("(video|media)[0-9]+ 0:44 660 */bin/link_camera\n")),
    file("/etc/passwd", encoder.encode("root:x:0:0::/:/bin/sh\nguest:x:1000:1000::/tmp:/bin/sh\n")),
    ...sizes.map((size, i) => file(`/webcam/${i}.camera`, encodeRecording(size))),
  ];
}

/** The emulated webcam of `ffi/native/tests/uvc`, which the kernel's driver uvcvideo operates. */
export class Webcam {
  readonly #machine: Machine;

  static async start(machine: Machine): Promise<Webcam> {
    await machine.check("modprobe vhci-hcd && modprobe uvcvideo && mdev -d");
    await machine.check(
      "mkfifo /tmp/webcam; touch /tmp/webcam.log; uvc_camera /tmp/webcam /tmp/webcam.log /webcam/*.camera >/tmp/webcam.errors 2>&1 &",
    );
    return new Webcam(machine);
  }

  private constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Runs one of the commands of `uvc_camera.c` and waits until it is done. */
  async execute(command: string): Promise<void> {
    const start = await this.position();
    await this.#machine.check(`echo "${command}" >/tmp/webcam`);
    await this.#until(`the webcam's command ${command}`, start, (line) => line.startsWith("did"));
  }

  /** Returns the number of lines in the webcam's log: a start position for `logUntil()`. */
  async position(): Promise<number> {
    return (await this.#log()).length;
  }

  /** Waits for the line `last` after the first `start` lines; returns the lines up to it. */
  async logUntil(last: string, start: number): Promise<string[]> {
    return await this.#until(`the webcam's log line ${last}`, start, (line) => line === last);
  }

  async #until(what: string, start: number, ends: (line: string) => boolean): Promise<string[]> {
    let lines: string[] = [];
    try {
      return await waitFor(what, async () => {
        lines = (await this.#log()).slice(start);
        const end = lines.findIndex(ends);
        return end < 0 ? undefined : lines.slice(0, end + 1);
      }, SLOW);
    } catch (cause) {
      throw new Error(`${cause}: its log is ${JSON.stringify(lines)}`, { cause });
    }
  }

  async #log(): Promise<string[]> {
    return (await this.#machine.check("cat /tmp/webcam.log")).split("\n").slice(0, -1);
  }
}
