from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from agentkit.action import Action
from agentkit.context import Person
from agentkit.evidence import Unknown
from agentkit_plugins import bias
from agentkit_plugins.protected_words import ground_of
from tests.plugins.shop import act, context, facts, person


def score(inputs: Any = None, **args: Any) -> Action:
    given = {} if inputs is None else {"inputs": inputs}
    return act("lead.score", args={"score": 0.5, **given, **args})


def twin(decide: Callable[..., Mapping[str, Any]]) -> dict[str, Any]:
    return facts(bias, score(), context(person(), decisions={"a/lead.score": decide}))


PROTECTED = """
    gender customerGender kunden_geschlecht Religionszugehörigkeit date_of_birth dob
    situation.handicap nacionalidad age customer_age age_in_years SEXUAL-ORIENTATION estado_civil
    marital_status
"""
PROXIES = "zip postal_code Vorname lastName code_postal native_language name photo_url"
NEITHER = """
    account_age deal_age_days page page_views company_name message visits language country
    language_pair product_name engagement last_purchase lead_source
"""


@pytest.mark.parametrize(
    ("name", "ground"),
    [(name, "protected") for name in PROTECTED.split()]
    + [(name, "proxy") for name in PROXIES.split()]
    + [(name, "") for name in NEITHER.split()],
)
def test_an_input_is_recognised_by_the_words_of_its_name(name: str, ground: str) -> None:
    assert ground_of(name) == ground


@pytest.mark.parametrize(
    ("inputs", "protected", "proxies", "declared"),
    [
        ({"visits": 3, "gender": "f"}, ("gender",), (), True),
        (["visits", "zip"], (), ("zip",), True),
        ({"person": {"details": {"religion": "x"}}}, ("religion",), (), True),
        ({"features": ["gender", "visits"]}, ("gender",), (), True),
        ({"interests": ["health", "photo"]}, (), (), True),
        ("gender", ("gender",), (), True),
        ({}, (), (), False),
        (None, (), (), False),
    ],
)
def test_inputs_are_found_at_every_depth_and_values_are_not_mistaken_for_names(
    inputs: Any, protected: tuple[str, ...], proxies: tuple[str, ...], declared: bool
) -> None:
    found = facts(bias, score(inputs), context(person()))
    assert found["bias.protected_inputs"] == protected
    assert found["bias.proxy_inputs"] == proxies
    assert found["bias.inputs_declared"] is declared


def test_nesting_without_end_is_cut_off() -> None:
    inputs: dict[str, Any] = {"gender": 1}
    for _ in range(200):
        inputs = {"level": inputs}
    assert facts(bias, score(inputs), context(person()))["bias.protected_inputs"] == ()


def test_a_decision_that_ignores_the_name_is_the_same_for_every_twin() -> None:
    found = twin(lambda action, who: {"score": len(who.contact.country) / 4})
    assert (found["bias.twin"], found["bias.twin_difference"]) == ("same", 0.0)


def test_a_decision_that_hangs_on_the_name_differs_and_says_by_how_much() -> None:
    found = twin(lambda action, who: {"score": 0.8 if who.contact.name.startswith("A") else 0.4})
    assert (found["bias.twin"], found["bias.twin_difference"]) == ("differs", 0.5)


def test_a_decision_that_reads_the_name_from_the_mail_address_differs() -> None:
    found = twin(lambda action, who: {"segment": "x" if "anke" in who.contact.email else "y"})
    assert (found["bias.twin"], found["bias.twin_difference"]) == ("differs", 1.0)


def test_inputs_that_repeat_the_name_are_no_difference() -> None:
    found = twin(lambda action, who: {"score": 0.5, "inputs": {"who": who.contact.name}})
    assert found["bias.twin"] == "same"


def test_without_a_decision_function_the_twin_is_known_not_to_have_run() -> None:
    assert facts(bias, score(), context(person()))["bias.twin"] == "not_run"


def test_a_decision_function_that_raises_is_unknown_and_not_the_same() -> None:
    def broken(action: Action, who: Person) -> Mapping[str, Any]:
        raise KeyError(who.contact.name)

    found = twin(broken)
    assert isinstance(found["bias.twin"], Unknown)
    assert "Anke" not in found["bias.twin"].reason


def test_a_score_that_is_no_number_differs() -> None:
    found = twin(lambda action, who: {"score": float("nan") if "Kaya" in who.contact.name else 0.5})
    assert found["bias.twin"] == "differs"
