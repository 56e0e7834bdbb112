/** Listens on a socket of datagrams, in place of systemd, and keeps what it receives. */
export function listenForDatagrams(path: string) {
  const socket = Deno.listenDatagram({ transport: "unixpacket", path });
  const messages: string[] = [];
  const reading = (async () => {
    for await (const [bytes] of socket) messages.push(new TextDecoder().decode(bytes));
  })();
  return {
    messages,
    async [Symbol.asyncDispose]() {
      socket.close();
      await reading;
    },
  };
}
