/** The topics of one device. */
export interface MqttTopics {
  /** The envelopes of a type. */
  readonly envelope: (type: "core_metrics" | "status" | "recording_state") => string;
  readonly state: string;
  /** Receives pictures as JPEGs. */
  readonly picture: string;
  readonly availability: string;
  /** Receives recording commands. */
  readonly recordingSet: string;
  /** Topics of Home Assistant; undefined without discovery. */
  readonly discovery: {
    readonly config: string;
    /** On which Home Assistant publishes `online` when it starts. */
    readonly birth: string;
  } | undefined;
}

/** Returns the topics of a device; an empty discovery prefix disables discovery. */
export function topicsOf({ prefix, device, discoveryPrefix }: {
  readonly prefix: string;
  readonly device: string;
  readonly discoveryPrefix: string;
}): MqttTopics {
  const base = `${prefix}/${device}`;
  return {
    envelope: (type) => `${base}/${type}`,
    state: `${base}/state`,
    picture: `${base}/picture`,
    availability: `${base}/availability`,
    recordingSet: `${base}/recording/set`,
    discovery: discoveryPrefix === "" ? undefined : {
      config: `${discoveryPrefix}/device/${device}/config`,
      birth: `${discoveryPrefix}/status`,
    },
  };
}
