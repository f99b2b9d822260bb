"""Checks the documents and logs that Chromium left, for page.sh: python3 page.py FOLDER"""

import csv
import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

HEADINGS = {
    "events": ["Capture", "Expert", "Severity", "Time", "Frame", "Event", "Columns"],
    "runs": ["Capture", "Expert", "Outcome", "Time, ms", "Frames a second", "Peak, bytes",
             "Blocks still held", "Bytes still held", "Events"],
}


class Document(HTMLParser):
    """Each section's rows, a list of cells' texts a row, and the text of the element `seen`."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.bars, self.seen = {}, {}, ""
        self.section = self.cell = None
        self.in_body = self.in_seen = False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "section":
            self.section = attributes["id"]
            self.rows[self.section] = []
            self.bars[self.section] = 0
        elif tag in ("tbody", "pre"):
            self.in_body, self.in_seen = tag == "tbody", tag == "pre"
        elif tag == "tr" and self.in_body:
            self.rows[self.section].append([])
        elif tag == "td":
            self.rows[self.section][-1].append("")
            self.cell = self.rows[self.section][-1]
        elif tag == "br" and self.cell:
            self.cell[-1] += "\n"
        elif tag == "span" and attributes.get("class") == "bar":
            self.bars[self.section] += 1

    def handle_endtag(self, tag):
        if tag in ("td", "table"):
            self.cell = None
        elif tag == "tbody":
            self.in_body = False
        elif tag == "pre":
            self.in_seen = False

    def handle_data(self, text):
        if self.in_seen:
            self.seen += text
        elif self.cell:
            self.cell[-1] += text


def check(condition, message):
    if not condition:
        sys.exit(f"page.py: {message}")


def is_sorted(values, descending):
    """Numbers by value, empty cells in front. Text by two words: the locale orders punctuation."""
    if descending:
        values = values[::-1]
    try:
        keys = [float(value) if value else float("-inf") for value in values]
    except ValueError:
        keys = [re.match("[a-z ]*", value.lower()).group().split()[:2] for value in values]
    return keys == sorted(keys)


def check_orders(orders, document):
    clicked = [(order["table"], order["heading"]) for order in orders]
    wanted = [(table, heading) for table in ("events", "runs") for heading in HEADINGS[table]]
    check(clicked == [pair for pair in wanted for _ in range(2)], f"headings: {clicked}")
    for index, order in enumerate(orders):
        where = f"{order['table']}, {order['heading']}, click {index % 2 + 1}"
        wanted = "descending" if index % 2 else "ascending"
        check(order["sort"] == wanted, f"{where}: aria-sort is {order['sort']}")
        check(order["sorted_headings"] == 1, f"{where}: {order['sorted_headings']} are marked")
        check(order["rows"] == len(document.rows[order["table"]]), f"{where}: rows were lost")
        values = order["values"]
        check(is_sorted(values, index % 2 == 1), f"{where}: not sorted: {values}")
    for table, heading in (("events", "Frame"), ("runs", "Peak, bytes")):
        some = next(o["values"] for o in orders if (o["table"], o["heading"]) == (table, heading))
        check(len(set(some)) > 1, f"{table}, {heading}: nothing to sort: {some}")


def main(folder):
    with open(folder / "events.csv", newline="", encoding="latin-1") as file:
        events = list(csv.reader(file))[1:]
    check(events, "the run had no events")
    colours = {}
    for scheme in (0, 1):
        log = (folder / f"log-{scheme}").read_text(errors="replace")
        said = [line for line in log.splitlines() if "CONSOLE" in line]
        check(any("page.js has ended" in line for line in said), f"page.js did not end: {said}")
        check(len(said) == 1, f"the page's script says: {said}")

        document = Document((folder / f"dom-{scheme}.html").read_text())
        experts = {row[1] for row in document.rows["runs"]}
        check(len(experts) >= 2, f"experts: {experts}")
        check(all(row[2] == "returned" for row in document.rows["runs"]), "outcomes")
        check(document.bars == {"events": 0, "runs": 2 * len(experts)}, f"bars: {document.bars}")
        shown = sorted((row[0], row[1], row[4].replace(",", ""), row[5].split("\n")[0])
                       for row in document.rows["events"])
        told = sorted((row[0], row[1], row[4], row[5]) for row in events)
        check(shown == told, f"the page has other events than the CSV file: {shown} {told}")

        seen = json.loads(document.seen)
        check(seen["dark"] == (scheme == 0), "the scheme was not that which was asked for")
        check(not seen["wide"], "the page is wider than its window")
        check_orders(seen["orders"], document)
        colours[scheme] = [sum(map(int, re.findall(r"\d+", seen[part])))
                           for part in ("back", "text")]
    check(colours[0][0] < 200 < 600 < colours[0][1], f"dark: {colours[0]}")
    check(colours[1][1] < 200 < 600 < colours[1][0], f"light: {colours[1]}")
    clicks = len(seen["orders"])
    print(f"{len(events)} events, {len(experts)} experts, {clicks} clicks, dark and light")


main(Path(sys.argv[1]))
