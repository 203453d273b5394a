"""Fine-tuning of models for techniques and stance on labelled lines. Needs the extra `train`; nothing here is imported by a scan."""
