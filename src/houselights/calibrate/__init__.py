"""What a run's error rate and its reach are on the user's own data: shuffles, uniformity, spike-ins, sensitivity."""

from houselights.calibrate.calibrate import FILE, CalibrateSettings, calibrate, spike_ins

__all__ = ["FILE", "CalibrateSettings", "calibrate", "spike_ins"]
