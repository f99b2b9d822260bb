#!/usr/bin/env python3
"""Makes the captures in this folder from examples/capture/office.pcap, what tshark reads of them, and the
demonstration's in other formats:

    apt-get install wireshark-common tshark
    python3 tests/nmhost/captures/make.py

Frames 15 to 38 of it, cut at 96 bytes, in each format. editcap writes those that it knows; the others
are made here, from the formats' descriptions.
"""
import os
import struct
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
OFFICE = os.path.join(HERE, '../../../examples/capture/office.pcap')
FROM_1601_TO_1970 = 11644473600
os.environ['TZ'] = 'UTC'  # Network Monitor's header has local time


def path(name):
    return os.path.join(HERE, name)


def write(name, data):
    with open(path(name), 'wb') as file:
        file.write(data)


def editcap(kind, name):
    subprocess.run(['editcap', '-F', kind, '-s', '96', '-r', OFFICE, path(name), '15-38'], check=True)


def frames():
    """(microseconds since 1970, wire length, stored bytes) of each frame of small.pcap."""
    with open(path('small.pcap'), 'rb') as file:
        data = file.read()
    at, result = 24, []
    while at < len(data):
        seconds, fraction, stored, wire = struct.unpack_from('<IIII', data, at)
        result.append((seconds * 1000000 + fraction, wire, data[at + 16:at + 16 + stored]))
        at += 16 + stored
    return result


def pcap_big_endian(name, nanoseconds):
    data = struct.pack('>IHHiIII', 0xA1B23C4D if nanoseconds else 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    for time, wire, frame in FRAMES:
        fraction = time % 1000000 * (1000 if nanoseconds else 1)
        data += struct.pack('>IIII', time // 1000000, fraction, len(frame), wire) + frame
    write(name, data)


# Network Monitor

def systemtime(microseconds):
    import datetime
    time = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=microseconds)
    return struct.pack('<8H', time.year, time.month, (time.weekday() + 1) % 7, time.day, time.hour,
                       time.minute, time.second, time.microsecond // 1000)


def record(minor, delta, wire, frame, media=1, filetime=0):
    data = struct.pack('<qII', delta, wire, len(frame)) + frame
    if minor >= 1:
        data += struct.pack('<H', media)
    if minor >= 2:
        data += struct.pack('<I', 0xFFFFFFFF)  # of no process
    if minor >= 3:
        data += struct.pack('<QB', filetime, 255)  # in no zone that is listed
    return data


def comment(offset, title, description=b'{\\rtf1 }'):
    title = title.encode('utf-16-le')
    return (struct.pack('<III', 1, offset, len(title)) + title +
            struct.pack('<I', len(description)) + description)


def netmon(name, minor, start, records, comments=(), order=None, hole=0):
    """records in the table's order; order: how they lie in the file; comments: (number, title)."""
    header, offsets = 72, [0] * len(records)
    body = b''
    for number in order or range(len(records)):
        body += b'\xEE' * hole
        offsets[number] = header + len(body)
        body += records[number]
    table = header + len(body)
    body += b''.join(struct.pack('<I', offset) for offset in offsets)
    comment_offset, data = 0, b''
    for number, title in comments:
        data += comment(offsets[number] if number < len(offsets) else 7, title)
    if data:
        comment_offset = header + len(body)
        body += data
    extended = header + len(body)
    # Before 2.2 the fields from 40 on may be anything: here they are.
    rest = [comment_offset, len(data), 0, 0, 0, 0, 0, 0] if minor >= 2 else [0xDEADBEEF] * 8
    if minor >= 3:
        body += struct.pack('<HQB', 1, start * 10 + FROM_1601_TO_1970 * 10000000, 0)
        rest[4:6] = [extended, 11]
    write(name, b'GMBU' + struct.pack('<BBH', minor, 2, 1) + systemtime(start) +
          struct.pack('<IIII', table, 4 * len(offsets), 0, 0) + struct.pack('<8I', *rest) + body)


def netmon_files():
    # The header's time in whole milliseconds; the first delta is what is left.
    start = FRAMES[0][0] // 1000 * 1000
    plain = [(time - start, wire, frame) for time, wire, frame in FRAMES]
    netmon('small-2.1.cap', 1, start, [record(1, *frame) for frame in plain])
    netmon('small-2.2.cap', 2, start, [record(2, *frame) for frame in plain],
           comments=[(5, 'the first answer'), (2, 'gr\u00fcn \u2713'), (99, 'of no frame')])
    # 2.3: the header is eight hours off, as on a machine in that zone; the trailers are right.
    netmon('small-2.3.cap', 3, start - 8 * 3600 * 1000000,
           [record(3, *frame, filetime=(start + frame[0]) * 10 + FROM_1601_TO_1970 * 10000000)
            for frame in plain])
    # What files may have: frames lie in no order and with holes between, times before the first
    # frame's, entries that are no packets, media of their own.
    odd = []
    for number, (delta, wire, frame) in enumerate(plain[:8]):
        media = {1: 0xFFE0, 3: 0xFFFD, 4: 9, 5: 0xE000 + 105, 6: 0}.get(number, 1)
        shift = -763392 if number == 2 else 0
        odd.append(record(2, delta + shift, wire, frame, media=media))
    netmon('odd-2.2.cap', 2, start, odd, order=[7, 0, 5, 1, 6, 2, 4, 3], hole=5)


# pcapng

def block(order, kind, body):
    body += b'\0' * (-len(body) % 4)
    return struct.pack(order + 'II', kind, 12 + len(body)) + body + struct.pack(order + 'I', 12 + len(body))


def option(order, code, value):
    return struct.pack(order + 'HH', code, len(value)) + value + b'\0' * (-len(value) % 4)


def section(order):
    return block(order, 0x0A0D0D0A, struct.pack(order + 'IHHq', 0x1A2B3C4D, 1, 0, -1))


def interface(order, link=1, snap=0, options=b''):
    return block(order, 1, struct.pack(order + 'HHI', link, 0, snap) +
                 (options + option(order, 0, b'') if options else b''))


def enhanced(order, number, stamp, wire, frame, options=b''):
    body = struct.pack(order + 'IIIII', number, stamp >> 32, stamp & 0xFFFFFFFF, len(frame), wire)
    return block(order, 6, body + frame + b'\0' * (-len(frame) % 4) + options)


def pcapng_files():
    # A section of each byte order, an interface of each resolution; blocks that nobody knows
    # between.
    data = section('<')
    data += interface('<') + interface('<', options=option('<', 9, bytes([0x80 | 24])))
    data += block('<', 0x0BAD, b'what nobody knows')
    half = len(FRAMES) // 2
    for number, (time, wire, frame) in enumerate(FRAMES[:half]):
        if number % 2:
            stamp = (time // 1000000 << 24) + ((time % 1000000 << 24) + 999999) // 1000000
            data += enhanced('<', 1, stamp, wire, frame)
        else:
            text = option('<', 1, b'a note') + option('<', 0, b'') if number == 4 else b''
            data += enhanced('<', 0, time, wire, frame, text)
    data += section('>')
    ahead = 1000  # seconds that if_tsoffset adds
    data += interface('>', options=option('>', 9, b'\x09') + option('>', 14, struct.pack('>q', ahead)))
    for number, (time, wire, frame) in enumerate(FRAMES[half:]):
        stamp = (time - ahead * 1000000) * 1000
        if number % 2:
            body = struct.pack('>HHIIII', 0, 0, stamp >> 32, stamp & 0xFFFFFFFF, len(frame), wire)
            data += block('>', 2, body + frame)
        else:
            data += enhanced('>', 0, stamp, wire, frame)
    write('small-mixed.pcapng', data)
    # Simple packets have no time; the interface's limit says what they have stored.
    data = section('<') + interface('<', snap=96)
    for _, wire, frame in FRAMES:
        data += block('<', 3, struct.pack('<I', wire) + frame)
    write('small-simple.pcapng', data)


editcap('pcap', 'small.pcap')
editcap('nsecpcap', 'small-ns.pcap')
editcap('netmon1', 'small-1.x.cap')
editcap('netmon2', 'small-2.0.cap')
editcap('pcapng', 'small.pcapng')
FRAMES = frames()
pcap_big_endian('small-big.pcap', False)
pcap_big_endian('small-big-ns.pcap', True)
netmon_files()
pcapng_files()
for kind, name in (('netmon1', 'office-1.x.cap'), ('netmon2', 'office-2.0.cap'), ('pcapng', 'office.pcapng')):
    subprocess.run(['editcap', '-F', kind, OFFICE, os.path.join(os.path.dirname(OFFICE), name)], check=True)
for source in ('small.pcap', 'small-1.x.cap'):
    with open(path(source + '.csv'), 'w') as output:
        subprocess.run(['tshark', '-n', '-r', path(source), '-T', 'fields', '-E', 'separator=,', '-e',
                        'frame.time_epoch', '-e', 'frame.len', '-e', 'frame.cap_len'],
                       stdout=output, check=True)
