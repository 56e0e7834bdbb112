"""A network with real TCP and one bottleneck link, for tests. Requires root and /dev/net/tun.

    narrow_network.py NAMESPACE SOCKET FAR_ADDRESS PORT

Connects this network namespace and NAMESPACE by two TUN devices and forwards packets between them.
NAMESPACE has FAR_ADDRESS; this end has the address before it. A relay at FAR_ADDRESS:PORT forwards
connections to the Unix socket SOCKET. Each line on stdin,
`BYTES_PER_SECOND DELAY_MS BUFFER_BYTES LOSS`, sets the bandwidth towards the relay (0 for no limit),
the delay in each direction, the size of the queue, beyond which packets are dropped, and the
fraction of packets that are lost in each direction.
"""
import ctypes
import fcntl
import heapq
import ipaddress
import os
import random
import select
import socket
import struct
import subprocess
import sys
import threading
import time

IFF_TUN, IFF_NO_PI, TUNSETIFF = 1, 0x1000, 0x400454CA
FAR = sys.argv[3]
NEAR = str(ipaddress.ip_address(FAR) - 1)


def open_tun(name, address):
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    subprocess.check_call(["ip", "addr", "add", address + "/24", "dev", name])
    subprocess.check_call(["ip", "link", "set", name, "up"])
    return device


def enter(namespace):
    """Moves the calling thread, and the sockets that it opens later, to a namespace."""
    if ctypes.CDLL(None, use_errno=True).setns(namespace, 0) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def relay(namespace, path, listening):
    enter(namespace)
    listener = socket.create_server((FAR, int(sys.argv[4])))
    listening.set()
    while True:
        client, _ = listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as Redis does
        server = socket.socket(socket.AF_UNIX)
        server.connect(path)
        for ends in ((client, server), (server, client)):
            threading.Thread(target=pump, args=ends, daemon=True).start()


def carry(near, far):
    rate, delay, buffer, loss = 0.0, 0.0, 0.0, 0.0
    free, count, due = 0.0, 0, []
    while True:
        wait = max(0.0, due[0][0] - time.monotonic()) if due else 1.0
        ready, _, _ = select.select([near, far, 0], [], [], wait)
        if 0 in ready:
            line = sys.stdin.readline()
            if not line:
                return
            rate, delay, buffer, loss = map(float, line.split())
            delay, free = delay / 1000, 0.0
        for source, target in ((near, far), (far, near)):
            while source in ready:
                try:
                    packet = os.read(source, 65536)
                except BlockingIOError:
                    break
                if random.random() < loss:
                    continue
                leaves = now = time.monotonic()
                if rate and source == near:
                    begins = max(free, now)
                    if (begins - now) * rate > buffer:
                        continue
                    leaves = free = begins + len(packet) / rate
                count += 1
                heapq.heappush(due, (leaves + delay, count, target, packet))
        while due and due[0][0] <= time.monotonic():
            _, _, target, packet = heapq.heappop(due)
            try:
                os.write(target, packet)
            except BlockingIOError:
                pass


def main():
    namespace = os.open("/run/netns/" + sys.argv[1], os.O_RDONLY)
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    near = open_tun("near" + sys.argv[1][-8:], NEAR)
    enter(namespace)
    far = open_tun("far", FAR)
    enter(own)
    listening = threading.Event()
    threading.Thread(target=relay, args=(namespace, sys.argv[2], listening), daemon=True).start()
    listening.wait()
    os.write(1, b"ready\n")  # at once: the reader closes the pipe after it
    carry(near, far)


main()
