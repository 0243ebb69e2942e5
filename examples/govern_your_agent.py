"""Govern the tools of your own LangChain agent: the five lines that matter are marked.

    python examples/govern_your_agent.py

A playbook stands in for the language model, so that no key and no network is needed: give
`create_agent` any chat model instead. Nothing is left behind.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from langchain.agents import create_agent  # 1
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver

from agentkit.agents import EthicsMiddleware, PlaybookModel  # 2
from agentkit.case import Operator
from agentkit.pipeline import Pipeline, build  # 3
from agentkit.settings import Settings

PLAYBOOK = """
playbook: refunds
steps:
  - call: get_order
    args: {order: A-17}
  - call: pay_refund
    args: {order: A-17, amount: "=results.get_order.paid"}
  - say: "{{ last }}"
"""
PAID: list[str] = []


def get_order(order: str) -> str:
    """Look up an order."""
    return f'{{"order": "{order}", "paid": 49.9}}'


def pay_refund(order: str, amount: float) -> str:
    """Pay money back: your tool, as it was before."""
    PAID.append(f"{amount} for {order}")
    return f"{amount} paid back"


def main(home: Path) -> None:
    """Ask twice; a person decides in between."""
    (home / "refunds.yaml").write_text(PLAYBOOK, encoding="utf-8")
    # strict: a person decides before what cannot be taken back, asked for or not
    pipeline = build(Settings(home=home, constitutions=("strict",)))
    agent = create_agent(
        PlaybookModel.load(home / "refunds.yaml"),
        [get_order, pay_refund],
        middleware=[EthicsMiddleware(pipeline, agent="refunds", mode="govern")],  # 4
        checkpointer=InMemorySaver(),
    )
    thread: RunnableConfig = {"configurable": {"thread_id": "order A-17"}}  # 5

    def ask(text: str) -> None:
        result = agent.invoke({"messages": [HumanMessage(text)]}, thread)
        print(f"\n> {text}\n{result['messages'][-1].text}\nrefunds paid: {PAID}")

    ask("Pay the order back.")
    approve(pipeline)
    ask("Has somebody decided? Then go on.")
    pipeline.close()


def approve(pipeline: Pipeline) -> None:
    """What a supervisor does at the desk (`agentkit tui`, or `agentkit desk approve CASE`)."""
    supervisor = Operator("anna", frozenset({"supervisor"}))
    for summary in pipeline.desk.list():
        case = pipeline.desk.case(summary.id).case
        pipeline.desk.approve(case.id, supervisor, case.action_digest)
        print(f"\n({supervisor.name} approves case {case.id})")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(Path(folder))
