"""Runs in the peer's own environment: evaluate a hundred rules, then log to its audit chain."""

from __future__ import annotations

import json
import time

from agent_os.policies.evaluator import PolicyEvaluator
from agent_os.policies.schema import PolicyCondition, PolicyDefaults, PolicyDocument, PolicyRule
from agentmesh.governance.audit import AuditLog

BATCH = 1000
RULES = [
    PolicyRule(
        name=f"rule-{i}",
        condition=PolicyCondition(field="text", operator="contains", value=f"phrase {i} "),
        action="deny",
    )
    for i in range(100)
]
CONTEXT = {
    "kind": "message.send",
    "agent": "outreach",
    "subject": "c1",
    "channel": "email",
    "purpose": "marketing",
    "text": "word " * 36,
    "subject_line": "hello",
    "consent_status": "granted",
    "consent_score": 0.25,
}


def once(evaluator: PolicyEvaluator) -> float:
    log = AuditLog()
    begun = time.process_time()
    for i in range(BATCH):
        decision = evaluator.evaluate(CONTEXT)
        assert decision.allowed
        log.log("review", "did:agent:outreach", "message.send", f"c{i}", CONTEXT, "allowed")
    return (time.process_time() - begun) / BATCH * 1e6


def main() -> None:
    document = PolicyDocument(name="bench", rules=RULES, defaults=PolicyDefaults(action="allow"))
    evaluator = PolicyEvaluator(policies=[document])
    print(json.dumps({"us": min(once(evaluator) for _ in range(5))}))


if __name__ == "__main__":
    main()
