"""The fuzzer's modules import each other by name: it also runs as a command."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
