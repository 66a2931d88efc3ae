"""Speed against peers and against bare loops: `python -m bench` (or `make bench`).

Every figure is a ratio between two things measured in turn within one process and one run, so that a slow or busy
machine slows both. The table names the goal, the ratio and both raw figures; falling short is marked, never hidden.
"""
