"""The simulator: organic life, campaigns, innocent look-alikes, and the truth about them."""

from houselights.worlds.formats import simulate_to, write
from houselights.worlds.settings import TACTICS, CampaignSpec, WorldSettings, preset
from houselights.worlds.world import World, simulate

__all__ = ["TACTICS", "CampaignSpec", "World", "WorldSettings", "preset", "simulate", "simulate_to", "write"]
