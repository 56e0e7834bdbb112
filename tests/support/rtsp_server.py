"""An RTSP server that accepts one publisher at /bed-4 (RECORD), of GStreamer's library.

Writes a JSON line for each access unit that it receives: its arrival in seconds since the Unix epoch,
the RTP timestamp of its last packet, its size, and a hash of its last bytes.

Usage: rtsp_server.py PORT LOG CODEC [--user=NAME --password=TEXT] [--cert=PEM --key=PEM]
"""

import argparse
import hashlib
import json
import os
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("port")
parser.add_argument("log")
parser.add_argument("codec", choices=["mjpeg", "h264"])
for option in ["user", "password", "cert", "key"]:
    parser.add_argument("--" + option)
options = parser.parse_args()

Gst.init(None)
log = open(options.log, "w", buffering=1)


class Stream:
    """Logs what a publisher sends."""

    rtp_timestamp = None

    def take_packet(self, _pad, info):
        packet = info.get_buffer().extract_dup(0, 12)
        if packet[1] & 0x80:  # the last packet of an access unit
            self.rtp_timestamp = int.from_bytes(packet[4:8], "big")
        return Gst.PadProbeReturn.OK

    def take_sample(self, sink):
        arrival = time.time()
        sample = sink.emit("pull-sample")
        buffer = sample.get_buffer()
        data = buffer.extract_dup(0, buffer.get_size())
        # Replaced at once, as a test reads it meanwhile.
        with open(options.log + ".next", "wb") as newest:
            newest.write(data)
        os.replace(options.log + ".next", options.log + ".newest")
        record = {
            "arrival": arrival,
            "rtp": self.rtp_timestamp,
            "bytes": len(data),
            "hash": hashlib.md5(data[-16386:-2]).hexdigest(),
        }
        log.write(json.dumps(record) + "\n")
        return Gst.FlowReturn.OK


def on_media(_factory, media):
    stream = Stream()
    element = media.get_element()
    element.get_child_by_name("depay0").get_static_pad("sink").add_probe(
        Gst.PadProbeType.BUFFER, stream.take_packet
    )
    element.get_child_by_name("sink").connect("new-sample", stream.take_sample)


factory = GstRtspServer.RTSPMediaFactory()
factory.set_transport_mode(GstRtspServer.RTSPTransportMode.RECORD)
factory.set_latency(0)
depayloader = {"mjpeg": "rtpjpegdepay", "h264": "rtph264depay"}[options.codec]
caps = {"mjpeg": "image/jpeg", "h264": "video/x-h264,stream-format=byte-stream,alignment=au"}
factory.set_launch(
    f"( {depayloader} name=depay0 ! {caps[options.codec]} "
    "! appsink name=sink emit-signals=true sync=false )"
)
factory.connect("media-configure", on_media)
access = "media.factory.access=(boolean)true, media.factory.construct=(boolean)true"
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(options.port)
if options.user or options.cert:
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, "publisher")
    factory.add_role_from_structure(Gst.Structure.from_string(f"publisher, {access}")[0])
    if options.user:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(options.user, options.password, token)
    else:
        auth.set_default_token(token)
    if options.cert:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_files(options.cert, options.key))
    server.set_auth(auth)
server.get_mount_points().add_factory("/bed-4", factory)
server.attach(None)
GLib.MainLoop().run()
