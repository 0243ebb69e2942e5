"""The sentence, and the only way to an effect.

    propose -> examine -> judge -> (revise) -> decide -> perform -> record

proposing    examine and judge at once, record in one transaction
lifecycle    what happens to an action afterwards, step by step
performing   claimed, performed once, recorded
calls        tools that run in the agent's own process
recording    what a judgement leaves behind
messages     what the agent is told
facade       `Pipeline`: all of it
build        from settings to a pipeline
"""

from __future__ import annotations

from agentkit.engine import Next
from agentkit.pipeline.build import (
    bindings_of,
    build,
    build_gate,
    catalogue_of,
    find_plugins,
    register_of,
)
from agentkit.pipeline.calls import CALL, CallAgain
from agentkit.pipeline.facade import Pipeline
from agentkit.pipeline.messages import reasons
from agentkit.pipeline.proposing import Proposal

__all__ = [
    "CALL",
    "CallAgain",
    "Next",
    "Pipeline",
    "Proposal",
    "bindings_of",
    "build",
    "build_gate",
    "catalogue_of",
    "find_plugins",
    "reasons",
    "register_of",
]
