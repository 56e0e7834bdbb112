"""An SMTP server that prints each mail as a line of JSON: smtp_server.py HOST PORT MODE CERT KEY.

MODE is "starttls" (TLS and the login nurse/owl-7 are required), "tls" (from the start, without a
login), "plain" (neither), "reject" (plain; every recipient is unknown), or "busy" (plain; every
recipient is refused for now).
"""
import asyncio
import email
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

host, port, mode, cert, key = sys.argv[1:6]


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if mode == "reject":
            return "550 no such user"
        if mode == "busy":
            return "451 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content)
        print(json.dumps({
            "tls": session.ssl is not None or mode == "tls",
            "client": session.host_name,
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": {name.lower(): value for name, value in message.items()},
            "text": message.get_payload(decode=True).decode(),
        }), flush=True)
        return "250 OK"


def login(server, session, envelope, mechanism, data):
    # Not handled: the library sends the reply.
    return AuthResult(success=(data.login, data.password) == (b"nurse", b"owl-7"), handled=False)


async def main():
    context = None
    if mode in ("starttls", "tls"):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(cert, key)
    required = mode == "starttls"
    options = dict(tls_context=context, require_starttls=True, auth_required=True,
                   authenticator=login) if required else {}
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Handler(), **options), host, int(port), ssl=context if mode == "tls" else None)
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(main())
