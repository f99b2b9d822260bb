#!/usr/bin/env python3
"""Records office.pcap: real traffic of a small network, made in network namespaces.

Five machines hang on one switch; each runs real sockets on the kernel's own stack, and tcpdump
listens at the switch. Needs Linux, root, iproute2 and tcpdump:

    python3 record.py office.pcap
"""

import ctypes
import fcntl
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

PREFIX = "nmx-"
HOSTS = {  # name: number; the addresses follow from it
    "router": 1,
    "server": 10,
    "printer": 20,
    "anna": 101,
    "boris": 102,
}
NAMES = ["intranet.example", "printer.example", "mail.example", "www.example", "files.example"]


def ip4(name):
    return f"10.20.0.{HOSTS[name]}"


def ip6(name):
    return f"fd00:20::{HOSTS[name]:x}"


def run(command):
    subprocess.run(command.split(), check=True)


def inside(name):
    """Moves the calling thread into a machine's namespace."""
    with open(f"/run/netns/{PREFIX}{name}") as namespace:
        if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), 0x40000000) != 0:
            raise OSError(ctypes.get_errno(), "setns")


def software_checksums(interface):
    """Veth leaves checksums and segmentation to hardware that is not there; the capture shows it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for command in (0x17, 0x1F, 0x24):  # ETHTOOL_STXCSUM, _STSO, _SGSO
            value = ctypes.create_string_buffer(struct.pack("II", command, 0))
            request = struct.pack("16sP", interface.encode(), ctypes.addressof(value))
            try:
                fcntl.ioctl(sock, 0x8946, request)  # SIOCETHTOOL
            except OSError:
                pass


def build():
    run(f"ip netns add {PREFIX}switch")
    run(f"ip -n {PREFIX}switch link add lan address 02:4e:4d:00:00:fe type bridge forward_delay 0")
    run(f"ip -n {PREFIX}switch link set lan promisc on up")
    for name, number in HOSTS.items():
        run(f"ip netns add {PREFIX}{name}")
        run(
            f"ip -n {PREFIX}{name} link add eth0 address 02:4e:4d:00:00:{number:02x}"
            f" type veth peer name {name} netns {PREFIX}switch"
        )
        run(f"ip -n {PREFIX}switch link set {name} master lan up")
        run(f"ip -n {PREFIX}{name} link set lo up")
        run(f"ip -n {PREFIX}{name} addr add {ip4(name)}/24 brd + dev eth0")
        run(f"ip -n {PREFIX}{name} addr add {ip6(name)}/64 dev eth0 nodad")
        run(f"ip -n {PREFIX}{name} link set eth0 up")
    for name in HOSTS:
        thread = threading.Thread(target=lambda: (inside(name), software_checksums("eth0")))
        thread.start()
        thread.join()


def destroy():
    for name in [*HOSTS, "switch"]:
        subprocess.run(["ip", "netns", "del", PREFIX + name], stderr=subprocess.DEVNULL)


def at(name, action, *arguments):
    """Starts an action on a machine; a thread of its own, as a namespace belongs to a thread."""

    def body():
        inside(name)
        action(*arguments)

    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    return thread


def name_server():
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)  # serves IPv4 as well
    sock.bind(("::", 53))
    while True:
        query, client = sock.recvfrom(512)
        answer = struct.pack(">HHHIH4s", 0xC00C, 1, 1, 300, 4, socket.inet_aton(ip4("server")))
        sock.sendto(query[:2] + struct.pack(">HHHHH", 0x8580, 1, 1, 0, 0) + query[12:] + answer, client)


def ask_name(address, name):
    question = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
    query = struct.pack(">HHHHHH", random.randrange(65536), 0x0100, 1, 0, 0, 0)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(2)
        sock.sendto(query + question + struct.pack(">HH", 1, 1), (address, 53))
        sock.recv(512)


def page_server():
    listener = socket.create_server(("::", 80), family=socket.AF_INET6, dualstack_ipv6=True)
    while True:
        client, _ = listener.accept()
        with client:
            path = client.recv(2048).split()[1].decode()
            size = 200 + sum(map(ord, path)) * 37 % 9000
            body = (f"page {path}\n".encode() * (size // 8))[:size]
            client.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % size + body)


def get_page(address, path):
    with socket.create_connection((address, 80), timeout=2) as sock:
        sock.sendall(f"GET {path} HTTP/1.0\r\nHost: intranet.example\r\n\r\n".encode())
        while sock.recv(4096):
            pass


def sink(port):
    listener = socket.create_server(("", port))
    while True:
        client, _ = listener.accept()
        with client:
            while client.recv(4096):
                pass


def print_document(size):
    with socket.create_connection((ip4("printer"), 9100), timeout=2) as sock:
        for _ in range(size // 1000):
            sock.sendall(b"%!PS line of text\n" * 55)
            time.sleep(0.01)


def refused(address, port):
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        pass


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def ping(address, count):
    six = ":" in address
    family, protocol = (socket.AF_INET6, 58) if six else (socket.AF_INET, 1)
    with socket.socket(family, socket.SOCK_RAW, protocol) as sock:
        for number in range(1, count + 1):
            echo = struct.pack(">BBHHH", 128 if six else 8, 0, 0, 0x4E4D, number) + bytes(range(56))
            if not six:  # of ICMPv6 the kernel makes the checksum
                echo = echo[:2] + struct.pack(">H", checksum(echo)) + echo[4:]
            sock.sendto(echo, (address, 0))
            time.sleep(0.1)


def announce(text, count):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        for _ in range(count):
            sock.sendto(text.encode(), ("10.20.0.255", 5000))
            time.sleep(0.3)


def browse(server, paths):
    for path in paths:
        ask_name(server, random.choice(NAMES))
        get_page(server, path)
        time.sleep(random.uniform(0.02, 0.15))


def work_day():
    at("server", name_server)
    at("server", page_server)
    at("printer", sink, 9100)
    time.sleep(0.3)
    jobs = [
        at("router", announce, "router here", 4),
        at("anna", browse, ip4("server"), [f"/report/{number}" for number in range(9)]),
        at("boris", browse, ip6("server"), [f"/wiki/{number}" for number in range(7)]),
        at("router", ping, ip4("anna"), 6),
        at("boris", ping, ip6("router"), 5),
    ]
    time.sleep(0.5)
    jobs.append(at("anna", print_document, 14000))
    jobs.append(at("boris", refused, ip4("printer"), 631))
    jobs.append(at("boris", ping, ip4("server"), 4))
    jobs.append(at("anna", ping, "10.20.0.77", 3))  # nobody there: only ARP asks
    jobs.append(at("printer", ask_name, ip6("server"), "mail.example"))
    for job in jobs:
        job.join()
    time.sleep(1)


def main():
    destroy()
    try:
        build()
        command = f"ip netns exec {PREFIX}switch tcpdump -q -U -i lan -s 0 -w {sys.argv[1]}"
        with subprocess.Popen(command.split()) as recorder:
            time.sleep(1)
            work_day()
            recorder.send_signal(signal.SIGINT)
    finally:
        destroy()


if __name__ == "__main__":
    random.seed(7)
    if len(sys.argv) != 2 or os.geteuid() != 0:
        sys.exit("usage (as root): python3 record.py FILE")
    main()
