"""The tests import the set's loader by name, as a runner beside it does."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
