import { describe } from "../../../alarms/text.ts";
import { STATUS_TABLE, type StatusName } from "../../../vitals/condition/status_table.ts";
import { type Withheld, WITHHELD_LABELS } from "../../../vitals/withheld.ts";
import type { Catalogue } from "./catalogue.ts";

const WAIT = "Please wait. The measurement continues by itself.";

/** What the person before the camera can do in each status. */
const STATUS_FOR_PERSON: Readonly<Record<StatusName, string>> = {
  STOPPING: WAIT,
  CAMERA_DISCONNECTED: WAIT,
  PUBLISH_DEGRADED: "",
  PROCESSING_NOT_STARTED: "Please wait a moment.",
  CAMERA_TUNING: "Please wait a moment.",
  PICTURE_FROZEN: WAIT,
  FRAME_RATE_TOO_LOW: WAIT,
  IMAGE_TOO_DARK: "Please switch on a light in front of you.",
  IMAGE_TOO_BRIGHT: "Please turn away from the bright light.",
  NO_FACES_FOUND: "Please face the camera.",
  MORE_THAN_ONE_FACE_FOUND: "Only one person should be visible.",
  EXCESSIVE_MOTION: "Please hold still for a few seconds.",
  FACE_TOO_BIG_OR_TOO_SMALL: "Please sit about an arm's length from the camera.",
  FACE_NOT_CENTERED: "Please move to the middle of the picture.",
  CHEST_TOO_FAR_OR_NOT_ENOUGH_SHOWING: "Please move back until your shoulders are visible.",
  OK: "Good: please keep still.",
};

const WITHHELD_FOR_PERSON: Readonly<Record<Withheld, string>> = {
  no_face: STATUS_FOR_PERSON.NO_FACES_FOUND,
  warming_up: "Please hold still for some seconds.",
  low_quality: "Please hold still, in a steady light.",
  motion: STATUS_FOR_PERSON.EXCESSIVE_MOTION,
  flicker: "Please switch the flickering light off.",
  too_dark: STATUS_FOR_PERSON.IMAGE_TOO_DARK,
  too_bright: STATUS_FOR_PERSON.IMAGE_TOO_BRIGHT,
  low_frame_rate: WAIT,
  no_chest: STATUS_FOR_PERSON.CHEST_TOO_FAR_OR_NOT_ENOUGH_SHOWING,
  irregular: "Please hold still for some seconds.",
  face_changed: "Please hold still for some seconds.",
  frozen: WAIT,
  camera_disconnected: WAIT,
};

/** For the operator, the status in the words of its table. */
const status = Object.fromEntries(
  Object.entries(STATUS_TABLE).map(([name, { message, hint }]) => [name, {
    operator: name === "OK" || name === "PUBLISH_DEGRADED" ? message : `${message} ${hint}`,
    person: STATUS_FOR_PERSON[name as StatusName],
  }]),
) as Catalogue["status"];

const withheld = Object.fromEntries(
  Object.entries(WITHHELD_LABELS).map(([reason, label]) => [reason, {
    label,
    operator: label,
    person: WITHHELD_FOR_PERSON[reason as Withheld],
  }]),
) as Catalogue["withheld"];

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? "" : "s"}`;

export const ENGLISH: Catalogue = {
  tag: "en",
  language: "English",
  status,
  withheld,
  withheldFor: (reason) => `Withheld: ${reason}`,
  noData: "No data from this device",
  noDataFor: (time) => `No data for ${time}`,
  noMeasurement: "No measurement yet",
  noMeasurementFor: (time) => `No measurement for ${time}`,
  duplicate: "Two devices publish under this name: give each its own",
  personWait: WAIT,

  title: "Vital signs",
  disclaimer: "This is no medical alarm system",
  connection: {
    connecting: "Connecting…",
    connected: "Connected",
    no_server: "No connection to the server: trying again",
    no_redis: "The server does not reach Redis: trying again",
  },
  noDevices: "No devices yet",
  noMatch: "No device matches the filter",
  hidden: (count) => `${plural(count, "more device")} not shown`,
  devices: (count) => plural(count, "device"),
  overview: "Overview",
  sort: "Order",
  sortBy: { trouble: "Trouble first", name: "Name", group: "Group" },
  filter: "Filter",
  troubleOnly: "Trouble only",
  help: "Keys",
  wallDisplay: "Wall display",
  languageSwitch: "Language",
  back: "Overview",
  close: "Close",

  pulse: "Pulse",
  breathing: "Breathing",
  pulseUnit: "beats/min",
  breathingUnit: "breaths/min",
  apnea: "Breathing has paused",
  confidence: (percent) => `Confidence ${percent}`,
  quality: "Quality",
  frameRate: (fps) => `${fps} fps`,
  latency: (ms) => `latency ${ms} ms`,
  offlineFor: (time) => `offline for ${time}`,
  duration,
  waveform: (vital, device) => `${vital} waveform of ${device}`,
  sweep: (mmPerS) => `${mmPerS} mm/s`,
  liveVideo: (device) => `Live video of ${device}`,
  enlarge: (device) => `Enlarge the video of ${device}`,
  noVideo: "No video",
  forPerson: "For the person",

  trends: "Trends",
  showTrends: (device) => `Trends of ${device}`,
  ranges: { hour: "Hour", day: "Day", week: "Week" },
  zoomHint: "Drag to zoom, double-click for the whole range.",
  wholeRange: "Whole range",
  earlier: "Earlier",
  later: "Later",
  exportCsv: (device) => `Save the trends of ${device} as CSV`,
  exportPng: (device) => `Save the trends of ${device} as PNG`,
  noTrend: "No values in this time",
  trendFailed: "The trends could not be loaded",
  trendSummary: (device, pulse, breathing) =>
    `Trends of ${device}: pulse ${pulse} beats/min, breathing ${breathing} breaths/min`,

  alarms: "Alarms",
  alarmCause: describe,
  noAlarms: "No alarms",
  alarmCount: (count) => plural(count, "alarm"),
  priority: { high: "High", medium: "Medium", low: "Low" },
  alarmState: {
    active: "active",
    latched: "ended, not acknowledged",
    acknowledged: "acknowledged",
  },
  acknowledge: "Acknowledge",
  acknowledgeOf: (device, alarm) => `Acknowledge ${alarm} of ${device}`,
  acknowledgeAll: "Acknowledge all",
  acknowledgeFailed: "The alarm could not be acknowledged: the server did not answer",
  soundOn: "Sound on",
  soundOff: "Sound off",

  simulated: "SIMULATED: not a person",
  recording: "Recording",
  recordingSession: (session) => `Recording session ${session}`,
  notRecording: "Not recording",
  recordingUnknown: "Recording state unknown",
  session: "Session",
  sessionPlaceholder: "automatic",
  record: (device) => `Record ${device}`,
  stop: (device) => `Stop the recording of ${device}`,
  recordShort: "Record",
  stopShort: "Stop",
  recordGroup: (count) => `Record ${plural(count, "device")}`,
  stopGroup: (count) => `Stop ${plural(count, "device")}`,
  sending: "Sending…",
  outcome: {
    confirmed: (device) => `${device} has confirmed`,
    unconfirmed: (device) =>
      `${device} did not confirm within 3 s: the recording may not have changed`,
    silent: (device) => `${device} sends no data: nothing was sent to it`,
    unreachable: (device) => `${device} could not be reached`,
  },
  groupOutcome: (confirmed, all) => `${confirmed} of ${plural(all, "device")} confirmed`,
  commandFailed: "The command was not sent: the server did not answer",
  silentRefused: (device) => `${device} sends no data, so it cannot record`,
  dismiss: (device) => `Remove ${device} from the page`,
  dismissFailed: "The device could not be removed: it may be sending data again",
  sessions: "Sessions",
  noSessions: "No sessions yet",
  sessionsFailed: "The sessions could not be loaded",
  download: (name) => `Download ${name}`,

  keys: [
    ["← → ↑ ↓", "select a device"],
    ["Enter", "open the device"],
    ["Esc", "close, or clear the filter"],
    ["/", "filter"],
    ["t", "only devices in trouble"],
    ["a", "acknowledge the alarms of the device"],
    ["r", "start or stop the recording of the device"],
    ["s", "sound on or off"],
    ["w", "wall display"],
    ["?", "show the keys"],
  ],
};
