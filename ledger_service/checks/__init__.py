"""Checks: questions that gates and other systems ask of the log as of an instant, and the detectors' error rate."""
