"""What databases of tests share, see tests/compiled.py."""

from sqlalchemy import make_url

from tests import compiled


async def test_only_who_has_connected_is_shared_from(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "_first", {})
    url = make_url(f"sqlite+aiosqlite:///{tmp_path}/solido.db")
    idle, first, second = (compiled.make_sharing_engine(url) for _ in range(3))
    async with second.connect():
        assert second.dialect.default_schema_name == "main"
    third = compiled.make_sharing_engine(url)
    assert third.dialect is second.dialect is not idle.dialect
    await first.dispose()
    await second.dispose()
