"""What is mounted at a folder and below it."""

from pathlib import Path

import pytest
from small_disk import small_disk

from sokkuri.core.named_roots import Roots
from sokkuri.images.mounts import mounts_below, network_type, network_type_of


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me", ""),
        ("/mnt/nas/photos", "nfs4"),
        ("/mnt/nas2", ""),
        ("/mnt/nas/local/photos", ""),
        ("/mnt/ssh", "fuse.sshfs"),
        ("/mnt/usb", ""),
        ("/mnt/share", "cifs"),
        ("/mnt/windows", "remote"),
    ],
)
def test_network_drives_are_told_by_their_type(path: str, kind: str) -> None:
    mounts = [
        ("/", "ext4", "rw"), ("/mnt/nas", "nfs4", "rw"), ("/mnt/nas/local", "btrfs", "rw"),
        ("/mnt/ssh", "fuse.sshfs", "rw"), ("/mnt/usb", "fuseblk", "rw"),
        ("/mnt/share", "autofs", "rw"), ("/mnt/share", "CIFS", "rw"),
        ("/mnt/windows", "NTFS", "rw,remote"),
    ]  # fmt: skip
    assert network_type_of(Path(path), mounts) == kind


def test_disks_below_a_folder_are_named(tmp_path: Path) -> None:
    assert network_type(tmp_path) == ""
    assert mounts_below(tmp_path) == frozenset()
    (tmp_path / "link").symlink_to(tmp_path)
    with small_disk(tmp_path / "a disk é", 1):
        for where in (tmp_path, tmp_path / "link"):
            assert mounts_below(where) == {"a disk é"}
        assert mounts_below(tmp_path / "a disk é") == frozenset()
        roots = Roots((("all", tmp_path), ("usb", tmp_path / "a disk é"), ("gone", tmp_path / "x")))
        assert mounts_below(roots) == {"all/a disk é", "usb"}
