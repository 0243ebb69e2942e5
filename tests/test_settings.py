from __future__ import annotations

from pathlib import Path

import pytest

from agentkit.errors import ConfigError
from agentkit.settings import load_settings

GOOD = """
tenant = "nordlicht"
agents = "agents.yaml"
constitutions = ["crm-default", "rules/company.yaml"]
brands = ["Nordlicht Möbel"]
quorum = 2

[fields.contact]
tier = {source = "Customer Tier", type = "string"}

[operators]
anna = ["supervisor"]
"*" = ["reader"]

[[bindings]]
name = "scoring"
constitutions = ["own.yaml"]
mode = "shadow"
"""


def test_a_settings_file_is_read_with_paths_relative_to_itself(tmp_path: Path) -> None:
    path = tmp_path / "agentkit.toml"
    path.write_text(GOOD, encoding="utf-8")
    settings = load_settings(path)
    assert settings.tenant == "nordlicht"
    assert settings.agents == tmp_path / "agents.yaml"
    assert settings.constitutions == ("crm-default", str(tmp_path / "rules/company.yaml"))
    assert settings.bindings[0]["constitutions"] == [str(tmp_path / "own.yaml")]
    assert settings.quorum == 2
    assert settings.roles("anna") == {"supervisor", "reader", "operator"}
    assert settings.roles("bert") == {"reader", "operator"}


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    assert settings.constitutions == ("crm-default",)
    assert settings.url == f"sqlite:///{tmp_path.resolve()}/.agentkit/agentkit.db"


def test_the_environment_wins_over_the_file_and_an_option_over_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "agentkit.toml"
    path.write_text('home = "from-file"\n')
    monkeypatch.setenv("AGENTKIT_HOME", str(tmp_path / "from-env"))
    assert load_settings(path).home == tmp_path / "from-env"
    assert load_settings(path, home=tmp_path / "option").home == tmp_path / "option"
    monkeypatch.setenv("AGENTKIT_DATABASE", "postgresql://h/d")
    assert load_settings(path).url == "postgresql://h/d"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tennant = 'x'", "did you mean 'tenant'"),
        ("tenant = 3", "tenant must be text"),
        ("constitutions = 'base'", "must be a list"),
        ("quorum = 0", "above zero"),
        ("case_hours = 'long'", "above zero"),
        ("operators = {anna = 'supervisor'}", "operators.anna must be a list"),
        ("bindings = 3", "must be a list"),
        ("tenant = ", "not valid TOML"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_name(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "agentkit.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=says):
        load_settings(path)


def test_how_inbound_messages_are_read_is_set_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "agentkit.toml"
    path.write_text('withdrawal_scope = "controller"\nrevocation_certain = 0.95\n')
    settings = load_settings(path)
    assert (settings.withdrawal_scope, settings.revocation_certain) == ("controller", 0.95)
    assert load_settings(tmp_path / "agentkit.toml").revocation_unclear < 0.5


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('withdrawal_scope = "all"', "brand or controller"),
        ("revocation_certain = 95", "probability"),
    ],
)
def test_a_scope_or_score_that_cannot_be_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "agentkit.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=says):
        load_settings(path)


def test_a_named_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(tmp_path / "none.toml")


def test_the_settings_of_a_home_are_found_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    (home / "agentkit.toml").write_text('home = "."\ntenant = "of-the-home"\n')
    (elsewhere / "agentkit.toml").write_text('tenant = "of-the-folder"\n')
    monkeypatch.chdir(elsewhere)
    assert load_settings(home=home).tenant == "of-the-home"
    assert load_settings().tenant == "of-the-folder"
