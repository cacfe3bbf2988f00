"""The lease: who uses a server, as the kernel counts it."""

from pathlib import Path

import pytest

from models.postgres_lease import Lease, LeaseTimeoutError


def test_waiting_for_another_process_has_an_end(tmp_path: Path) -> None:
    lease = Lease(tmp_path, None)
    with lease.exclusive(1):
        with pytest.raises(LeaseTimeoutError), Lease(tmp_path, None).exclusive(0.05):
            pass
        lease.take()
        assert not Lease(tmp_path, None).is_free()
        lease.drop()
        assert lease.is_free()
