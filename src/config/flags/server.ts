import { bool, float, int, list, optionalPath, secret, text, topic } from "../flag.ts";
import { NO_SECRET } from "../secret.ts";

/** gRPC, HTTP and recording on the appliance. */
export const server = topic("Control", ["serve"], {
  grpcPort: int("port", "Port of gRPC; 0: no gRPC.", { default: 50051, range: [0, 65535] }),
  grpcAddress: text(
    "grpc_address",
    "Address of gRPC; beyond loopback, TLS and a token are needed.",
    {
      default: "127.0.0.1",
      placeholder: "ADDRESS",
    },
  ),
  grpcTlsCertPath: optionalPath("grpc_tls_cert_path", "Certificate of gRPC, PEM."),
  grpcTlsKeyPath: optionalPath("grpc_tls_key_path", "Key of that certificate, PEM."),
  grpcToken: secret("grpc_token", "Bearer token of gRPC; prefer --grpc_token_file.", {
    default: NO_SECRET,
    secretFrom: { fileFlag: "grpc_token_file", credential: "grpc_token" },
  }),
  grpcTokenFile: optionalPath("grpc_token_file", "A file that holds the bearer token of gRPC."),
  httpPort: int("http_port", "Port of /healthz, /metrics and the page; 0: none.", {
    default: 0,
    range: [0, 65535],
  }),
  httpAddress: text("http_address", "Address of HTTP; beyond loopback, a token is needed.", {
    default: "127.0.0.1",
    placeholder: "ADDRESS",
  }),
  httpToken: secret("http_token", "Token of HTTP; prefer --http_token_file.", {
    default: NO_SECRET,
    secretFrom: { fileFlag: "http_token_file", credential: "http_token" },
  }),
  httpTokenFile: optionalPath("http_token_file", "A file that holds the token of HTTP."),
  startWithRecordingOn: bool("start_with_recording_on", "Begin with recording on."),
  statePath: optionalPath(
    "state_path",
    "A folder that remembers a running recording, so that it goes on after a crash.",
    { placeholder: "FOLDER" },
  ),
  metricsOnlyWhileRecording: bool(
    "metrics_only_while_recording",
    "Publish metrics only while recording is on.",
  ),
  durationS: float("duration", "Stop after so many seconds; 0: not by itself.", {
    default: 0,
    range: [0, 2_000_000],
    placeholder: "S",
  }),
  once: bool("once", "Stop after the first core metrics that hold a pulse and a breathing rate."),
});

/** The metrics-saving client. */
export const record = topic("Recording to files", ["record"], {
  outputDirectory: text("output_dir", "The folder to write sessions into.", {
    default: "./recordings",
    placeholder: "FOLDER",
  }),
});

/** The web page for any number of devices. */
export const dashboard = topic("Dashboard", ["dashboard"], {
  devices: list("devices", "Key prefixes of the devices to show, or patterns such as ward-*.", {
    default: ["*"],
    placeholder: "PREFIX,PREFIX",
    pattern: { regex: /^[^\s\p{Cc}]{1,200}$/u, says: "a list of prefixes without spaces" },
  }),
  address: text("listen", "Address to listen on; beyond loopback, a token is needed.", {
    default: "127.0.0.1",
    placeholder: "ADDRESS",
  }),
  port: int("port", "Port to listen on; 0: any free one.", { default: 8080, range: [0, 65535] }),
  token: secret("token", "Token that a browser must bring; prefer --token_file.", {
    default: NO_SECRET,
    secretFrom: { fileFlag: "token_file", credential: "dashboard_token" },
  }),
  tokenFile: optionalPath("token_file", "A file that holds the token."),
});
