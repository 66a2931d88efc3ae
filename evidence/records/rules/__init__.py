"""Rules: CEL expressions of record types, judged over the facts of the log as of one instant and one log index.

engine = RuleEngine(load_catalogue())
judgement = engine.judge(candidate, facts)  # a Judgement; never raises for what a payload holds
"""

from __future__ import annotations
