"""Installed plugins, single files, settings and the commands that show them."""

from __future__ import annotations

import sys
from hashlib import sha256
from importlib.metadata import distributions
from pathlib import Path
from typing import cast

import pytest
from click.testing import CliRunner

from agentkit.action import Action
from agentkit.cli.plugins import command
from agentkit.context import Context
from agentkit.errors import PluginError
from agentkit.evidence import Failed
from agentkit.plugins import PluginInfo, Plugins
from agentkit.plugins import origin as origins

CONTEXT = cast("Context", object())
BATCH = (Action.create(id="0", kind="message.send"),)
SOURCE = """
from pydantic import BaseModel
from agentkit import Evidence, Manifest, hookimpl

class Settings(BaseModel, extra="forbid"):
    word: str = "{name}"

class Said(Evidence, namespace="{namespace}"):
    word: str

word = ""

@hookimpl
def declare():
    return Manifest("{name}", evidence=(Said,), settings=Settings)

@hookimpl
def start(settings):
    global word
    word = settings.word

@hookimpl
def examine_many(actions):
    return [Said(word or "{name}") for _ in actions]
"""


def source(name: str, namespace: str = "") -> str:
    return SOURCE.replace("{name}", name).replace("{namespace}", namespace or name)


class Site:
    """A folder on the path into which distributions are installed by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(
        self, distribution: str, module: str, name: str, code: str, version: str = "1.0"
    ) -> None:
        info = self.folder / f"{distribution}-{version}.dist-info"
        info.mkdir(parents=True)
        text = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        (info / "METADATA").write_text(text)
        (info / "entry_points.txt").write_text(f"[agentkit]\n{name} = {module}\n")
        (self.folder / f"{module}.py").write_text(code)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """An environment of its own: only what a test installs carries plugins."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    found = distributions
    own = {str(folder), str(tmp_path / "other")}
    monkeypatch.setattr(
        "agentkit.plugins.origin.distributions",
        lambda: [d for d in found() if str(d.locate_file("")).rstrip("/") in own],
    )
    monkeypatch.chdir(tmp_path)
    return Site(folder)


def by_name(plugins: Plugins) -> dict[str, PluginInfo]:
    return {info.name: info for info in plugins.listing()}


# -- installed --------------------------------------------------------------------------------


def test_an_installed_plugin_is_found_with_its_distribution_and_version(site: Site) -> None:
    site.install("acme-mood", "acme_mood_a", "mood", source("mood"), version="2.3")
    plugins = Plugins.discover()
    info = by_name(plugins)["mood"]
    assert (info.status, info.distribution, info.version) == ("ok", "acme-mood", "2.3")
    assert info.evidence == ("mood",)
    assert plugins.examine_many(BATCH, CONTEXT)[0]["mood"].word == "mood"  # type: ignore[union-attr]


def test_two_distributions_that_offer_one_name_are_both_kept_out(site: Site) -> None:
    site.install("acme-mood", "acme_mood_b", "mood", source("mood"))
    site.install("evil-mood", "evil_mood_b", "mood", source("mood"))
    plugins = Plugins.discover()
    info = by_name(plugins)["mood"]
    assert info.status == "error"
    assert "2 providers: acme-mood 1.0 (acme_mood_b) and evil-mood 1.0 (evil_mood_b)" in info.error
    assert "pip uninstall" in info.hint
    assert not {"acme_mood_b", "evil_mood_b"} & set(sys.modules)
    row = plugins.examine_many(BATCH, CONTEXT, required=["mood"])[0]
    assert cast("Failed", row["mood"]).kind == "not_installed"
    assert "mood" in cast("Failed", row["mood"]).reason


def test_a_second_distribution_of_the_same_name_further_down_the_path_is_seen(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.install("acme-mood", "acme_mood_c", "mood", source("mood"))
    other = Site(tmp_path / "other")
    other.install("acme-mood", "other_mood_c", "mood", source("mood"), version="0.9")
    monkeypatch.setattr(sys, "path", [*sys.path, str(other.folder)])
    assert "2 providers" in by_name(Plugins.discover())["mood"].error


def test_one_distribution_seen_twice_is_one_provider(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.install("acme-mood", "acme_mood_d", "mood", source("mood"))
    monkeypatch.setattr(sys, "path", [str(site.folder), *sys.path])
    assert by_name(Plugins.discover())["mood"].ok


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import no_such_package", "No module named 'no_such_package'"),
        ("raise SystemExit(0)", "SystemExit"),
        ("raise BaseException('anna@example.com')", "BaseException at broken"),
        ("def broken(:", "SyntaxError"),
    ],
)
def test_a_plugin_that_cannot_be_imported_is_listed_and_the_others_work(
    site: Site, code: str, words: str
) -> None:
    module = f"broken_{abs(hash(code))}"
    site.install("broken", module, "broken", code)
    site.install("acme-mood", "acme_mood_e", "mood", source("mood"))
    plugins = Plugins.discover()
    assert words in by_name(plugins)["broken"].error
    assert "anna" not in by_name(plugins)["broken"].error
    assert set(plugins.evidence_classes) == {"mood"}
    with pytest.raises(PluginError, match="cannot be imported"):
        plugins.check()


def test_a_plugin_that_calls_itself_otherwise_than_its_entry_point_is_refused(site: Site) -> None:
    site.install("acme-mood", "acme_mood_f", "mood", source("consent"))
    assert "calls itself 'consent'" in by_name(Plugins.discover())["mood"].error


def test_a_plugin_name_with_control_characters_never_reaches_a_terminal(site: Site) -> None:
    site.install("evil", "evil_g", "mood\x1b[2J", source("mood"))
    info = Plugins.discover().listing()[0]
    assert "not a plain word" in info.error
    assert "\x1b" not in info.error


def test_a_disabled_plugin_is_not_even_imported(site: Site) -> None:
    site.install("acme-mood", "acme_mood_h", "mood", source("mood"))
    plugins = Plugins.discover(disabled=["mood"])
    assert by_name(plugins)["mood"].status == "disabled"
    assert "acme_mood_h" not in sys.modules
    assert plugins.evidence_classes == {}
    plugins.check()


def test_a_misspelt_name_disables_nothing_and_says_so(site: Site) -> None:
    site.install("acme-mood", "acme_mood_i", "mood", source("mood"))
    with pytest.raises(PluginError, match="did you mean 'mood'"):
        Plugins.discover(disabled=["mod"])
    with pytest.raises(PluginError, match="did you mean 'mood'"):
        Plugins.discover({"moods": {}})


# -- settings ---------------------------------------------------------------------------------


def test_settings_are_read_by_the_plugins_own_model(site: Site) -> None:
    site.install("acme-mood", "acme_mood_j", "mood", source("mood"))
    plugins = Plugins.discover({"mood": {"word": "calm"}})
    plugins.start()
    assert plugins.examine_many(BATCH, CONTEXT)[0]["mood"].word == "calm"  # type: ignore[union-attr]


@pytest.mark.parametrize("section", [{"wrod": "calm"}, {"word": 7}, {"deadline": -1}, "calm"])
def test_wrong_settings_keep_a_plugin_out(site: Site, section: object) -> None:
    site.install("acme-mood", f"acme_mood_k{abs(hash(str(section)))}", "mood", source("mood"))
    info = by_name(Plugins.discover({"mood": section}))["mood"]  # type: ignore[dict-item]
    assert info.status == "error"
    assert info.hint


def test_a_refused_setting_is_named_but_its_value_is_not_shown(site: Site) -> None:
    site.install("acme-mood", "acme_mood_l", "mood", source("mood"))
    info = by_name(Plugins.discover({"mood": {"word": ["hunter2"]}}))["mood"]
    assert "word: " in info.error
    assert "hunter2" not in info.error


# -- single files -----------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "house"
    made.mkdir()
    return made


def test_single_files_are_loaded_with_the_digest_of_their_content(site: Site, folder: Path) -> None:
    site.install("acme-mood", "acme_mood_m", "mood", source("mood"))
    (folder / "house.py").write_text(source("house"))
    (folder / "_helper.py").write_text("raise SystemExit")
    (folder / "notes.txt").write_text("not a plugin")
    infos = by_name(Plugins.discover(plugins_dir=folder))
    assert set(infos) == {"house", "mood"}
    assert infos["house"].digest == sha256(source("house").encode()).hexdigest()
    assert infos["mood"].digest == ""


def test_without_the_folder_nothing_is_loaded_from_it(site: Site, folder: Path) -> None:
    (folder / "house.py").write_text(source("house"))
    assert Plugins.discover().listing() == []


@pytest.mark.parametrize("disabled", [[], ["mood"]])
def test_a_file_named_like_an_installed_plugin_is_refused(
    site: Site, folder: Path, disabled: list[str]
) -> None:
    site.install("acme-mood", "acme_mood_n", "mood", source("mood"))
    (folder / "mood.py").write_text("raise SystemExit  # forged")
    infos = Plugins.discover(disabled=disabled, plugins_dir=folder).listing()
    file = next(i for i in infos if i.source.endswith("mood.py"))
    assert file.status == ("disabled" if disabled else "error")
    assert disabled or "named like the installed plugin" in file.error
    installed = next(i for i in infos if i.distribution)
    assert installed.status == ("disabled" if disabled else "ok")


def test_a_file_that_claims_an_installed_plugins_namespace_is_refused_with_it(
    site: Site, folder: Path
) -> None:
    site.install("acme-mood", "acme_mood_o", "mood", source("mood"))
    (folder / "house.py").write_text(source("house", namespace="mood"))
    plugins = Plugins.discover(plugins_dir=folder)
    assert {i.status for i in plugins.listing()} == {"error"}
    assert plugins.evidence_classes == {}


def test_a_stale_or_planted_bytecode_file_is_not_what_runs(site: Site, folder: Path) -> None:
    import py_compile

    path = folder / "house.py"
    path.write_text("raise SystemExit  # planted")
    py_compile.compile(str(path), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    path.write_text(source("house"))
    assert by_name(Plugins.discover(plugins_dir=folder))["house"].ok


def test_a_file_that_changes_between_digest_and_loading_is_not_run(folder: Path) -> None:
    path = folder / "house.py"
    path.write_text(source("house"))
    found = origins.from_files(folder, ())[0]
    path.write_text("raise SystemExit  # planted")
    with pytest.raises(PluginError, match="was changed"):
        origins.load(found)


@pytest.mark.parametrize("name", ["two words.py", "Capital.py", "1st.py"])
def test_a_file_whose_name_is_no_plain_word_is_refused(site: Site, folder: Path, name: str) -> None:
    (folder / name).write_text(source("house"))
    assert "not a plain word" in Plugins.discover(plugins_dir=folder).listing()[0].error


def test_a_folder_that_does_not_exist_is_said(site: Site, tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="does not exist") as caught:
        Plugins.discover(plugins_dir=tmp_path / "none")
    assert "--plugins-dir" in caught.value.hint


# -- commands ---------------------------------------------------------------------------------


def test_the_list_shows_each_plugin_its_provider_and_what_is_wrong(
    site: Site, folder: Path
) -> None:
    site.install("acme-mood", "acme_mood_p", "mood", source("mood"))
    (folder / "house.py").write_text(source("house"))
    (folder / "broken.py").write_text("import no_such_package")
    result = CliRunner().invoke(command, ["list", "--plugins-dir", str(folder)])
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert lines[0].split()[:2] == ["broken", "error"]
    assert "no_such_package" in lines[1]
    digest = sha256(source("house").encode()).hexdigest()[:12]
    assert any("house" in line and f"sha256:{digest}" in line for line in lines)
    assert any(line.split() == ["mood", "ok", "acme-mood", "1.0"] for line in lines)


def test_the_list_of_sound_plugins_ends_well_and_an_empty_one_says_what_to_do(site: Site) -> None:
    empty = CliRunner().invoke(command, ["list"])
    assert empty.exit_code == 0
    assert "pip install" in empty.output
    site.install("acme-mood", "acme_mood_q", "mood", source("mood"))
    assert CliRunner().invoke(command, ["list"]).exit_code == 0


def test_check_shows_one_plugin_and_fails_where_it_may_not_be_used(
    site: Site, folder: Path
) -> None:
    (folder / "house.py").write_text(source("house"))
    (folder / "broken.py").write_text("import no_such_package")
    sound = CliRunner().invoke(command, ["check", "house", "--plugins-dir", str(folder)])
    assert sound.exit_code == 0
    assert "examine_many" in sound.output
    assert sha256(source("house").encode()).hexdigest() in sound.output
    broken = CliRunner().invoke(command, ["check", "broken", "--plugins-dir", str(folder)])
    assert broken.exit_code == 1
    assert "disable it by name" in broken.output


def test_check_of_a_plugin_that_is_not_there_names_those_that_are(site: Site) -> None:
    site.install("acme-mood", "acme_mood_r", "mood", source("mood"))
    result = CliRunner().invoke(command, ["check", "mod"])
    assert "plugins found: mood" in str(result.exception)
