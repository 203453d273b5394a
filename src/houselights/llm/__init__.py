"""Prompts table in, answers table out. Knows how to ask a model, and nothing of what the tasks mean."""
