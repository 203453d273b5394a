"""What a user can set, with its unit in its name and where the default comes from. Frozen: a run has one set, written to its manifest.

The thresholds of the method itself stand beside their formulas, in `evidence/` and `findings/explanations/`.
"""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class ReadSettings:
    format: str = "auto"
    column_map: dict[str, str] = field(default_factory=dict)  # our column -> the file's column (`--map text=body`)
    since: datetime | None = None  # inclusive, UTC
    until: datetime | None = None  # exclusive, UTC
    account: str | None = None
    link: str | None = None


@dataclass(frozen=True)
class TraceSettings:
    min_words: int = 5  # shorter texts coincide by chance ("happy new year")
    jaccard_0_1: float = 0.8  # exact word-set similarity of an edge between near-identical texts
    n_permutations: int = 144
    n_bands: int = 24  # of two texts as similar as that, .9993 become candidates; unlike ones hardly ever
    media_folders: tuple[
        str, ...
    ] = ()  # where pictures lie that posts name by a path; a scan adds the folders of its inputs


@dataclass(frozen=True)
class ContentSettings:
    narratives: bool = False  # reading what posts mean takes a model and minutes per 100,000 posts
    embeddings_url: str = ""  # an OpenAI-compatible server; '' is the embedded model
    embeddings_model: str = ""  # its name there
    jobs: int = 1  # processes of the embedded model
    earlier_run: str = ""  # RUN directory whose narratives go on where new posts tell them


@dataclass(frozen=True)
class AnnotateSettings:
    tasks: tuple[str, ...] = ("name", "summary", "explanation", "stance", "techniques")
    targets: tuple[str, ...] = ()  # what a stance is toward; without one there is no stance
    language: str = "en"  # of names and summaries, BCP-47
    head_files: tuple[str, ...] = ()  # stance heads of the user's own, which go before the shipped ones
    model_posts: int = 200  # posts that a language model reads for each target and for techniques; 0: all
    most_names: int = 50
    most_findings: int = 40
    embeddings_url: str = ""  # as in ContentSettings
    embeddings_model: str = ""
    jobs: int = 1
    seed: int = 0


@dataclass(frozen=True)
class OpinionSettings:
    topic: str = "all"  # all, hashtag:TAG, query:WORDS or narrative:ID
    dimension: str = ""  # narrative, stance, hashtag, link_domain or technique; '' is every one that the run has
    target: str = ""  # of the stance; may be empty where annotations have one
    draws: int = 2000
    seed: int = 0


@dataclass(frozen=True)
class EvidenceSettings:
    q: float = 0.05  # false-discovery rate over all candidates, windows, directions and rounds
    windows_s: tuple[float, ...] = (10.0, 60.0, 600.0)
    seed: int = 0


@dataclass(frozen=True)
class ScanSettings:
    read: ReadSettings = ReadSettings()
    content: ContentSettings = ContentSettings()
    traces: TraceSettings = TraceSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    known_file: str | None = None
