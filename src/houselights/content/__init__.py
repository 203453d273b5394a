"""What posts say: languages, meaning, and the narratives that many posts share in ever other words."""

from houselights.content.write import ContentReport, write

__all__ = ["ContentReport", "write"]
