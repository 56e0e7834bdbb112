import {
  type DescFile,
  type DescService,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectRouter } from "@connectrpc/connect";
import {
  ServerReflection,
  type ServerReflectionRequest,
  type ServerReflectionResponseSchema,
} from "./gen/reflection_v1_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "./gen/reflection_v1alpha_pb.ts";

type ReflectionResponse = NonNullable<
  MessageInitShape<typeof ServerReflectionResponseSchema>["messageResponse"]
>;

/**
 * The standard reflection service, v1 and v1alpha (for older clients): lists the services and sends
 * their descriptors.
 */
export class ReflectionService {
  readonly #services: readonly DescService[];
  readonly #files = new Map<string, DescFile>();
  readonly #symbols = new Map<string, DescFile>();

  constructor(services: readonly DescService[]) {
    this.#services = [...services, ServerReflection, ServerReflectionAlpha];
    for (const service of this.#services) this.#addFile(service.file);
  }

  /** Adds both versions of the service to a router. */
  register(router: ConnectRouter): void {
    // The two versions differ only in their package.
    for (const service of [ServerReflection, ServerReflectionAlpha] as typeof ServerReflection[]) {
      const respond = (request: ServerReflectionRequest) => this.#respond(request);
      router.service(service, {
        async *serverReflectionInfo(requests) {
          for await (const originalRequest of requests) {
            const messageResponse = respond(originalRequest);
            yield { validHost: originalRequest.host, messageResponse };
          }
        },
      });
    }
  }

  #addFile(file: DescFile): void {
    if (this.#files.has(file.name)) return;
    this.#files.set(`${file.name}.proto`, file);
    this.#files.set(file.name, file);
    const add = (symbol: string) => this.#symbols.set(symbol, file);
    for (const service of file.services) {
      add(service.typeName);
      for (const method of service.methods) add(`${service.typeName}.${method.name}`);
    }
    for (const message of file.messages) this.#addMessage(message, add);
    for (const each of file.enums) add(each.typeName);
    for (const dependency of file.dependencies) this.#addFile(dependency);
  }

  #addMessage(message: DescFile["messages"][number], add: (symbol: string) => void): void {
    add(message.typeName);
    for (const nested of message.nestedMessages) this.#addMessage(nested, add);
    for (const nested of message.nestedEnums) add(nested.typeName);
  }

  #respond({ messageRequest }: ServerReflectionRequest): ReflectionResponse {
    switch (messageRequest.case) {
      case "listServices":
        return {
          case: "listServicesResponse",
          value: { service: this.#services.map(({ typeName }) => ({ name: typeName })) },
        };
      case "fileByFilename":
        return descriptors(this.#files.get(messageRequest.value), messageRequest.value);
      case "fileContainingSymbol":
        return descriptors(this.#symbols.get(messageRequest.value), messageRequest.value);
      case "allExtensionNumbersOfType":
      case "fileContainingExtension":
        return failure(Code.NotFound, "There are no extensions");
      default:
        return failure(Code.InvalidArgument, "Unknown kind of request");
    }
  }
}

function descriptors(file: DescFile | undefined, name: string): ReflectionResponse {
  if (!file) return failure(Code.NotFound, `Unknown file or symbol: ${name.slice(0, 200)}`);
  const files = withDependencies(file);
  return {
    case: "fileDescriptorResponse",
    value: {
      fileDescriptorProto: files.map((each) => toBinary(FileDescriptorProtoSchema, each.proto)),
    },
  };
}

/** Returns the file and then all files it imports, so that a client needs only one request. */
function withDependencies(file: DescFile): readonly DescFile[] {
  const found = new Set<DescFile>();
  const visit = (each: DescFile) => {
    if (found.has(each)) return;
    found.add(each);
    each.dependencies.forEach(visit);
  };
  visit(file);
  return [...found];
}

function failure(code: Code, errorMessage: string): ReflectionResponse {
  return { case: "errorResponse", value: { errorCode: code, errorMessage } };
}
