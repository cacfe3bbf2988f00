"""Environment (and `.env`) -> one frozen `Settings`. The only reader of environment variables.

Every variable is named, explained and bounded here; `docs/settings.md` is made from this file
(`python -m api.settings`). A value that makes no sense stops the start with one line per variable.
Refused: defaults that depend on the machine, and secrets in any message or repr.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_PREFIX = "AICOST_"
_PUBLIC_KEY_ALGORITHMS = frozenset(
    f"{family}{bits}" for family in ("RS", "PS", "ES") for bits in (256, 384, 512)
) | {"EdDSA"}
_SECRET_ALGORITHMS = frozenset({"HS256", "HS384", "HS512"})
# What a shared secret must have at least, so that guessing it is out of the question.
_SECRET_BYTES = 32
Names = Annotated[tuple[str, ...], NoDecode]


class SettingsError(Exception):
    """One line per variable that cannot be used, naming it, its value and what was expected."""


class Settings(BaseSettings):
    """Everything that can be set. A field `x` is the variable `AICOST_X`; times are in seconds."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_file=".env",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    database_url: SecretStr | None = Field(
        None,
        validation_alias="DATABASE_URL",
        description="PostgreSQL to use, `postgresql://...`. Absent: the embedded server.",
    )
    owner_database_url: SecretStr | None = Field(
        None,
        description="The same database by the role that migrates. Absent: `DATABASE_URL`.",
    )
    data_dir: Path = Field(Path(".aicost"), description="Directory of the embedded server's data.")
    pg_bin: Path | None = Field(
        None, description="Directory with `initdb` and `postgres` for the embedded server."
    )
    pool_size: int = Field(10, ge=1, le=1000, description="Connections per worker process.")
    export_pool_size: int = Field(
        3, ge=1, le=1000, description="Further connections per worker process, for exports."
    )

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    workers: int = Field(1, ge=1, le=64, description="Server processes.")
    cors_origins: Names = Field(
        (),
        description="Web origins that may call from a browser, separated by commas; `*` for all. "
        "Credentials travel in the Authorization header only, never in cookies.",
    )
    demo: bool = Field(False, description="Fill an empty database with a demo organization.")
    ide: bool = Field(False, description="Serve a page for trying queries at GET `/graphql`.")
    introspection: bool = Field(
        False, description="Let clients read the schema, with or without a credential."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe entry that is logged."
    )
    log_format: Literal["json", "console"] = Field(
        "json", description="One JSON object a line, or lines for people."
    )

    jwt_issuer: str | None = Field(None, description="Expected `iss` of a JWT.")
    jwt_audience: str | None = Field(None, description="Expected `aud` of a JWT.")
    jwt_algorithms: Names = Field(
        ("RS256", "ES256"),
        description="Signature algorithms that are accepted, separated by commas.",
    )
    jwt_jwks_url: str | None = Field(None, description="Where the issuer's public keys are.")
    jwt_jwks_file: Path | None = Field(None, description="File with the issuer's public keys.")
    jwt_secret: SecretStr | None = Field(
        None, description="Shared secret for HS algorithms, 32 bytes or more, instead of a JWKS."
    )
    jwt_leeway_seconds: float = Field(
        30, ge=0, le=300, description="Clock difference to an issuer that is forgiven."
    )

    limit_body_bytes: int = Field(4_000_000, ge=1_000, description="Largest request body.")
    limit_otlp_bytes: int = Field(
        20 * 1024 * 1024, ge=1_000, description="Largest body of `/v1/traces`, packed or unpacked."
    )
    limit_header_bytes: int = Field(
        65_536, ge=4_096, description="Largest request line and headers together."
    )
    limit_receive_seconds: float = Field(
        30, gt=0, description="Time for a request's headers to arrive, and again for its body."
    )
    limit_request_seconds: float = Field(
        10, gt=0, description="Time for an answer, from the request's last byte."
    )
    limit_statement_seconds: float = Field(
        5, gt=0, description="Time for one SQL statement of a request."
    )
    limit_tokens: int = Field(1_000, ge=50, description="GraphQL: tokens in a document.")
    limit_depth: int = Field(10, ge=1, le=100, description="GraphQL: fields within fields.")
    limit_aliases: int = Field(15, ge=0, description="GraphQL: aliases in an operation.")
    limit_root_fields: int = Field(20, ge=1, description="GraphQL: fields at the root.")
    limit_fields: int = Field(
        400, ge=1, description="GraphQL: fields in an operation, fragments written out."
    )
    limit_nodes: int = Field(
        20_000, ge=1, description="GraphQL: objects that an answer may hold, as estimated."
    )
    limit_directives: int = Field(20, ge=0, description="GraphQL: directives in a document.")
    limit_fragments: int = Field(50, ge=0, description="GraphQL: fragments in a document.")

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Reads the environment; raises SettingsError with a line per variable that is wrong."""
        try:
            return cls(**overrides)
        except ValidationError as error:
            lines = [_line(problem) for problem in error.errors(include_url=False)]
            raise SettingsError("\n".join(lines)) from None

    @field_validator("cors_origins", "jwt_algorithms", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator("cors_origins")
    @classmethod
    def _check_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            parts = urlsplit(origin)
            if origin != "*" and (
                parts.scheme not in ("http", "https")
                or origin != f"{parts.scheme}://{parts.netloc}"
            ):
                raise ValueError(f"{origin!r} should be * or an origin such as https://example.org")
        return origins

    @field_validator("jwt_algorithms")
    @classmethod
    def _check_algorithms(cls, algorithms: tuple[str, ...]) -> tuple[str, ...]:
        known = _PUBLIC_KEY_ALGORITHMS | _SECRET_ALGORITHMS
        unknown = [algorithm for algorithm in algorithms if algorithm not in known]
        if unknown or not algorithms:
            raise ValueError(f"should be among {', '.join(sorted(known))}")
        return algorithms

    @field_validator("database_url", "owner_database_url")
    @classmethod
    def _check_database_url(cls, url: SecretStr | None) -> SecretStr | None:
        if url and not url.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("should begin with postgresql:// or postgres://")
        return url

    @model_validator(mode="after")
    def _check_jwt(self) -> Self:
        sources = [self.jwt_secret, self.jwt_jwks_url, self.jwt_jwks_file]
        given = sum(source is not None for source in sources)
        if given > 1:
            raise ValueError(
                "of AICOST_JWT_SECRET, AICOST_JWT_JWKS_URL and AICOST_JWT_JWKS_FILE only one may "
                "be set"
            )
        if given and not (self.jwt_issuer and self.jwt_audience):
            raise ValueError("JWTs need AICOST_JWT_ISSUER and AICOST_JWT_AUDIENCE")
        # A public key must never be usable as a shared secret: one kind of algorithm at a time.
        allowed = _SECRET_ALGORITHMS if self.jwt_secret else _PUBLIC_KEY_ALGORITHMS
        if given and not allowed.issuperset(self.jwt_algorithms):
            raise ValueError(
                f"AICOST_JWT_ALGORITHMS is {','.join(self.jwt_algorithms)}, but with this kind of "
                f"key should be among {', '.join(sorted(allowed))}"
            )
        if self.jwt_secret and len(self.jwt_secret.get_secret_value().encode()) < _SECRET_BYTES:
            raise ValueError(f"AICOST_JWT_SECRET should have {_SECRET_BYTES} bytes or more")
        return self

    @property
    def jwt_enabled(self) -> bool:
        """Whether people can sign in by JWT at all."""
        return any((self.jwt_secret, self.jwt_jwks_url, self.jwt_jwks_file))


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Variables that look like ours and are not: misspelt ones, which would be ignored silently."""
    known = {_variable(name, field) for name, field in Settings.model_fields.items()}
    return sorted(name for name in environment if name.startswith(_PREFIX) and name not in known)


def describe() -> str:
    """The table of `docs/settings.md`, in Markdown."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        rows.append(
            f"| `{_variable(name, field)}` | {_shown(field.default)} | {field.description} |"
        )
    return "\n".join(rows)


def _variable(name: str, field: FieldInfo) -> str:
    alias = field.validation_alias
    return alias if isinstance(alias, str) else f"{_PREFIX}{name.upper()}"


def _shown(default: object) -> str:
    if default is None or default == ():
        return ""
    if isinstance(default, bool):
        return "`1`" if default else "`0`"
    return f"`{','.join(default) if isinstance(default, tuple) else default}`"


def _line(problem: Any) -> str:
    """One line for one of pydantic's problems."""
    expected = problem["msg"].removeprefix("Value error, ").replace("Input should", "should")
    if not problem["loc"]:
        return str(expected)
    name = str(problem["loc"][0])
    field = Settings.model_fields.get(name)
    variable = _variable(name, field) if field else name
    value = problem["input"]
    shown = ",".join(value) if isinstance(value, tuple) else str(value)
    # A URL may bear a password, and a secret is one.
    hidden = variable.endswith(("_URL", "_SECRET"))
    return f"{variable}{'' if hidden else f' is {shown!r}'}: {expected}"


if __name__ == "__main__":
    sys.stdout.write(describe() + "\n")
