"""
Fuzzes the readers: `python tests/fuzz/fuzz.py --seconds 120 [--reader NAME]`.

Guided by coverage where atheris can be imported, else by chance. What breaks the law of `law.py`, and what ends as nothing before it did, is kept
in `corpus/READER`, which the tests replay.
"""

import argparse
import contextlib
import faulthandler
import hashlib
import json
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
import traceback
import zlib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
MAX_KEPT, MAX_KEPT_ACCEPTED, MAX_KEPT_BYTES = (
    24,
    3,
    4096,
)  # of one reader; a file that is accepted takes longest to replay
MEMORY = 16 << 30  # address space
try:
    import atheris
except ImportError:
    atheris = None


class Campaign:
    """One reader under fire in this process."""

    def __init__(self, reader: str, scratch: Path, seconds: float, seed: int) -> None:
        self.reader, self.scratch, self.seconds, self.seed = reader, scratch, seconds, seed
        with atheris.instrument_imports(include=["houselights.ingest"]) if atheris else contextlib.nullcontext():
            import law
            import mutations
            import seeds
        self.law, self.mutations, self.seeds = law, mutations, list(seeds.SEEDS[reader])
        self.con = law.connect()
        self.runs, self.crashes = 0, {}
        self.known: set[Any] = set()
        self.kept = self._kept()

    def _kept(self) -> dict[str, bool]:
        """File name -> accepted, of what the corpus has; whatever it teaches is known."""
        kept = {}
        for path in sorted((CORPUS / self.reader).glob("*")):
            data = path.read_bytes()
            self.seeds.append(data)
            kept[path.name] = self.one(self.law.mode_of(path.name), data, keep=False)
        for data in list(self.seeds):
            self.one("auto", data, keep=False)
        return kept

    def try_bytes(self, data: bytes) -> None:
        pick = zlib.crc32(data) % 8
        self.one("auto" if pick < 5 else "forced" if pick < 7 else "mapped", data)

    def one(self, mode: str, data: bytes, keep: bool = True) -> bool:
        (self.scratch / "current").write_bytes(mode.encode() + b"\n" + data)
        self.runs += 1
        accepted = False
        try:
            self.con = self.law.alive(self.con)
            outcome = self.law.check(self.con, self.reader, mode, data, self.scratch / "read")
            accepted = outcome.accepted
            if keep and outcome.signature not in self.known:
                self._keep(mode, data, accepted)
            self.known.add(outcome.signature)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # a panic of a library in Rust is no Exception
            if (what := told(error)) not in self.crashes:
                data = self._smaller(mode, data, what)
                self.crashes[what] = self.law.name_of(mode, data)
                self._write(mode, data)
                print(
                    f"\n{self.reader} {mode}: {what}\n  {self.crashes[what]}",
                    "".join(traceback.format_tb(error.__traceback__)[-2:]),
                    flush=True,
                )
            self.con = self.law.connect()
        (self.scratch / "stats").write_text(json.dumps({"runs": self.runs, "crashes": self.crashes}))
        return accepted

    def _smaller(self, mode: str, data: bytes, what: str) -> bytes:
        """Pieces that are not needed for the crash go, for five seconds at most."""
        until, size = time.monotonic() + 5, max(len(data) // 2, 1)
        while size and time.monotonic() < until:
            at = 0
            while at < len(data) and time.monotonic() < until:
                shorter = data[:at] + data[at + size :]
                if shorter and self._ends(mode, shorter) == what:
                    data = shorter
                else:
                    at += size
            size //= 2
        return data

    def _ends(self, mode: str, data: bytes) -> str | None:
        try:
            self.law.check(self.con, self.reader, mode, data, self.scratch / "read")
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            self.con = self.law.connect()
            return told(error)
        return None

    def _keep(self, mode: str, data: bytes, accepted: bool) -> None:
        full = len(self.kept) >= MAX_KEPT or (accepted and sum(self.kept.values()) >= MAX_KEPT_ACCEPTED)
        if len(data) <= MAX_KEPT_BYTES and not full:
            self.kept[self._write(mode, data)] = accepted

    def _write(self, mode: str, data: bytes) -> str:
        name = self.law.name_of(mode, data)
        (CORPUS / self.reader).mkdir(parents=True, exist_ok=True)
        if len(data) <= 4 * MAX_KEPT_BYTES:
            (CORPUS / self.reader / name).write_bytes(data)
        else:
            (self.scratch.parent / f"{self.reader}-{name}").write_bytes(data)
        return name

    def by_chance(self) -> None:
        rng = random.Random(self.seed)
        until = time.monotonic() + self.seconds
        pool = list(self.seeds)
        while time.monotonic() < until:
            n_known = len(self.known)
            faulthandler.dump_traceback_later(2 * self.law.MAX_SECONDS, exit=True)
            data = self.mutations.mutate(rng.choice(pool), self.reader, rng)
            self.try_bytes(data)
            if len(self.known) > n_known:
                pool.append(data)
        faulthandler.cancel_dump_traceback_later()

    def by_coverage(self) -> None:
        pool = self.scratch / "pool"
        pool.mkdir()
        for data in self.seeds:
            (pool / hashlib.sha256(data).hexdigest()).write_bytes(data)

        def mutate(data: bytes, max_size: int, seed: int) -> bytes:
            rng = random.Random(seed)
            if rng.random() < 0.1:
                return bytes(atheris.Mutate(data, max_size))
            return bytes(self.mutations.mutate(data or rng.choice(self.seeds), self.reader, rng)[:max_size])

        options = {"max_total_time": int(self.seconds), "max_len": self.mutations.MAX_BYTES, "len_control": 0, "seed": self.seed + 1,
                   "timeout": int(2 * self.law.MAX_SECONDS), "rss_limit_mb": 6000, "verbosity": 0, "artifact_prefix": f"{self.scratch}/"}  # fmt: skip
        atheris.Setup(
            [sys.argv[0], *(f"-{k}={v}" for k, v in options.items()), str(pool)], self.try_bytes, custom_mutator=mutate
        )
        atheris.Fuzz()


def told(error: BaseException) -> str:
    """A crash's kind: what was raised, and where in our code."""
    ours = [
        f
        for f in traceback.extract_tb(error.__traceback__)
        if "houselights" in f.filename and not f.filename.startswith(str(HERE))
    ]
    where = f"{Path(ours[-1].filename).name}:{ours[-1].name}" if ours else "law"
    first = (str(error).splitlines() or [""])[0]
    return f"{type(error).__name__} in {where}: {re.sub(r'[0-9]+|[^ -~]|[(].*|0x[0-9a-f]+', 'N', first)[:90]}"


def campaign(reader: str, seconds: float, seed: int, chance: bool) -> dict[str, Any]:
    """Runs a child until its time is up, again where it dies: an input that kills the process is a crash too."""
    total: dict[str, Any] = {"runs": 0, "crashes": {}}
    until = time.monotonic() + seconds
    for attempt in range(20):
        left = until - time.monotonic()
        if left < 1 + bool(attempt) * 4:
            break
        with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
            scratch = Path(folder)
            command = [
                sys.executable,
                __file__,
                "--child",
                str(scratch),
                "--reader",
                reader,
                "--seconds",
                str(left),
                "--seed",
                str(seed + attempt),
            ]
            done = subprocess.run(command + ["--chance"] * chance, stderr=subprocess.PIPE, text=True, errors="replace")
            if (scratch / "stats").exists():
                stats = json.loads((scratch / "stats").read_text())
                total["runs"] += stats["runs"]
                total["crashes"] |= stats["crashes"]
            if not (died := done.returncode != 0 and "current" in {p.name for p in scratch.iterdir()}):
                break
            mode, data = (scratch / "current").read_bytes().split(b"\n", 1)
            name = f"{mode.decode()}-{zlib.crc32(data):08x}"
            why = f"the process ended with {done.returncode}"
            if died and why not in total["crashes"]:
                total["crashes"][why] = name
                (CORPUS / reader).mkdir(parents=True, exist_ok=True)
                (CORPUS / reader / name).write_bytes(data)
                print(f"\n{reader} {name}: {why}\n{done.stderr[-1500:]}", flush=True)
    return total


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=120, help="for each reader")
    parser.add_argument("--reader", action="append", help="only this one; may be given again")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--chance", action="store_true", help="by chance, even where coverage could guide")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    sys.path.insert(0, str(HERE))
    if options.child:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        one = Campaign(options.reader[0], options.child, options.seconds, options.seed)
        one.by_coverage() if atheris and not options.chance else one.by_chance()
        return 0
    import seeds

    if unknown := [r for r in options.reader or () if r not in seeds.SEEDS]:
        parser.error(f"no reader {', '.join(unknown)}; there are {', '.join(seeds.SEEDS)}")
    print(f"{'reader':18}{'runs':>8}{'crashes':>9}{'corpus':>8}{'bytes':>9}", flush=True)
    n_crashes = 0
    for reader in options.reader or seeds.READERS:
        total = campaign(reader, options.seconds, options.seed, options.chance)
        sizes = [p.stat().st_size for p in (CORPUS / reader).glob("*")]
        n_crashes += len(total["crashes"])
        print(f"{reader:18}{total['runs']:8}{len(total['crashes']):9}{len(sizes):8}{sum(sizes):9}", flush=True)
        for what, name in total["crashes"].items():
            print(f"    {name}: {what}", flush=True)
    return 1 if n_crashes else 0


if __name__ == "__main__":
    sys.exit(main())
