"""A plugin in one file: does the customer wait for us to answer a complaint?

Put it into a folder and pass ``--plugins-dir FOLDER``, or name the folder in agentkit.toml:
``plugins_dir = "plugins"``. From then on every article may read ``complaint.open``:

    when: complaint.open && complaint.priority == 'P1'
"""

from __future__ import annotations

from agentkit import Action, Context, Evidence, Manifest, Unknown, fact, hookimpl


class Complaint(Evidence, namespace="complaint", kinds=["message.send", "offer.set"]):
    open: bool | Unknown = fact(doc="the person's latest ticket is open")
    priority: str = fact(doc="its priority, P1 to P4; empty where there is none")


@hookimpl
def declare() -> Manifest:
    return Manifest("plugin_open_ticket", "1", evidence=(Complaint,))


@hookimpl
def examine(action: Action, context: Context) -> Complaint:
    person = context.person(action)
    if person is None:
        return Complaint(Unknown("the CRM has no such contact"), "")
    ticket = person.records.get("ticket", {})
    return Complaint(ticket.get("open") is True, str(ticket.get("priority", "")))
