"""Rights of persons, and how long what is kept: erase, export, restrict, contest, retention."""

from __future__ import annotations

from agentkit.rights.contest import Contest, answer, contest, contests
from agentkit.rights.deadlines import Deadline, Due, due_dates
from agentkit.rights.dossier import Dossier, gather
from agentkit.rights.erasure import Erased, erase
from agentkit.rights.export import export
from agentkit.rights.journal import JOURNAL
from agentkit.rights.limits import (
    Limited,
    Rectified,
    lift,
    object_to_marketing,
    rectify,
    restrict,
)
from agentkit.rights.proofs import Proof, proofs_of
from agentkit.rights.readiness import Fix, Line, Overlay, Readiness, readiness
from agentkit.rights.recovery import open_store, reapply
from agentkit.rights.retention import Kept, field_terms
from agentkit.rights.retention import apply as apply_retention

__all__ = [
    "JOURNAL",
    "Contest",
    "Deadline",
    "Dossier",
    "Due",
    "Erased",
    "Fix",
    "Kept",
    "Limited",
    "Line",
    "Overlay",
    "Proof",
    "Readiness",
    "Rectified",
    "answer",
    "apply_retention",
    "contest",
    "contests",
    "due_dates",
    "erase",
    "export",
    "field_terms",
    "gather",
    "lift",
    "object_to_marketing",
    "open_store",
    "proofs_of",
    "readiness",
    "reapply",
    "rectify",
    "restrict",
]
