"""What every table of the ledger is made of: types, named constraints, and one list of all tables.

Times named `_ms` are whole epoch milliseconds of the database's own clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Dialect,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    TypeDecorator,
)
from sqlalchemy.orm import DeclarativeBase

ORIGINS = ("real", "simulated")

# SQLite numbers rows by itself only where the key is exactly INTEGER.
RowId = BigInteger().with_variant(Integer(), "sqlite")


class Words(TypeDecorator[str]):
    """Text from outside: whatever UTF-8 cannot hold (undecodable file names, NUL) is escaped, never an error."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """What is stored."""
        return value if value is None else escaped(value)


def escaped(text: str) -> str:
    """The text with what UTF-8 cannot hold, and NUL, written out."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


class Base(DeclarativeBase):
    """Constraints have names, so that migrations can change them on SQLite too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        str: Text(),
        int: BigInteger(),
        bytes: LargeBinary(),
        # Not JSONB: names of files may hold what it refuses.
        dict[str, Any]: JSON(),
        list[str]: JSON(),
    }


def one_of(column: str, values: Sequence[str]) -> CheckConstraint:
    """The column holds one of these words."""
    return CheckConstraint(f"{column} IN ({', '.join(repr(value) for value in values)})", name=column)
