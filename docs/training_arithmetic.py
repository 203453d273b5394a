"""Writes the tables of docs/training.md: what training and annotating take on 1 to 10,000 GPUs. A test fails while the page is out of date.

python docs/training_arithmetic.py     writes them into the page
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).with_name("training.md")
GB, HOUR, DAY = 1e9, 3600.0, 86400.0

PEAK = 989e12  # FLOP/s of an H100 SXM, bfloat16, dense
MEMORY = 80 * GB
NVLINK = 900 * GB / 2  # a second and direction, of one GPU; the 900 of data sheets counts both directions
INFINIBAND = 8 * 400e9 / 8  # bytes a second and direction, of a machine of 8 GPUs with a 400 Gb/s port each
OF_LINE = 0.8  # of either, that collective operations reach (assumed)
MFU = {8: 0.40, 64: 0.40, 1000: 0.38, 10_000: 0.35}  # of PEAK, that model FLOPs reach while no GPU waits (assumed)
MFU_LORA = 0.8  # of these, for adapters: small matrices beside the large (assumed)
GPUS = tuple(MFU)
ROW, ROWS_GPU = 512, 16  # tokens a row, rows a GPU looks at together
BATCH_MOST = (
    4 * 2**20
)  # tokens an update: what Llama 2 was pre-trained with (arXiv 2307.09288); tuning stands rather less
RANK = 16
CORPUS_POSTS, CORPUS_TOKENS = 100e6, 200  # a pseudo-labelled corpus: posts, tokens of each with instruction and answer
GPU_HOURS_A_FAILURE = (
    16_384 * 54 * 24 / 419
)  # Llama 3 (arXiv 2407.21783, section 3.3.4): 419 unexpected stops in 54 days
WRITE = 2 * GB  # bytes a second, of one machine to shared storage (assumed),
WRITE_MOST = 100 * GB  # and of that storage (assumed)
RESTART_S = 300  # until a lost machine is replaced and the model loaded (assumed)
HOST = 2e12  # bytes of memory of a machine of 8 GPUs

POSTS_A_DAY = 500e6
POST, ASKED, ANSWER = 60, 150, 30  # tokens of a post, an instruction, an answer
MFU_READ, MFU_WRITE = 0.40, 0.15  # of PEAK, for reading prompts and for writing answers, many at a time (assumed)


@dataclass(frozen=True)
class Model:
    name: str
    layers: int
    width: int
    inner: int
    kv: int  # width of keys and values together with their heads' groups
    vocabulary: int
    gated: bool = True  # three matrices in a feed-forward block, not two
    causal: bool = True

    def matrices(self) -> list[tuple[int, int]]:
        """(in, out) of the linear maps of a layer."""
        h = self.width
        return [
            (h, h),
            (h, self.kv),
            (h, self.kv),
            (h, h),
            *[(h, self.inner)] * (2 if self.gated else 1),
            (self.inner, h),
        ]

    @property
    def block(self) -> float:
        return float(sum(a * b for a, b in self.matrices()))

    @property
    def outer(self) -> float:
        """Embedding and output."""
        return float(self.vocabulary * self.width * (2 if self.causal else 1))

    @property
    def weights(self) -> float:
        return self.layers * self.block + self.outer

    @property
    def multiplied(self) -> float:
        """Weights that a token is multiplied with: all but the embedding, which is looked up."""
        return self.weights - self.vocabulary * self.width

    @property
    def adapter(self) -> float:
        return float(self.layers * sum(RANK * (a + b) for a, b in self.matrices()))


ENCODER = Model("encoder, 0.6B", 24, 1024, 4096, 1024, 250_002, gated=False, causal=False)
SMALL = Model("7B", 32, 4096, 14_336, 1024, 32_000)
LARGE = Model("70B", 80, 8192, 28_672, 1024, 128_256)


@dataclass(frozen=True)
class Run:
    """One model, method and number of GPUs; everything sharded over all of them."""

    model: Model
    lora: bool
    gpus: int

    @property
    def flops_a_token(self) -> float:
        return (4 if self.lora else 6) * self.model.multiplied

    @property
    def mfu(self) -> float:
        return MFU[self.gpus] * (MFU_LORA if self.lora else 1)

    @property
    def tokens_gpu(self) -> float:
        return min(ROW * ROWS_GPU, BATCH_MOST / self.gpus)

    @property
    def states(self) -> float:
        """Bytes of weights, gradients and Adam's moments on a GPU. Full: all in 32 bits. LoRA: the base in 16 bits, the adapter in 32."""
        m = self.model
        return (2 * m.weights + 16 * m.adapter if self.lora else 16 * m.weights) / self.gpus

    @property
    def gathered(self) -> float:
        """Two blocks (one in use, one ahead) and what is outside blocks, in 16 bits; full: the gradient of one block in 16 and 32 bits."""
        m = self.model
        return 2 * (2 * m.block + m.outer) + (0 if self.lora else 6 * m.block)

    @property
    def activations(self) -> float:
        """Kept: each layer's input in 16 bits; one layer computed again: 34 bytes a token and width (Korthikanti et al. 2022, arXiv 2205.05198,
        attention without its matrix); logits and their gradient in 16 bits."""
        m, tokens = self.model, self.tokens_gpu
        logits = 4 * m.vocabulary if m.causal else 0
        return tokens * (2 * m.layers * m.width + 34 * m.width + logits)

    @property
    def memory(self) -> float:
        return self.states + self.gathered + self.activations

    @property
    def traffic(self) -> float:
        """Bytes that a GPU receives in an update: all weights in 16 bits forwards and again backwards; full: gradients in 32 bits once."""
        trained = self.model.adapter if self.lora else self.model.weights
        return (2 * 2 * self.model.weights + 4 * trained) * (self.gpus - 1) / self.gpus

    @property
    def line(self) -> float:
        return OF_LINE * (NVLINK if self.gpus <= 8 else min(NVLINK, INFINIBAND))

    @property
    def computing(self) -> float:
        return self.flops_a_token * self.tokens_gpu / (PEAK * self.mfu)

    @property
    def moving(self) -> float:
        return self.traffic / self.line

    @property
    def update(self) -> float:
        """Seconds: what is gathered ahead is hidden behind computing, if that takes as long."""
        return max(self.computing, self.moving)

    @property
    def fewest_tokens(self) -> float:
        """A GPU and update, below which GPUs wait for weights."""
        return self.moving * PEAK * self.mfu / self.flops_a_token

    @property
    def corpus(self) -> float:
        """Seconds for one pass over the corpus, without failures."""
        return CORPUS_POSTS * CORPUS_TOKENS / (self.tokens_gpu * self.gpus) * self.update

    @property
    def checkpoint(self) -> float:
        return 12 * (self.model.adapter if self.lora else self.model.weights)

    @property
    def writing(self) -> float:
        return max(1.0, self.checkpoint / min(WRITE_MOST, WRITE * math.ceil(self.gpus / 8)))

    @property
    def between_failures(self) -> float:
        return GPU_HOURS_A_FAILURE * HOUR / self.gpus

    @property
    def interval(self) -> float:
        """Seconds between checkpoints that lose least (Young 1974; Daly 2006): the root of twice writing times failures."""
        return math.sqrt(2 * self.writing * self.between_failures)

    @property
    def lost(self) -> float:
        """Share of time: writing, doing again what was lost (half an interval a failure), restarting."""
        return self.writing / self.interval + (self.interval / 2 + RESTART_S) / self.between_failures


RUNS = [Run(model, lora, gpus) for model in (SMALL, LARGE) for lora in (True, False) for gpus in GPUS]


def ours() -> str:
    """Our sets on one GPU, three passes. Rows and characters counted in what benchmarks/annotation/as_training_lines.py writes."""
    sets = {
        "SemEval-2020 task 11 (PTC)": (16_673, 2_064_404),
        "SemEval-2021 task 6": (688, 71_374),
        "SemEval-2016 task 6": (2_914, 283_298),
    }
    rows = []
    for name, (n, letters) in sets.items():
        text = letters / 4
        encoder = 6 * ENCODER.multiplied * 3 * text / (PEAK * 0.2)
        decoder = 4 * SMALL.multiplied * 3 * (text + n * (ASKED + ANSWER)) / (PEAK * 0.3)
        rows.append((name, f"{n:,}", f"{text / 1e3:,.0f}", _time(encoder), _time(decoder)))
    return _table(("set", "rows", "thousand tokens", "encoder, full", "7B, LoRA"), rows)


def models() -> str:
    rows = [
        (
            m.name,
            f"{m.weights / 1e9:.2f}",
            f"{m.adapter / 1e6:.0f}",
            f"{6 * m.multiplied / 1e9:.1f}",
            f"{4 * m.multiplied / 1e9:.1f}",
        )
        for m in (ENCODER, SMALL, LARGE)
    ]
    return _table(("model", "weights, 10^9", "adapter, 10^6", "full, GFLOP a token", "LoRA, GFLOP a token"), rows)


def memory() -> str:
    rows = []
    for r in RUNS:
        host = 8 * r.model.weights * (2 if r.lora else 4)
        fits = (
            "yes" if r.memory < 0.9 * MEMORY and host < HOST else "no, GPU" if r.memory >= 0.9 * MEMORY else "no, host"
        )
        parts = (r.states, r.gathered, r.activations, r.memory, host)
        rows.append((*_who(r), *[f"{part / GB:,.1f}" for part in parts], fits))
    return _table(
        ("model", "method", "GPUs", "states", "gathered", "activations", "sum", "host, at the start", "fits"), rows
    )


def steps() -> str:
    rows = [
        (
            *_who(r),
            f"{r.tokens_gpu:,.0f}",
            f"{r.traffic / GB:,.0f}",
            f"{r.moving:.2f}",
            f"{r.computing:.2f}",
            f"{r.fewest_tokens:,.0f}",
            f"{100 * min(1, r.computing / r.update):.0f} %",
        )
        for r in RUNS
    ]
    heads = ("tokens a GPU", "GB received", "s moving", "s computing", "fewest tokens", "GPU busy")
    return _table(("model", "method", "GPUs", *heads), rows)


def corpus() -> str:
    rows = []
    for r in RUNS:
        whole = r.corpus / (1 - r.lost)
        failures = (_time(r.between_failures), _time(r.interval), f"{100 * r.lost:.2f} %")
        kept = (_size(r.checkpoint), f"{r.writing:,.0f}")
        rows.append((*_who(r), _time(whole), f"{whole * r.gpus / HOUR:,.0f}", *kept, *failures))
    heads = ("one pass", "GPU hours", "checkpoint", "s to write", "a failure every", "checkpoint every", "lost")
    return _table(("model", "method", "GPUs", *heads), rows)


def annotating() -> str:
    rows = []
    for m in (ENCODER, SMALL, LARGE):
        if m.causal:
            read, wrote = 2 * m.multiplied * POST / (PEAK * MFU_READ), 2 * m.multiplied * ANSWER / (PEAK * MFU_WRITE)
            cache = 2 * m.layers * m.kv * 2 * (POST + ASKED + ANSWER)
        else:
            read, wrote, cache = 2 * m.multiplied * POST / (PEAK * MFU_READ), 0.0, 0
        gpus = POSTS_A_DAY * (read + wrote) / DAY
        least = math.ceil(2 * m.weights / (0.7 * MEMORY))
        rows.append(
            (
                m.name,
                f"{1e3 * read:.2f}",
                f"{1e3 * wrote:.2f}",
                f"{gpus:,.1f}",
                f"{least}",
                f"{cache / 1e6:,.0f}",
                f"{gpus / 100:,.2f}",
            )
        )
    heads = (
        "ms to read a post",
        "ms to write an answer",
        "GPUs for all",
        "GPUs a copy",
        "MB cache a post",
        "GPUs for 1 in 100",
    )
    return _table(("model", *heads), rows)


BLOCKS = {"ours": ours, "models": models, "memory": memory, "steps": steps, "corpus": corpus, "annotating": annotating}


def written(page: str, blocks: Mapping[str, Callable[[], str]]) -> str:
    """The page with every block between `<!-- NAME -->` and `<!-- /NAME -->` written anew."""
    for name, block in blocks.items():
        marked = re.compile(f"<!-- {name} -->\n.*?<!-- /{name} -->", re.DOTALL)
        if not marked.search(page):
            raise SystemExit(f"the page lacks the block {name}")
        page = marked.sub(f"<!-- {name} -->\n{block()}\n<!-- /{name} -->", page)
    return page


def text(page: str) -> str:
    return written(page, BLOCKS)


def _who(run: Run) -> tuple[str, str, str]:
    return run.model.name, "LoRA" if run.lora else "full", f"{run.gpus:,}"


def _time(seconds: float) -> str:
    for unit, length in (("d", DAY), ("h", HOUR), ("min", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.1f} {unit}"
    return f"{seconds:,.0f} s"


def _size(n_bytes: float) -> str:
    return f"{n_bytes / GB:,.0f} GB" if n_bytes >= GB else f"{n_bytes / 1e6:,.0f} MB"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [
        "| " + " | ".join(head) + " |",
        "|" + "|".join("---" if i == 0 else "---:" for i in range(len(head))) + "|",
    ]
    return "\n".join([*lines, *["| " + " | ".join(row) + " |" for row in rows]])


if __name__ == "__main__":
    PAGE.write_text(text(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
