"""Loading settings: where they come from, and every mistake at once."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest

from pegboard.kernel.settings import (
    FilesSettings,
    LimitsSettings,
    Secret,
    ServerSettings,
    Settings,
    SettingsInvalid,
    load,
)


class TeaSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How tea is made."""

    kind: str
    """Which leaves."""
    minutes: Annotated[int, msgspec.Meta(ge=1)] = 3
    """How long."""
    cups: tuple[str, ...] = ()
    """Which cups."""
    sweet: bool = False
    """With sugar."""
    recipe: Secret = Secret("")
    """The family's own."""


TEA = {"tea": TeaSettings}


@pytest.fixture
def toml(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        file = tmp_path / "pegboard.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


def problems(*given: Any, **more: Any) -> list[str]:
    with pytest.raises(SettingsInvalid) as refused:
        load(*given, **more)
    assert refused.value.code == "settings.invalid"
    return [str(problem) for problem in refused.value.problems]


def test_without_anything_there_are_defaults(tmp_path: Path) -> None:
    settings = load(None, {"PEGBOARD_DATA": str(tmp_path)})
    assert settings[ServerSettings] == ServerSettings(data=tmp_path)
    assert settings[FilesSettings].max_bytes == 512 * 1024 * 1024
    assert settings[LimitsSettings].requests_per_s > 0
    assert settings.config_file is None


def test_the_command_line_comes_before_the_environment_and_that_before_the_file(
    toml: Callable[[str], Path],
) -> None:
    file = toml('[server]\nport = 1\nhost = "file"\npublic_url = "http://file"\n[tea]\nkind = "green"\nminutes = 5')
    settings = load(
        file,
        {"PEGBOARD_PORT": "2", "PEGBOARD_HOST": "environment", "PEGBOARD_TEA__CUPS": "red, blue,"},
        TEA,
        overrides={"server": {"port": 3, "host": None}},
    )
    server, tea = settings[ServerSettings], settings[TeaSettings]
    assert (server.port, server.host, server.public_url) == (3, "environment", "http://file")
    assert (tea.kind, tea.minutes, tea.cups) == ("green", 5, ("red", "blue"))
    assert settings.config_file == file


def test_the_file_is_found_in_the_data_directory_or_by_its_variable(
    toml: Callable[[str], Path], tmp_path: Path
) -> None:
    file = toml("[server]\nport = 7")
    assert load(None, {"PEGBOARD_DATA": str(tmp_path)})[ServerSettings].port == 7
    assert load(None, {}, overrides={"server": {"data": tmp_path}})[ServerSettings].port == 7
    assert load(None, {"PEGBOARD_CONFIG": str(file)})[ServerSettings].port == 7


def test_texts_of_the_environment_become_what_they_stand_for() -> None:
    environ = {
        "PEGBOARD_TEA__KIND": "5",
        "PEGBOARD_TEA__SWEET": "true",
        "PEGBOARD_LIMITS__REQUESTS_PER_S": "0.5",
        "PEGBOARD_TLS_CERT": "/a/cert.pem",
        "PEGBOARD_TLS_KEY": "/a/key.pem",
    }
    settings = load(None, environ, TEA)
    assert (settings[TeaSettings].kind, settings[TeaSettings].sweet) == ("5", True)
    assert settings[LimitsSettings].requests_per_s == 0.5
    assert settings[ServerSettings].tls_cert == Path("/a/cert.pem")


def test_every_mistake_is_named_with_its_place(toml: Callable[[str], Path]) -> None:
    file = toml('[server]\nport = "many"\nprot = 1\n[files]\nstore = "tape"\n[tee]\nkind = "x"\n[tea]\nminutes = 0\n')
    environ = {"PEGBOARD_PROCESSES": "0", "PEGBOARD_DATABSE_URL": "x", "PEGBOARD_TEA__SUGAR": "1"}
    assert sorted(problems(file, environ, TEA)) == sorted(
        [
            f"{file}: server.port: expected `int`, got `str`",
            f"{file}: server.prot: no such setting",
            f"{file}: files.store: invalid enum value 'tape'",
            f"{file}: tee: no such section",
            f"{file}: tea.minutes: expected `int` >= 1",
            "tea.kind: is needed",
            "environment: PEGBOARD_PROCESSES: expected `int` >= 1",
            "environment: PEGBOARD_DATABSE_URL: no such setting; PEGBOARD_DATABASE_URL?",
            "environment: PEGBOARD_TEA__SUGAR: no such setting",
        ]
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[server", "is not TOML"),
        ("server = 1", "is a section: write [server]"),
        (
            '[server]\nallow_egress = ["everywhere"]',
            "allow_egress: 'everywhere' is not an address or network",
        ),
        ('[server]\ntls_cert = "x"', "tls_cert and tls_key go together"),
        ('[server]\npublic_url = "example.com"', "public_url: begins with http:// or https://"),
        ('[server]\ndatabase_url = "mysql://x"', "database_url: begins with postgresql://"),
        ('[server]\nrole = "worker"', "role worker: needs an external database"),
        ('[server]\nsecret_key = "short"', "secret_key: has at least 32 characters"),
        ('[files]\nstore = "s3"', "s3_bucket: needed with store = s3"),
        ('[files]\ns3_access_key_id = "x"', "go together"),
    ],
)
def test_what_does_not_go_together_is_refused(toml: Callable[[str], Path], text: str, complaint: str) -> None:
    (problem,) = problems(toml(text), {})
    assert complaint in problem


def test_a_file_that_was_named_has_to_be_there(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path / "nothing.toml", {})
    assert "cannot be read: No such file or directory" in problem


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "pegboard.toml"
    file.write_bytes(b"\xff\xfe")
    (problem,) = problems(file, {})
    assert "not UTF-8" in problem


# --- secrets -------------------------------------------------------------------------------------------------


def test_secrets_may_lie_in_files_and_never_show(toml: Callable[[str], Path], tmp_path: Path) -> None:
    (tmp_path / "recipe.txt").write_text("two spoons\n", encoding="utf-8")
    (tmp_path / "url.txt").write_text("postgresql://me:hush@db/x\n", encoding="utf-8")
    settings = load(
        toml('[tea]\nkind = "green"\nrecipe_file = "recipe.txt"'),
        {"PEGBOARD_DATABASE_URL_FILE": str(tmp_path / "url.txt")},
        TEA,
    )
    assert settings[TeaSettings].recipe == "two spoons"
    assert settings[ServerSettings].database_url == "postgresql://me:hush@db/x"
    assert "spoons" not in repr(settings)
    assert "hush" not in repr(settings)


def test_a_secret_given_twice_or_in_no_file_is_refused(toml: Callable[[str], Path], tmp_path: Path) -> None:
    absent = str(tmp_path / "absent")
    found = problems(
        toml('[tea]\nkind = "green"\nrecipe = "x"\nrecipe_file = "y"'),
        {
            "PEGBOARD_DATABASE_URL": "postgresql://x",
            "PEGBOARD_DATABASE_URL_FILE": absent,
            "PEGBOARD_DATABASE_OWNER_URL_FILE": absent,
        },
        TEA,
    )
    assert sum("is set as well" in problem for problem in found) == 2
    assert sum("cannot be read" in problem for problem in found) == 1
    assert len(found) == 3


def test_only_secrets_come_from_files() -> None:
    assert problems(None, {"PEGBOARD_HOST_FILE": "/x"}) == ["environment: PEGBOARD_HOST_FILE: no such setting"]


# --- the environment's other inhabitants ---------------------------------------------------------------------


def test_variables_that_kubernetes_makes_for_a_service_called_pegboard_are_left_alone() -> None:
    environ = {
        "PEGBOARD_SERVICE_HOST": "10.0.0.1",
        "PEGBOARD_SERVICE_PORT": "8700",
        "PEGBOARD_SERVICE_PORT_HTTP": "8700",
        "PEGBOARD_PORT": "tcp://10.0.0.1:8700",
        "PEGBOARD_PORT_8700_TCP": "tcp://10.0.0.1:8700",
        "PEGBOARD_PORT_8700_TCP_ADDR": "10.0.0.1",
        "PEGBOARD_POSTGRES_SERVICE_HOST": "10.0.0.2",
    }
    assert load(None, environ)[ServerSettings].port == 8700


def test_variables_of_ours_that_are_no_settings_are_left_alone() -> None:
    environ = {"PEGBOARD_SKIP_WEB_BUILD": "1", "PEGBOARD_HOUSE_TEST": "1", "PATH": "/bin"}
    assert load(None, environ)[ServerSettings].port == 8700


def test_a_type_that_was_never_loaded_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        Settings({})[TeaSettings]
