"""The course of a loading operation: which steps stand, which state follows, what its order forbids. Pure."""

from __future__ import annotations

from evidence.records.loading.completeness import Completeness, completeness
from evidence.records.loading.course import Course, Defect
from evidence.records.loading.graph import Edge, StepGraph, StepRow

__all__ = ["Completeness", "Course", "Defect", "Edge", "StepGraph", "StepRow", "completeness"]
