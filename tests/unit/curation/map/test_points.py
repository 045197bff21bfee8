"""The points of a map as CSV and Parquet."""

import csv
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from sokkuri.core.errors import CollectionError, StorageError, UsageError
from sokkuri.curation.map.points import Points, write_points

POINTS = Points(
    ["a,b.jpg", "c.jpg"], np.array([[0, 0.25], [1, 0.5]], np.float32), ['say "cat"', None]
)


def test_csv_and_parquet_hold_id_position_and_label(tmp_path: Path) -> None:
    write_points(tmp_path / "points.csv", POINTS)
    with (tmp_path / "points.csv").open(newline="") as file:
        assert [*csv.DictReader(file)] == [
            {"id": "a,b.jpg", "x": "0.000000", "y": "0.250000", "label": 'say "cat"'},
            {"id": "c.jpg", "x": "1.000000", "y": "0.500000", "label": ""},
        ]
    write_points(tmp_path / "points.parquet", POINTS)
    assert parquet.read_table(tmp_path / "points.parquet").to_pylist() == [
        {"id": "a,b.jpg", "x": 0.0, "y": 0.25, "label": 'say "cat"'},
        {"id": "c.jpg", "x": 1.0, "y": 0.5, "label": None},
    ]


def test_a_name_that_is_not_utf_8_is_kept_in_csv_and_refused_in_parquet(tmp_path: Path) -> None:
    odd = Points(["\udcff.jpg"], np.zeros((1, 2), np.float32), [None])
    write_points(tmp_path / "points.csv", odd)
    assert b"\xff.jpg" in (tmp_path / "points.csv").read_bytes()
    with pytest.raises(CollectionError, match=r"\\xff\.jpg is not UTF-8"):
        write_points(tmp_path / "points.parquet", odd)


def test_a_file_of_another_kind_or_in_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.csv nor a \.parquet"):
        write_points(tmp_path / "points.txt", POINTS)
    with pytest.raises(StorageError, match="could not be written"):
        write_points(tmp_path / "none" / "points.csv", POINTS)
