"""The six heads and the labels they may give.

A head answers one question with a score; its labels say which kind. The labels of ``deception``
come in two sorts. *Claims* can be honest: whether "only two left" is true stands in the record, not
in the text, so a claim never raises the score by itself. *Manipulation* is so whatever the record
says; the score and the flag speak of it.
"""

from __future__ import annotations

from typing import Final

__all__ = ["ALONE", "CLAIMS", "HEADS", "LABELS", "MANIPULATION"]

HEADS: Final = ("deception", "bias", "opt_out", "needs_human", "injection", "promotional")
"""Names of the shipped heads, in the order of every table."""

CLAIMS: Final = (
    "deadline",
    "scarcity",
    "social_proof",
    "prior_contact",
    "existing_relationship",
    "price_discount",
    "guarantee",
)
"""What a text may claim and a record may confirm."""

MANIPULATION: Final = (
    "pressure",
    "guilt",
    "disguised_sender",
    "disguised_subject",
    "buried_conditions",
    "impersonation",
    "obstruction",
    "shop_nudge",
)
"""What no record can make honest; ``shop_nudge`` is the dark pattern of a web-shop snippet."""

ALONE: Final = (*CLAIMS, "shop_nudge")
"""Labels that may stand without the head's flag; all others say which kind a flag is."""

LABELS: Final[dict[str, tuple[str, ...]]] = {
    "deception": CLAIMS + MANIPULATION,
    "bias": (
        "stereotype",
        "exclusion",
        "gender",
        "origin",
        "age",
        "disability",
        "family",
        "socioeconomic",
        "religion",
        "language",
    ),
    "opt_out": ("all", "channel", "purpose", "reduce", "close_account", "delete_data"),
    "needs_human": (
        "asks_person",
        "complaint",
        "distress",
        "vulnerability",
        "hardship",
        "bereavement",
        "threat_legal",
    ),
    "injection": (
        "override",
        "privilege",
        "exfiltrate",
        "recipient_swap",
        "fake_system",
        "role_play",
        "hidden",
        "indirect",
    ),
    "promotional": ("offer", "mixed", "upsell", "discount", "newsletter", "event", "referral"),
}
"""Labels by head."""
