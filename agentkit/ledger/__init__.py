"""The ledger: what happened, in an order that cannot be altered unseen."""

from __future__ import annotations

from agentkit.ledger.checkpoints import checkpoint
from agentkit.ledger.diagnosis import Fault
from agentkit.ledger.reading import Recorded, read
from agentkit.ledger.sealer import seal
from agentkit.ledger.verification import Chain, Verification, verify

__all__ = ["Chain", "Fault", "Recorded", "Verification", "checkpoint", "read", "seal", "verify"]
