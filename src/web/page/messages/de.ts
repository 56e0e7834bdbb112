import type { AlarmCause } from "../../../alarms/alarm.ts";
import type { Catalogue } from "./catalogue.ts";

const WAIT = "Bitte warten. Die Messung geht von selbst weiter.";
const MOMENT = "Bitte kurz warten.";
const STILL = "Bitte einige Sekunden stillhalten.";
const FACE = "Bitte in die Kamera sehen.";
const LIGHT = "Bitte ein Licht vor sich einschalten.";
const GLARE = "Bitte vom hellen Licht wegdrehen.";
const BACK = "Bitte zurückgehen, bis die Schultern sichtbar sind.";

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} Std.`;
}

const VITALS = { pulse: "Puls", breathing: "Atmung" } as const;

function alarmCause(cause: AlarmCause): string {
  switch (cause.condition) {
    case "limit":
      return `${VITALS[cause.vital]} ${cause.side === "above" ? "über" : "unter"} ${cause.limit}`;
    case "apnea":
      return "Atempause";
    case "silent":
      return "Keine Daten vom Gerät";
    case "no_trusted_value":
      return `${VITALS[cause.vital]}: seit ${duration(cause.after_s)} kein verlässlicher Wert`;
    case "status":
      return GERMAN.status[cause.status].operator;
  }
}

const devices = (count: number) => count === 1 ? "1 Gerät" : `${count} Geräte`;

export const GERMAN: Catalogue = {
  tag: "de",
  language: "Deutsch",
  status: {
    STOPPING: { operator: "Der Server beendet sich.", person: WAIT },
    CAMERA_DISCONNECTED: {
      operator: "Die Kamera ist getrennt oder liefert keine Bilder. Kabel und Strom prüfen.",
      person: WAIT,
    },
    PUBLISH_DEGRADED: {
      operator: "Messwerte kommen verspätet oder gar nicht an. Verbindung zu Redis prüfen.",
      person: "",
    },
    PROCESSING_NOT_STARTED: {
      operator: "Die Messung hat nicht begonnen. Auf das erste Bild der Kamera warten.",
      person: MOMENT,
    },
    CAMERA_TUNING: {
      operator: "Die Kamera stellt sich auf das Licht ein. Licht gleichmäßig halten.",
      person: MOMENT,
    },
    PICTURE_FROZEN: {
      operator: "Die Kamera wiederholt dasselbe Bild. Kamera oder Stream neu starten.",
      person: WAIT,
    },
    FRAME_RATE_TOO_LOW: {
      operator:
        "Die Kamera liefert zu wenige Bilder pro Sekunde. Mehr Licht oder ein kleineres Bild.",
      person: WAIT,
    },
    IMAGE_TOO_DARK: { operator: "Das Bild ist zu dunkel. Licht vor dem Gesicht.", person: LIGHT },
    IMAGE_TOO_BRIGHT: {
      operator: "Das Bild ist zu hell. Direktes Licht vermeiden.",
      person: GLARE,
    },
    NO_FACES_FOUND: { operator: "Kein Gesicht ist sichtbar.", person: FACE },
    MORE_THAN_ONE_FACE_FOUND: {
      operator: "Mehrere Gesichter sind sichtbar. Gemessen wird das größte.",
      person: "Bitte nur eine Person vor der Kamera.",
    },
    EXCESSIVE_MOTION: { operator: "Zu viel Bewegung. Kopf und Kamera stillhalten.", person: STILL },
    FACE_TOO_BIG_OR_TOO_SMALL: {
      operator: "Das Gesicht ist zu nah an der Kamera oder zu weit weg.",
      person: "Bitte etwa eine Armlänge vor die Kamera setzen.",
    },
    FACE_NOT_CENTERED: {
      operator: "Das Gesicht ist am Rand des Bildes.",
      person: "Bitte in die Mitte des Bildes gehen.",
    },
    CHEST_TOO_FAR_OR_NOT_ENOUGH_SHOWING: {
      operator: "Für die Atmung ist zu wenig von der Brust sichtbar.",
      person: BACK,
    },
    OK: { operator: "Gutes Signal.", person: "Bitte so bleiben." },
  },
  withheld: {
    no_face: { label: "Kein Gesicht", operator: "Kein Gesicht ist sichtbar", person: FACE },
    warming_up: {
      label: "Messung läuft an",
      operator: "Die Messung läuft an: einige Sekunden",
      person: STILL,
    },
    low_quality: {
      label: "Schwaches Signal",
      operator: "Das Signal ist zu schwach",
      person: "Bitte bei gleichmäßigem Licht stillhalten.",
    },
    motion: { label: "Zu viel Bewegung", operator: "Zu viel Bewegung", person: STILL },
    flicker: {
      label: "Licht flackert",
      operator: "Das Licht flackert",
      person: "Bitte das flackernde Licht ausschalten.",
    },
    too_dark: { label: "Zu dunkel", operator: "Das Bild ist zu dunkel", person: LIGHT },
    too_bright: { label: "Zu hell", operator: "Das Bild ist zu hell", person: GLARE },
    low_frame_rate: {
      label: "Zu wenige Bilder",
      operator: "Zu wenige Bilder pro Sekunde",
      person: WAIT,
    },
    no_chest: {
      label: "Brust nicht sichtbar",
      operator: "Die Brust ist nicht sichtbar",
      person: BACK,
    },
    irregular: {
      label: "Unregelmäßiger Puls",
      operator: "Unregelmäßiger Herzrhythmus",
      person: STILL,
    },
    face_changed: {
      label: "Neues Gesicht",
      operator: "Neues Gesicht: die Messung beginnt neu",
      person: STILL,
    },
    frozen: { label: "Bild steht", operator: "Die Kamera wiederholt dasselbe Bild", person: WAIT },
    camera_disconnected: {
      label: "Kamera getrennt",
      operator: "Die Kamera ist getrennt",
      person: WAIT,
    },
  },
  withheldFor: (reason) => `Zurückgehalten: ${reason}`,
  noData: "Keine Daten von diesem Gerät",
  noDataFor: (time) => `Seit ${time} keine Daten`,
  noMeasurement: "Noch keine Messung",
  noMeasurementFor: (time) => `Seit ${time} keine Messung`,
  duplicate: "Zwei Geräte senden unter diesem Namen: jedem einen eigenen geben",
  personWait: WAIT,

  title: "Vitalwerte",
  disclaimer: "Dies ist kein medizinisches Alarmsystem",
  connection: {
    connecting: "Verbinden…",
    connected: "Verbunden",
    no_server: "Keine Verbindung zum Server: neuer Versuch",
    no_redis: "Der Server erreicht Redis nicht: neuer Versuch",
  },
  noDevices: "Noch keine Geräte",
  noMatch: "Kein Gerät passt zum Filter",
  hidden: (count) => `${devices(count)} nicht gezeigt`,
  devices,
  overview: "Übersicht",
  sort: "Reihenfolge",
  sortBy: { trouble: "Probleme zuerst", name: "Name", group: "Gruppe" },
  filter: "Filter",
  troubleOnly: "Nur Probleme",
  help: "Tasten",
  wallDisplay: "Wandanzeige",
  languageSwitch: "Sprache",
  back: "Übersicht",
  close: "Schließen",

  pulse: "Puls",
  breathing: "Atmung",
  pulseUnit: "Schläge/min",
  breathingUnit: "Atemzüge/min",
  apnea: "Atempause",
  confidence: (percent) => `Sicherheit ${percent}`,
  quality: "Qualität",
  frameRate: (fps) => `${fps} Bilder/s`,
  latency: (ms) => `Verzögerung ${ms} ms`,
  offlineFor: (time) => `seit ${time} offline`,
  duration,
  waveform: (vital, device) => `${vital}kurve von ${device}`,
  sweep: (mmPerS) => `${mmPerS} mm/s`,
  liveVideo: (device) => `Live-Video von ${device}`,
  enlarge: (device) => `Video von ${device} vergrößern`,
  noVideo: "Kein Video",
  forPerson: "Für die Person",

  trends: "Verlauf",
  showTrends: (device) => `Verlauf von ${device}`,
  ranges: { hour: "Stunde", day: "Tag", week: "Woche" },
  zoomHint: "Ziehen vergrößert, Doppelklick zeigt alles.",
  wholeRange: "Alles",
  earlier: "Früher",
  later: "Später",
  exportCsv: (device) => `Verlauf von ${device} als CSV speichern`,
  exportPng: (device) => `Verlauf von ${device} als PNG speichern`,
  noTrend: "Keine Werte in dieser Zeit",
  trendFailed: "Der Verlauf konnte nicht geladen werden",
  trendSummary: (device, pulse, breathing) =>
    `Verlauf von ${device}: Puls ${pulse} Schläge/min, Atmung ${breathing} Atemzüge/min`,

  alarms: "Alarme",
  alarmCause,
  noAlarms: "Keine Alarme",
  alarmCount: (count) => count === 1 ? "1 Alarm" : `${count} Alarme`,
  priority: { high: "Hoch", medium: "Mittel", low: "Niedrig" },
  alarmState: { active: "besteht", latched: "beendet, nicht bestätigt", acknowledged: "bestätigt" },
  acknowledge: "Bestätigen",
  acknowledgeOf: (device, alarm) => `${alarm} von ${device} bestätigen`,
  acknowledgeAll: "Alle bestätigen",
  acknowledgeFailed: "Der Alarm konnte nicht bestätigt werden: der Server antwortet nicht",
  soundOn: "Ton an",
  soundOff: "Ton aus",

  simulated: "SIMULIERT: kein Mensch",
  recording: "Aufnahme",
  recordingSession: (session) => `Aufnahme ${session}`,
  notRecording: "Keine Aufnahme",
  recordingUnknown: "Aufnahme unbekannt",
  session: "Sitzung",
  sessionPlaceholder: "automatisch",
  record: (device) => `${device} aufnehmen`,
  stop: (device) => `Aufnahme von ${device} beenden`,
  recordShort: "Aufnehmen",
  stopShort: "Beenden",
  recordGroup: (count) => `${devices(count)} aufnehmen`,
  stopGroup: (count) => `Aufnahme von ${count === 1 ? "1 Gerät" : `${count} Geräten`} beenden`,
  sending: "Wird gesendet…",
  outcome: {
    confirmed: (device) => `${device} hat bestätigt`,
    unconfirmed: (device) =>
      `${device} hat nicht innerhalb von 3 s bestätigt: die Aufnahme ist vielleicht unverändert`,
    silent: (device) => `${device} sendet keine Daten: es wurde nichts gesendet`,
    unreachable: (device) => `${device} war nicht erreichbar`,
  },
  groupOutcome: (confirmed, all) => `${confirmed} von ${all} bestätigt`,
  commandFailed: "Der Befehl wurde nicht gesendet: der Server antwortet nicht",
  silentRefused: (device) => `${device} sendet keine Daten und kann nicht aufnehmen`,
  dismiss: (device) => `${device} von der Seite entfernen`,
  dismissFailed: "Das Gerät konnte nicht entfernt werden: vielleicht sendet es wieder",
  sessions: "Sitzungen",
  noSessions: "Noch keine Sitzungen",
  sessionsFailed: "Die Sitzungen konnten nicht geladen werden",
  download: (name) => `${name} herunterladen`,

  keys: [
    ["← → ↑ ↓", "Gerät wählen"],
    ["Enter", "Gerät öffnen"],
    ["Esc", "schließen oder Filter leeren"],
    ["/", "filtern"],
    ["t", "nur Geräte mit Problemen"],
    ["a", "Alarme des Geräts bestätigen"],
    ["r", "Aufnahme des Geräts beginnen oder beenden"],
    ["s", "Ton an oder aus"],
    ["w", "Wandanzeige"],
    ["?", "Tasten zeigen"],
  ],
};
