"""Copies of a SQLite file: made while it is in use, and put back while it is not."""

import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from storage.schema import HEAD

BESIDE = ("-wal", "-shm", "-journal")
OWNER_ONLY = 0o600


class CannotCopy(Exception):
    """A sentence for whoever asked."""


def back_up(source: Path, target: Path) -> int:
    """Write a whole and consistent copy, whoever is writing meanwhile; return its bytes. Raise CannotCopy."""
    if target.exists():
        raise CannotCopy(f"{target} is there already: name a new file.")
    if not target.parent.is_dir():
        raise CannotCopy(f"There is no folder {target.parent}.")
    os.close(os.open(target, os.O_CREAT | os.O_EXCL, OWNER_ONLY))
    try:
        with closing(sqlite3.connect(read_only(source), uri=True, timeout=30)) as db:
            db.execute("VACUUM INTO ?", [str(target)])
    except sqlite3.Error as error:
        target.unlink()
        raise CannotCopy(f"The copy could not be written ({error}).") from None
    return target.stat().st_size


def check(copy: Path) -> str:
    """Return the schema version of a copy that can be put back. Raise CannotCopy."""
    if not copy.is_file():
        raise CannotCopy(f"There is no file {copy}.")
    try:
        with closing(sqlite3.connect(read_only(copy), uri=True)) as db:
            [(found,)] = db.execute("SELECT version_num FROM alembic_version").fetchall()
            [(whole,)] = db.execute("PRAGMA integrity_check(1)").fetchall()
    except (sqlite3.Error, ValueError):
        raise CannotCopy(f"{copy} is no database of Solido's.") from None
    if whole != "ok":
        raise CannotCopy(f"{copy} is damaged ({whole}).")
    if found > HEAD:
        raise CannotCopy(f"{copy} was made by a newer Solido (version {found}): use that one.")
    return str(found)


def put_back(copy: Path, target: Path, *, now: datetime) -> Path | None:
    """Put the copy in the place of the database; return where that one is kept, None where there was none.

    Raise CannotCopy while anybody has it open.
    """
    check(copy)
    fresh = target.with_name(target.name + ".restoring")
    fresh.unlink(missing_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with (
            closing(sqlite3.connect(read_only(copy), uri=True)) as source,
            closing(sqlite3.connect(fresh)) as destination,
        ):
            source.backup(destination)
        fresh.chmod(OWNER_ONLY)
        kept = set_aside(target, now=now)
    except (OSError, sqlite3.Error) as error:
        fresh.unlink(missing_ok=True)
        raise CannotCopy(f"The copy could not be put back ({error}).") from None
    except CannotCopy:
        fresh.unlink(missing_ok=True)
        raise
    os.replace(fresh, target)
    return kept


def set_aside(target: Path, *, now: datetime) -> Path | None:
    if not target.exists():
        return None
    if is_open(target):
        raise CannotCopy("Solido is running on this database: stop it first.")
    kept = target.with_name(f"{target.name}.before-{now:%Y%m%dT%H%M%SZ}")
    os.replace(target, kept)
    for end in BESIDE:
        target.with_name(target.name + end).unlink(missing_ok=True)
    return kept


def is_open(file: Path) -> bool:
    """Whether any process has the file open: SQLite leaves write-ahead mode only for who is alone. Afterwards all that
    was written is in the file itself."""
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as db:
        try:
            mode = db.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
        except sqlite3.OperationalError:
            return True
        except sqlite3.DatabaseError:
            return False  # damaged, which is why somebody restores
        return bool(mode != "delete")


def read_only(file: Path) -> str:
    return f"{file.absolute().as_uri()}?mode=ro"
