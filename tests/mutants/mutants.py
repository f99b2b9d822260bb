"""Builds each mutant and runs the tests on it; run.sh calls it with the folder of a finished build."""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time

import mutate

TOP = pathlib.Path.cwd()
EXPLAINED = TOP / "tests/mutants/explained.txt"
# Not built natively, or a table that is compared name by name under Wine.
LEFT_OUT = {"crt.c", "exports.h"}
# Shortened.
SHORT = {"test_faults": ["--short"], "test_kills": ["--short"]}
# Slow, and near to others that run: the score without them is the lower one.
LEAVE_OUT = r"_(all|dozen|long)$|^test_aftermath|unit_region_deaths|contract_expert_memory|contract_threads"
LABELS = r"^(unit|contract|misuse|fuzz)$"
# A test of this many seconds is short: the short ones come first, for most mutants are noticed there.
SHORT_SECONDS = 1


def output(command, **more):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **more).stdout


def run_test(command, folder, limit):
    """Whether it passed in time. A test that hangs has noticed, too."""
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        return process.wait(limit) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)  # the group of this test alone
        except ProcessLookupError:
            pass
        process.wait()


class Base:
    """The finished build: how its objects and programs are made."""

    def __init__(self, folder):
        self.folder = folder.resolve()
        self.compile = {}  # object -> command
        for entry in json.loads((self.folder / "compile_commands.json").read_text()):
            command = shlex.split(entry["command"])
            self.compile[command[command.index("-o") + 1]] = [c for c in command if c != "-g"]
        self.deps, current = {}, None
        for line in output(["ninja", "-C", self.folder, "-t", "deps"]).splitlines():
            if line[:1] not in (" ", ""):
                current = self.deps.setdefault(line.split(": #deps")[0], set())
            elif line.strip():
                current.add(os.path.normpath(self.folder / line.strip()))
        self.tests = []  # (name, program, arguments)
        shown = output(["ctest", "--test-dir", self.folder, "--show-only=json-v1", "-L", LABELS, "-E", LEAVE_OUT])
        for test in json.loads(shown)["tests"]:
            program = os.path.relpath(test["command"][0], self.folder)
            self.tests.append((test["name"], program, test["command"][1:] + SHORT.get(test["name"], [])))
        self.link, self.objects = {}, {}  # program -> command; program -> objects that may be in it
        for _, program, _ in self.tests:
            command = output(["ninja", "-C", self.folder, "-t", "commands", program]).splitlines()[-1]
            self.link[program] = shlex.split(re.sub(r"^: && | && :$", "", command))
            inside = [re.sub(r"lib(\w+)\.a$", r"CMakeFiles/\1.dir/", p) if p.endswith(".a") else p
                      for p in self.link[program]]
            self.objects[program] = {o for o in self.compile
                                     if any(o == p or (p[-1] == "/" and o.startswith(p)) for p in inside)}
        self.seconds = {}

    def time_tests(self, folder):
        """How long each takes, measured once; the order and the limits follow from it."""
        measured = self.folder.parent / "seconds.json"
        if measured.is_file():
            self.seconds = json.loads(measured.read_text())
        for name, program, arguments in self.tests:
            if name in self.seconds:
                continue
            since = time.monotonic()
            if not run_test([self.folder / program, *arguments], folder, 600):
                sys.exit(f"{name} fails without any mutant")
            self.seconds[name] = time.monotonic() - since
        measured.write_text(json.dumps(self.seconds))

    def in_order(self, module):
        """The short tests, then the long ones, of each those named after the module first."""
        return sorted(self.tests, key=lambda t: (self.seconds[t[0]] > SHORT_SECONDS, not module.search(t[0]),
                                                 self.seconds[t[0]]))


class Worker:
    """A folder with sources of its own, one mutant in them at a time."""

    def __init__(self, base, number):
        self.base, self.folder = base, TOP / f"build/mutants/w{number}"
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(TOP / "src", self.folder / "src")
        self.clean = {}  # object -> its bytes without a mutant

    def object(self, name):
        """Compiles one object from this folder's sources; None if it does not compile."""
        made = self.folder / "obj" / name
        made.parent.mkdir(parents=True, exist_ok=True)
        command = [c.replace(str(TOP / "src"), str(self.folder / "src")) for c in self.base.compile[name]]
        command[command.index("-o") + 1] = str(made)
        done = subprocess.run(command, cwd=self.base.folder, stderr=subprocess.DEVNULL)
        return made if done.returncode == 0 else None

    def changed(self, path, program, done):
        """Objects of a program that the mutant changes, in `done` by name; None if one does not compile."""
        for name in sorted(self.base.objects[program]):
            if name in done or str(TOP / path) not in self.base.deps[name]:
                continue
            made = self.object(name)
            if not made:
                return False
            done[name] = None if made.read_bytes() == self.clean[name] else made
        return True

    def try_mutant(self, path, source, mutant, only_short):
        """'killed by ...', 'survived', or '' if it is no mutant at all."""
        target = self.folder / path
        names = [n for n in self.base.compile if str(TOP / path) in self.base.deps.get(n, ())]
        for name in names:
            if name not in self.clean:
                made = self.object(name)
                self.clean[name] = made.read_bytes() if made else b""
        start, end, text = mutant
        target.write_text(source[:start] + text + source[end:])
        try:
            return self.run(path, only_short)
        finally:
            target.write_text(source)

    def noticed(self, exe, program, arguments, limit):
        """Whether a test fails on the mutant and passes without it just then: a busy machine must not count."""
        for _ in range(3):
            if run_test([exe, *arguments], self.folder, limit):
                return False
            if run_test([self.base.folder / program, *arguments], self.folder, limit):
                return True
        return False

    def run(self, path, only_short):
        done, linked, differs = {}, set(), False
        names = re.compile("_%s(_|$)" % pathlib.Path(path).stem.split("_")[0])
        for name, program, arguments in self.base.in_order(names):
            if only_short and self.base.seconds[name] > SHORT_SECONDS:
                break
            if not self.changed(path, program, done):
                return ""
            new = {o: done[o] for o in self.base.objects[program] if done.get(o)}
            if not new:
                continue
            differs = True
            exe = self.folder / "bin" / program
            if program not in linked:
                exe.parent.mkdir(parents=True, exist_ok=True)
                command = [str(new.pop(c)) if c in new else c for c in self.base.link[program]]
                command[command.index("-o") + 1] = str(exe)
                first = next(i for i, c in enumerate(command) if c.endswith(".a"))
                command[first:first] = [str(o) for o in new.values()] + ["-s"]
                if subprocess.run(command, cwd=self.base.folder, stderr=subprocess.DEVNULL).returncode:
                    return ""
                linked.add(program)
            if self.noticed(exe, program, arguments, 5 + 4 * self.base.seconds[name]):
                return "killed by " + name
        return "survived" if differs else ""


def read_explained():
    """{(file, before, after): why}; after "*" stands for every mutant of the line."""
    known, why, path, before = {}, "", "", ""
    for line in EXPLAINED.read_text().splitlines():
        if line.startswith("why: "):
            why = line[5:]
        elif line.startswith("src/"):
            path = line
        elif line.startswith("- "):
            before = line[2:]
        elif line.startswith("+ "):
            known[path, before, line[2:]] = why
    return known


def order_of(sources, seed):
    """All places, in an order from the seed: each file's turn comes in proportion to its lines."""
    draw = random.Random(seed)
    left, lines = {}, {}
    for path in sorted(sources):
        left[path] = mutate.places(sources[path])
        lines[path] = sources[path].count("\n")
        draw.shuffle(left[path])
    order = []
    while any(left.values()):
        paths = [p for p in sorted(left) if left[p]]
        path = draw.choices(paths, [lines[p] for p in paths])[0]
        order.append((path, left[path].pop()))
    return order


def show_stale(sources, candidates, chosen):
    """Prints what explained.txt has of these sources, or of none that is there, and no mutant is; 1 if any."""
    there = set()
    for path, mutant in candidates:
        _, before, after = mutate.describe(sources[path], mutant)
        there |= {(path, before, after), (path, before, "*")}
    stale = [known for known in read_explained()
             if known not in there and (not chosen or known[0] in sources)]
    for path, before, after in stale:
        print(f"{path}\n- {before}\n+ {after}")
    return 1 if stale else 0


class State:
    """What earlier runs have found, under build/: of the same seed, files, sources and tests."""

    def __init__(self, seed, files, quick):
        digest = hashlib.sha256(repr((files, quick)).encode())
        for folder in ("src", "tests"):
            for path in sorted((TOP / folder).rglob("*")):
                if path.suffix in (".c", ".h", ".S", ".py") or path.name == "CMakeLists.txt":
                    digest.update(path.read_bytes())
        self.path = TOP / f"build/mutants/state-{seed}-{digest.hexdigest()[:12]}.json"
        self.results = {}  # number in the order -> what became of it
        if self.path.is_file():
            self.results = {int(n): r for n, r in json.loads(self.path.read_text()).items()}

    def save(self):
        made = self.path.with_suffix(".new")
        made.write_text(json.dumps(self.results))
        made.replace(self.path)

    def sums(self):
        sums = {"killed": 0, "explained": 0, "survived": 0, "none": 0}
        for result in self.results.values():
            sums[result] += 1
        return sums


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("base", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--file", action="append")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--stale", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()

    files = options.file or sorted(str(p.relative_to(TOP)) for p in (TOP / "src").rglob("*.[ch]")
                                   if p.name not in LEFT_OUT and p.parent.name != "nmhost")
    for name in files:
        if not (TOP / name).is_file():
            parser.error("no file %s: --file=src/heap/span.c is meant" % name)
    sources = {f: (TOP / f).read_text() for f in files}
    candidates = order_of(sources, options.seed)
    if options.list:
        for path, mutant in sorted(candidates):
            print("%s:%d: %s -> %s" % (path, *mutate.describe(sources[path], mutant)))
        return 0
    if options.stale:
        return show_stale(sources, candidates, options.file)
    state = State(options.seed, files, options.quick)
    print(f"seed {options.seed}, {len(candidates)} places in {len(files)} files, "
          f"{len(state.results)} of them tried before", flush=True)

    base = Base(options.base)
    workers = [Worker(base, i) for i in range(options.jobs)]
    base.time_tests(workers[0].folder)
    explained, lock = read_explained(), threading.Lock()

    def is_explained(number):
        path, mutant = candidates[number]
        _, before, after = mutate.describe(sources[path], mutant)
        return (path, before, after) in explained or (path, before, "*") in explained

    for number, result in state.results.items():
        if result == "survived" and is_explained(number):  # since an earlier run
            state.results[number] = "explained"
    queue = iter([i for i in range(len(candidates)) if i not in state.results])
    tried = [0]  # in this run; those that do not compile, or change no object, do not count

    def work(worker):
        while True:
            with lock:
                number = next(queue, None)
                if number is None or (not options.all and tried[0] >= options.count):
                    return
            path, mutant = candidates[number]
            line, before, after = mutate.describe(sources[path], mutant)
            known = is_explained(number)
            since = time.monotonic()
            result = worker.try_mutant(path, sources[path], mutant, known or options.quick) or "none"
            if result == "survived" and known:
                result = "explained"
            with lock:
                state.results[number] = result.split()[0]
                state.save()
                tried[0] += result != "none"
                if result == "survived" or (options.verbose and result != "none"):
                    print(f"{path}:{line}: {before}\n    -> {after}    [{result}, "
                          f"{time.monotonic() - since:.1f} s]", flush=True)

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(work, workers))
    sums = state.sums()
    total = sum(sums.values()) - sums["none"]
    told_apart = total - sums["explained"]
    print("seed %d, %s, all runs: mutants %d, killed %d, explained %d, survived %d; of those that can be told apart "
          "%.1f %% were killed; %d more are none" %
          (options.seed, time.strftime("%Y-%m-%d"), total, sums["killed"], sums["explained"], sums["survived"],
           100 * sums["killed"] / max(told_apart, 1), sums["none"]))
    return 1 if sums["survived"] else 0


if __name__ == "__main__":
    sys.exit(main())
