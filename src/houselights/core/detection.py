"""What the evidence stage hands to the findings stage."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

COINCIDENCES = pa.schema(
    [
        ("channel", pa.string()),
        ("object_id", pa.string()),
        ("kind", pa.string()),
        ("post_id_a", pa.string()),
        ("post_id_b", pa.string()),
        ("account_a", pa.string()),
        ("account_b", pa.string()),
        ("delta_s", pa.float64()),
        ("chance", pa.float64()),
        ("confirming", pa.bool_()),  # lies in the half that confirmed the group; the other half only suggested it
    ]
)


@dataclass(frozen=True)
class Member:
    account_id: str
    role: str  # core, periphery or source
    n_events: int
    p_value: float
    membership_probability: float


@dataclass(frozen=True)
class Group:
    """A set of accounts with confirmed evidence. `observed` and `expected` count objects of the confirming half: each weighs the
    share of its member pairs that are close."""

    channels: tuple[str, ...]
    window_s: float
    members: tuple[Member, ...]
    resolved: bool  # False: the group passed, fewer than three members did; nobody is core
    n_accounts_tested: (
        int  # accounts of the tested candidate; the listed members are those of it and of like candidates that passed
    )
    n_hours_tested: (
        int  # hours of the confirming half in which two of them share something: what the test takes as independent
    )
    n_objects_tested: int  # objects of the confirming half that two of them or more share
    observed: float
    expected: float
    p_value: float
    q_value: float
    rest_p: float  # the largest p-value with which a part of the evidence would still be a discovery beside the scan's other groups
    coincidences: pa.Table  # COINCIDENCES: close pairs of posts between members, both halves, earlier post first
    background: str  # where the chance level comes from: 'this data' or 'reference profile'
    retest: Callable[[frozenset[str]], float]
    """p-value of the confirming test with these object ids taken out: does the evidence outside an explanation still confirm?"""


@dataclass(frozen=True)
class Detection:
    groups: Sequence[Group]
    channels_run: Sequence[dict[str, object]] = field(default_factory=list)  # {channel, window_s, candidates}
    channels_skipped: Sequence[dict[str, object]] = field(default_factory=list)  # {channel, window_s, reason}
