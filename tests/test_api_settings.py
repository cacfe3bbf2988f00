"""Settings: read from the environment, refused in words, never shown with their secrets."""

from pathlib import Path

import pytest

from api.settings import Settings, SettingsError, describe, unknown_variables

ROOT = Path(__file__).resolve().parent.parent
SECRET = "0123456789abcdef0123456789abcdef"
ISSUER = {"AICOST_JWT_ISSUER": "https://issuer.test", "AICOST_JWT_AUDIENCE": "aicost"}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        monkeypatch.delenv(alias if isinstance(alias, str) else f"AICOST_{name.upper()}", False)


def load(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return Settings.load(_env_file=None)


def test_everything_has_a_default_and_a_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, {})
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8000, 1)
    switches = (settings.ide, settings.introspection, settings.demo, settings.jwt_enabled)
    assert not any(switches)
    assert all(field.description for field in Settings.model_fields.values())


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(
        monkeypatch,
        {
            "DATABASE_URL": "postgresql://u:hunter2@h/d",
            "AICOST_PORT": "8999",
            "AICOST_DATA_DIR": "/somewhere",
            "AICOST_IDE": "true",
            "AICOST_INTROSPECTION": "1",
            "AICOST_CORS_ORIGINS": "https://a.test, http://localhost:3000",
            "AICOST_LIMIT_DEPTH": "7",
            "AICOST_WORKERS": "",
        },
    )
    assert settings.port == 8999
    assert settings.data_dir == Path("/somewhere")
    assert settings.ide
    assert settings.introspection
    assert settings.cors_origins == ("https://a.test", "http://localhost:3000")
    assert (settings.limit_depth, settings.workers) == (7, 1)
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value().endswith("@h/d")
    assert "hunter2" not in repr(settings)


def test_a_file_is_read_below_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "env"
    file.write_text("AICOST_PORT=8100\nAICOST_HOST=0.0.0.0\nUNRELATED=1\n")
    monkeypatch.setenv("AICOST_PORT", "8200")
    settings = Settings.load(_env_file=file)
    assert (settings.port, settings.host) == (8200, "0.0.0.0")  # noqa: S104 - a value, not a bind


def test_settings_do_not_change(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, {})
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("AICOST_PORT", "abc", "valid integer"),
        ("AICOST_PORT", "65536", "less than or equal to 65535"),
        ("AICOST_WORKERS", "0", "greater than or equal to 1"),
        ("AICOST_IDE", "maybe", "valid boolean"),
        ("AICOST_LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
        ("AICOST_LOG_FORMAT", "xml", "'json' or 'console'"),
        ("AICOST_CORS_ORIGINS", "https://a.test/path", "origin such as"),
        ("AICOST_CORS_ORIGINS", "a.test", "origin such as"),
        ("AICOST_JWT_ALGORITHMS", "none", "among"),
        ("AICOST_LIMIT_BODY_BYTES", "4 MB", "valid integer"),
        ("AICOST_LIMIT_REQUEST_SECONDS", "0", "greater than 0"),
    ],
)
def test_a_bad_value_gives_one_line(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(monkeypatch, {variable: value})
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{variable} is '{value}': ")
    assert expected in line


def test_each_bad_value_gives_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError) as caught:
        load(monkeypatch, {"AICOST_PORT": "abc", "AICOST_WORKERS": "0"})
    assert len(str(caught.value).splitlines()) == 2


def test_a_bad_url_is_refused_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError) as caught:
        load(monkeypatch, {"DATABASE_URL": "mysql://user:hunter2@h/d"})
    assert str(caught.value).startswith("DATABASE_URL: should begin with postgresql://")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        {"AICOST_JWT_SECRET": SECRET, "AICOST_JWT_JWKS_FILE": "keys", **ISSUER},
        {"AICOST_JWT_SECRET": SECRET, "AICOST_JWT_ALGORITHMS": "HS256"},
        {"AICOST_JWT_SECRET": SECRET, **ISSUER},
        {"AICOST_JWT_SECRET": SECRET, "AICOST_JWT_ALGORITHMS": "HS256,RS256", **ISSUER},
        {"AICOST_JWT_JWKS_FILE": "keys", "AICOST_JWT_ALGORITHMS": "HS256", **ISSUER},
        {"AICOST_JWT_SECRET": "short", "AICOST_JWT_ALGORITHMS": "HS256", **ISSUER},
    ],
)
def test_jwt_settings_that_would_be_unsafe_are_refused(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str]
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(monkeypatch, values)
    assert SECRET not in str(caught.value)
    assert "JWT" in str(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        {"AICOST_JWT_SECRET": SECRET, "AICOST_JWT_ALGORITHMS": "HS256,HS512", **ISSUER},
        {"AICOST_JWT_JWKS_FILE": "keys", **ISSUER},
        {"AICOST_JWT_JWKS_URL": "https://i.test/keys", "AICOST_JWT_ALGORITHMS": "EdDSA", **ISSUER},
    ],
)
def test_jwt_settings_that_are_sound(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str]
) -> None:
    assert load(monkeypatch, values).jwt_enabled


def test_misspelt_variables_are_found() -> None:
    environment = {"AICOST_PROT": "1", "AICOST_PORT": "1", "DATABASE_URL": "", "PATH": ""}
    assert unknown_variables(environment) == ["AICOST_PROT"]


def test_the_documented_table_is_this_one() -> None:
    assert describe() in (ROOT / "docs" / "settings.md").read_text()
