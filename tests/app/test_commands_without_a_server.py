"""Commands that need neither a data directory nor an engine that runs already; run inside this process."""

import json
from pathlib import Path
from typing import Any

import pytest

from pegboard.app.cli import run


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    for name in ("PEGBOARD_CHROMIUM", "PEGBOARD_SOAK"):
        monkeypatch.delenv(name, raising=False)


def answered(capsys: pytest.CaptureFixture[str]) -> Any:
    out, err = capsys.readouterr()
    assert err == ""
    return json.loads(out)


def test_what_is_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["org", "create", "--nmae", "x"])
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        run(["org", "create", "--nmae", "x", "--json"])
    assert ended.value.code == 1
    assert answered(capsys)["error"]["code"] == "command.usage"


def test_settings_are_checked_as_a_whole(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "pegboard.toml"
    file.write_text('[server]\nport = "many"\nprot = 1\n')
    assert run(["config", "check", "--config", str(file), "--json"]) == 1
    error = answered(capsys)["error"]
    assert (error["code"], len(error["fields"])) == ("settings.invalid", 2)
    file.write_text("[server]\nport = 8701\n")
    assert run(["config", "check", "--config", str(file), "--json"]) == 0
    assert answered(capsys) == {"ok": True, "config_file": str(file)}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--processes", "none"], "settings.invalid"),
        (["--processes", "0"], "settings.invalid"),
        (["--processes", "65"], "settings.invalid"),
        (["--role", "web"], "settings.invalid"),
        (["--tls-cert", "only.pem"], "settings.invalid"),
    ],
)
def test_what_serve_cannot_do_is_refused_before_anything_starts(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], code: str
) -> None:
    assert run(["serve", "--data", str(tmp_path / "data"), *arguments]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert f"({code})" in err
    assert not (tmp_path / "data").exists()


def test_the_migrations_make_what_the_code_declares(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["migrations", "check", "--json"]) == 0, capsys.readouterr()
    assert answered(capsys)["ok"] is True


def test_the_settings_page_knows_every_section(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "describe"]) == 0
    page = capsys.readouterr().out
    for section in ("server", "files", "limits", "identity", "messaging"):
        assert f"## [{section}]" in page
