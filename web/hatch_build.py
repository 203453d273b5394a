"""Bundles the interactive parts of the web app into a wheel or source archive, where Node is there to build them.

Who installs the wheel needs no Node. Without Node, or without a way to npm's packages, the archive holds what was built before, or nothing:
the app then serves every page without the interactive parts and says so. HOUSELIGHTS_WEB=required makes that an error (releases).
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = "src/houselights/outlets/web/static/dist"


class WebBuildHook(BuildHookInterface):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return  # `make web` builds into the checkout
        root = Path(self.root)
        failed = _built(root / "web")
        there = (root / BUILT / "app.js").is_file()
        if failed and os.environ.get("HOUSELIGHTS_WEB") == "required":
            raise RuntimeError(f"The interactive parts of the web app could not be built: {failed}")
        if failed:
            state = "are those that were built before" if there else "are left out"
            self.app.display_warning(f"The interactive parts of the web app {state}: {failed}")
        if there:
            build_data["artifacts"].append(f"/{BUILT}/**")


def _built(web: Path) -> str:
    """Builds; why it could not, empty when it could."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node:
        return "Node is not installed (18 or newer, with npm)."
    for command in ([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], [node, "build.mjs"]):
        done = subprocess.run(command, cwd=web, capture_output=True, text=True)
        if done.returncode:
            last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-3:]
            return f"`{' '.join([Path(command[0]).name, *command[1:]])}` failed: {' '.join(last)}"
    return ""
