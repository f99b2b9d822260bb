#!/bin/sh
# Writes expected.txt: what Wireshark's tshark finds in a capture, for test_protocols.c.
#
#   sh expected.sh ../../examples/capture/office.pcap >expected.txt      (tshark 4.0, Debian 12)
#
# A line for each value of a property: its protocol and label, the value, how many frames have it.
# Of the frames that a display filter passes: a name, the filter, how many, the sum of their numbers
# from 0.
set -eu
capture=$1

distribution() { # PROTOCOL LABEL FIELD [FILTER]
    tshark -r "$capture" -2 -R "$3${4:+ and ($4)}" -T fields -E occurrence=f -e "$3" 2>/dev/null | sort -n | uniq -c |
        while read -r count value; do printf '%s\t%s\t%d\t%d\n' "$1" "$2" "$value" "$count"; done
}

passes() { # NAME FILTER
    tshark -r "$capture" -Y "$2" -T fields -e frame.number 2>/dev/null |
        awk -v name="$1" -v filter="$2" '{ n++; sum += $1 - 1 } END { printf "filter\t%s\t%d\t%d\t%s\n", name, n, sum, filter }'
}

distribution IP 'Time to Live' ip.ttl
distribution TCP 'Destination Port' tcp.dstport
distribution TCP 'Window' tcp.window_size_value
distribution IP6 'Hop Limit' ipv6.hlim
distribution ARP_RARP 'Opcode' arp.opcode
distribution DNS 'Question Entry Count' dns.count.queries
passes from-server 'ip.src == 10.20.0.10 and tcp.window_size_value > 505'
passes names 'dns.qry.name contains "printer" or http.request.method == "GET"'
