"""Readings as Arrow streams and Parquet files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from api.exports.columns import COLUMNS, STATISTICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from parkpulse.query.exports import Block, Source

_NAMES = COLUMNS[:4]
_GROUP_ROWS = 100_000
"""Rows of a Parquet row group, or a little more."""
_TYPES: dict[str, Any] = {
    **{name: pa.dictionary(pa.int32(), pa.utf8()) for name in _NAMES},
    "ts": pa.timestamp("us", "UTC"),
    "value": pa.float64(),
    "quality": pa.uint8(),
    "min": pa.float64(),
    "max": pa.float64(),
    "count": pa.int64(),
}


class _Sink:
    """A file that is handed on piece by piece as it is written."""

    def __init__(self) -> None:
        self.closed = False
        self._pieces: list[bytes] = []
        self._at = 0

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        self._at += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        """Do nothing: pieces are taken, not flushed."""

    def close(self) -> None:
        self.closed = True

    def take(self) -> bytes:
        """Return what was written since the last time."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


class _Tables:
    """Makes record batches; the names stand once, in dictionaries."""

    def __init__(self, sources: Sequence[Source], *, is_raw: bool) -> None:
        self._words = {
            name: sorted({getattr(each, name) for each in sources}) for name in _NAMES
        }
        self._index = {
            name: {word: at for at, word in enumerate(words)}
            for name, words in self._words.items()
        }
        self._dictionaries = {
            name: pa.array(words, pa.utf8()) for name, words in self._words.items()
        }
        columns = (*COLUMNS, *(() if is_raw else STATISTICS))
        self.schema = pa.schema([(name, _TYPES[name]) for name in columns])

    def batch(self, block: Block) -> Any:  # noqa: ANN401 - pyarrow has no types
        length = len(block.ts)
        arrays = [self._repeated(block.series, name, length) for name in _NAMES]
        arrays += [pa.array(block.ts, _TYPES["ts"]), pa.array(block.value)]
        if block.quality is None:
            arrays.append(pa.nulls(length, pa.uint8()))
        else:
            arrays.append(pa.array(block.quality.astype(np.uint8)))
        if block.statistics is not None:
            arrays += [pa.array(each) for each in block.statistics]
        return pa.record_batch(arrays, schema=self.schema)

    def _repeated(self, source: Source, name: str, length: int) -> Any:  # noqa: ANN401 - as above
        at = self._index[name][getattr(source, name)]
        indices = pa.array(np.full(length, at, np.int32))
        return pa.DictionaryArray.from_arrays(indices, self._dictionaries[name])


def stream(
    sources: Sequence[Source], blocks: Iterable[Block], *, is_raw: bool
) -> Iterator[bytes]:
    """Write the streaming format of Arrow IPC, a record batch a block."""
    made, sink = _Tables(sources, is_raw=is_raw), _Sink()
    with pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), made.schema) as writer:
        for block in blocks:
            writer.write_batch(made.batch(block))
            yield sink.take()
    yield sink.take()


def parquet(
    sources: Sequence[Source], blocks: Iterable[Block], *, is_raw: bool
) -> Iterator[bytes]:
    """Write a Parquet file, row group by row group."""
    made, sink = _Tables(sources, is_raw=is_raw), _Sink()
    file = pa.PythonFile(sink, mode="w")
    with pq.ParquetWriter(file, made.schema, compression="zstd") as writer:
        for group in _groups(made.batch(block) for block in blocks):
            writer.write_table(pa.Table.from_batches(group))
            yield sink.take()
    yield sink.take()


def _groups(batches: Iterable[Any]) -> Iterator[list[Any]]:
    group: list[Any] = []
    rows = 0
    for batch in batches:
        group.append(batch)
        rows += batch.num_rows
        if rows >= _GROUP_ROWS:
            yield group
            group, rows = [], 0
    if group:
        yield group
