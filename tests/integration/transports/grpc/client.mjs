// A gRPC client for the tests, with @grpc/grpc-js on Node: client.mjs ADDRESS MODE [COUNT].
import { createRequire } from "node:module";

const [address, mode, count] = process.argv.slice(2);
const grpc = createRequire(`${process.env.GRPC_JS}/`)("@grpc/grpc-js");
const service = "/presage.physiology.PhysiologyServer/";
const raw = (bytes) => bytes;

function open(options = {}) {
  return new grpc.Client(address, grpc.credentials.createInsecure(), options);
}

function unary(client, name, request = Buffer.alloc(0)) {
  return new Promise((resolve, reject) => {
    const options = { deadline: Date.now() + 20_000 };
    const done = (error, response) => error ? reject(error) : resolve(response);
    client.makeUnaryRequest(service + name, raw, raw, request, new grpc.Metadata(), options, done);
  });
}

const modes = {
  async calls() {
    const client = open();
    const start = Buffer.from("\x08\x01\x12\x01s");
    for (let index = 0; index < count; index++) {
      const request = index % 2 ? Buffer.alloc(0) : start;
      const response = await unary(client, "SetRecording", request);
      if (!response.equals(request)) {
        throw new Error(`call ${index} got ${response.toString("hex")}`);
      }
    }
    client.close();
  },
  async connections() {
    for (let index = 0; index < count; index++) {
      const client = open({ "grpc.use_local_subchannel_pool": 1 });
      await unary(client, "GetStatus");
      client.close();
    }
  },
  async streams() {
    const client = open();
    const follow = () =>
      new Promise((resolve, reject) => {
        const path = service + "StreamCoreMetrics";
        const stream = client.makeServerStreamRequest(path, raw, raw, Buffer.alloc(0));
        let messages = 0;
        stream.on("data", () => ++messages === 10 && stream.cancel());
        stream.on("error", (error) => messages >= 10 ? resolve() : reject(error));
      });
    await Promise.all(Array.from({ length: count }, follow));
    client.close();
  },
};

await modes[mode]();
console.log("done");
