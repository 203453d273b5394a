"""Power surfaces and curves, as SVG: the same results give the same files."""

from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from benchmarks.detection.measures import pooled
from benchmarks.detection.parts import CAMOUFLAGE, JITTER_S, NAMES, OBJECTS, RETENTION, SIZES

FOLDER = Path(__file__).with_name("pictures")
# Okabe and Ito: told apart by everybody.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999", "#F0E442", "#8B5A2B")
_JITTER_NAMES = ("10 s", "1 min", "4 min", "8 min", "20 min", "1 h", "6 h", "24 h")


def draw(results: dict[str, Any]) -> None:
    FOLDER.mkdir(exist_ok=True)
    matplotlib.rcParams.update({"svg.hashsalt": "houselights", "svg.fonttype": "none", "font.size": 10})
    if "surface_burst" in results and "surface_ring" in results:
        _save(_surface(results), "surface")
    if all(p in results for p in ("jitter", "camouflage", "retention")):
        _save(_curves(results), "curves")
    if "two weeks" in results.get("real", {}):
        _save(_real(results["real"]), "real")


def _save(figure: Any, name: str) -> None:
    figure.savefig(
        FOLDER / f"{name}.svg", metadata={"Date": None, "Creator": None}, bbox_inches="tight", facecolor="white"
    )
    plt.close(figure)


def _surface(results: dict[str, Any]) -> Any:
    figure, both = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for axes, part, title in zip(
        both,
        ("surface_burst", "surface_ring"),
        ("Re-sharing the same posts", "Sharing own links or texts"),
        strict=True,
    ):
        share = np.array(
            [
                [pooled(results[part][i :: len(OBJECTS)], k, "listed") for i in range(len(OBJECTS))]
                for k in range(len(SIZES))
            ]
        )
        axes.imshow(share, vmin=0, vmax=1, cmap="Blues", origin="lower", aspect="auto")
        for (k, i), value in np.ndenumerate(share):
            axes.text(i, k, f"{value:.2f}", ha="center", va="center", color="white" if value > 0.55 else "#222222")
        axes.set_xticks(range(len(OBJECTS)), OBJECTS)
        axes.set_yticks(range(len(SIZES)), SIZES)
        axes.set(title=title, xlabel="things shared within a minute", ylabel="accounts")
    figure.suptitle("Share of the group's accounts that a finding lists")
    return figure


def _curves(results: dict[str, Any]) -> Any:
    figure, axes = plt.subplots(1, 3, figsize=(13, 3.2), layout="constrained", sharey=True)
    jitter = [pooled(results["jitter"][i % 2 :: 2], i // 2, "listed") for i in range(len(JITTER_S))]
    axes[0].plot(range(len(JITTER_S)), jitter, "o-", color=COLOURS[0], label="own-content ring, 20 accounts x 15")
    axes[0].set_xticks(range(len(JITTER_S)), _JITTER_NAMES, rotation=45)
    axes[0].set(title="Time from first to last post", ylabel="share of accounts listed")
    for k, name in enumerate(NAMES[:2]):
        kept = [pooled(results["camouflage"][i :: len(CAMOUFLAGE)], k, "listed") for i in range(len(CAMOUFLAGE))]
        axes[1].plot(range(len(CAMOUFLAGE)), kept, "os"[k] + "-", color=COLOURS[k], label=name)
    axes[1].set_xticks(range(len(CAMOUFLAGE)), [f"{c:.0%}" for c in CAMOUFLAGE])
    axes[1].set(title="Share of ordinary life in what members do")
    for k, name in enumerate(NAMES):
        kept = [pooled(results["retention"][i :: len(RETENTION)], k, "listed") for i in range(len(RETENTION))]
        axes[2].plot(range(len(RETENTION)), kept, "os^Dv"[k] + "-", color=COLOURS[k], label=name)
    axes[2].set_xticks(range(len(RETENTION)), [f"{r:.0%}" for r in RETENTION])
    axes[2].set(title="Share of posts that a sample keeps")
    for a in axes:
        a.set_ylim(-0.03, 1.03)
        a.grid(axis="y", color="#dddddd")
        a.legend(fontsize=8, frameon=False, **({"loc": "upper left", "bbox_to_anchor": (1, 1)} if a is axes[2] else {}))
    return figure


def _real(real: dict[str, Any]) -> Any:
    """Each method is a curve from strict to loose; up and left is better."""
    spans = [s for s in ("two weeks", "three days") if s in real]
    figure, each = plt.subplots(1, len(spans), figsize=(5.4 * len(spans), 4), layout="constrained", sharey=True)
    for axes, span in zip(np.atleast_1d(each), spans, strict=True):
        total = real[span]["accounts"]
        ordinary = sum(n for label, n in total.items() if label.startswith("ordinary"))
        for k, name in enumerate(dict.fromkeys(r["method"] for r in real[span]["rows"])):
            points = sorted(
                (
                    sum(n for label, n in r["flagged"].items() if label.startswith("ordinary")) / ordinary * 10_000,
                    r["flagged"].get("NonEnglish, active", 0) / total["NonEnglish, active"],
                )
                for r in real[span]["rows"]
                if r["method"] == name
            )
            ours = name == "houselights"
            x, y = zip(*points, strict=True)
            axes.plot(
                x,
                y,
                "*-" if ours else "o--",
                color=COLOURS[k % len(COLOURS)],
                label=name,
                markersize=12 if ours else 4,
                linewidth=1,
            )
        axes.set_xscale("symlog", linthresh=1)
        axes.set_xlim(-0.3, 3_000)
        axes.grid(color="#dddddd")
        axes.set(title=f"Real accounts, {span}", xlabel="ordinary accounts flagged, per 10,000")
    np.atleast_1d(each)[0].set_ylabel("share of the active accounts of its\nlargest category (NonEnglish)")
    np.atleast_1d(each)[-1].legend(fontsize=7, loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    return figure
