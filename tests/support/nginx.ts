import { acceptsConnections, ServerProcess } from "./server_process.ts";

/** nginx, which needs `apt-get install nginx-light`, with one server on 127.0.0.1. */
export class Nginx extends ServerProcess {
  /** Starts it with the directives of its server. */
  static async start(directives: (port: number) => string): Promise<Nginx> {
    const nginx = new Nginx({ name: "nginx" });
    const { folder, port, logPath } = nginx;
    const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((name) => `${name}_temp_path ${folder}/${name};`).join(" ");
    Deno.writeTextFileSync(
      `${folder}/nginx.conf`,
      `daemon off; master_process off; pid ${folder}/pid; error_log ${logPath};
events {}
http {
  access_log off; ${paths}
  server { listen 127.0.0.1:${port}; ${directives(port)} }
}
`,
    );
    await nginx.run();
    return nginx;
  }

  async run(): Promise<void> {
    const args = ["/usr/sbin/nginx", "-c", `${this.folder}/nginx.conf`, "-e", this.logPath];
    await this.start(args, acceptsConnections);
  }
}
