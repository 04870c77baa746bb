"""What files from the world do: damage, odd bytes, odd encodings, odd sizes. A test each."""

import bz2
import gzip
import json
import lzma
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from w2s_judge.datasets import Rejected, Row, read, recognise
from w2s_judge.errors import InputError, MissingExtra

GOOD = b'{"prompt": "p", "response": "r"}'


def texts(path: Path) -> list[str]:
    """The responses of a file without a bad row."""
    rows = list(read(recognise(path)))
    assert all(isinstance(row, Row) for row in rows)
    return [row.item.responses[0].text for row in rows if isinstance(row, Row)]


def refusal(path: Path) -> str:
    """The message that a file is refused with, on recognising or on reading."""
    with pytest.raises(InputError) as caught:
        list(read(recognise(path)))
    message = str(caught.value)
    assert message.startswith(str(path))
    assert all(character.isprintable() or character == "\n" for character in message)
    return message


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outputs.jsonl"


# --- one bad row among good ones: named without --skip-bad, set aside with it

BAD_ROWS: dict[str, tuple[bytes, str]] = {
    "not JSON": (b'{"prompt": "p", "response": }', "not JSON: Expecting value at character 29"),
    "cut off": (b'{"prompt": "p", "resp', "not JSON: Unterminated string"),
    "a bare text": (b"hello there", "not JSON"),
    "a terminal escape": (b"\x1b[31m{}", r"near '\\x1b\[31m"),
    "two records in a line": (GOOD + b" " + GOOD, "not JSON: Extra data"),
    "not an object": (b'["p", "r"]', "a list, not an object"),
    "a number": (b"17", "a number, not an object"),
    "null": (b"null", "null, not an object"),
    "a key twice": (
        b'{"prompt": "p", "response": "r", "response": "s"}',
        "'response' stands twice",
    ),
    "a key twice, deep": (b'{"prompt": "p", "response": "r", "m": {"a": 1, "a": 2}}', "'a' stands"),
    "NaN": (b'{"prompt": "p", "response": "r", "score": NaN}', "NaN is not JSON"),
    "infinity": (b'{"prompt": "p", "response": "r", "score": 1e999}', "'1e999' is too large"),
    "half a surrogate": (b'{"prompt": "p", "response": "a\\ud83d"}', r"\(\\ud83d\) stands alone"),
    "half a surrogate as meta": (b'{"prompt": "p", "response": "r", "x": ["\\uDC00"]}', "udc00"),
    "half a surrogate as key": (b'{"prompt": "p", "response": "r", "\\ud800": 1}', "ud800"),
    "not UTF-8": (b'{"prompt": "p", "response": "caf\xe9"}', r"byte 33 \(0xe9\) is not UTF-8"),
    "surrogates in UTF-8": (b'{"prompt": "p", "response": "\xed\xa0\xbd"}', "is not UTF-8"),
    "NUL bytes": (b'{"prompt": "p", \0\0"response": "r"}', "2 NUL bytes, the first at byte 17"),
    "deep nesting": (
        b'{"prompt": "p", "response": "r", "x": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        "nested deeper than 100 levels",
    ),
    "very deep nesting": (
        b'{"prompt": "p", "response": "r", "x": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        "nested deeper than 100 levels",
    ),
    "a very long number": (
        b'{"prompt": "p", "response": "r", "x": ' + b"9" * 5000 + b"}",
        "a number too long to be read",
    ),
    "no response": (b'{"prompt": "p"}', "no response"),
    "a null response": (b'{"prompt": "p", "response": null}', "'response' is null"),
    "an empty response": (b'{"prompt": "p", "response": " "}', "'response' is empty"),
    "no prompt": (b'{"response": "r"}', "no prompt"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_bad_line_stops_the_reading(path: Path, name: str) -> None:
    line, message = BAD_ROWS[name]
    path.write_bytes(GOOD + b"\n\n" + line + b"\n" + GOOD + b"\n")
    source = recognise(path)
    rows = read(source)
    assert isinstance(next(rows), Row)
    with pytest.raises(InputError, match=message) as caught:
        next(rows)
    assert (caught.value.path, caught.value.line, caught.value.unit) == (str(path), 3, "line")
    assert caught.value.remedy
    assert len(str(caught.value)) < 500 + len(str(path))
    assert "--skip-bad" in caught.value.remedy
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_bad_line_is_set_aside(path: Path, name: str) -> None:
    line, _ = BAD_ROWS[name]
    path.write_bytes(GOOD + b"\n" + line + b"\r\n" + GOOD + b"\n")
    first, bad, last = read(recognise(path), skip_bad=True)
    assert isinstance(first, Row)
    assert isinstance(last, Row)
    assert last.line == 3
    assert isinstance(bad, Rejected)
    assert (bad.line, bad.unit) == (2, "line")
    assert bad.raw == line.decode("utf-8", "backslashreplace")
    bad.raw.encode("utf-8")


UNBALANCED = {"cut off", "a terminal escape"}  # in a list these take the rest with them


@pytest.mark.parametrize("name", [name for name in BAD_ROWS if name not in UNBALANCED])
def test_a_bad_element_of_a_list_is_named_and_can_be_set_aside(path: Path, name: str) -> None:
    line, message = BAD_ROWS[name]
    path.write_bytes(b"[\n" + GOOD + b",\n" + line + b",\n" + GOOD + b"\n]\n")
    with pytest.raises(InputError, match=message) as caught:
        list(read(recognise(path)))
    assert (caught.value.line, caught.value.unit) == (2, "row")
    assert "(line 3 of the file)" in str(caught.value)
    kinds = [type(row) for row in read(recognise(path), skip_bad=True)]
    assert kinds == [Row, Rejected, Row]


def test_a_first_row_that_is_bad_is_found_before_anything_else(path: Path) -> None:
    path.write_bytes(b"prompt,response\np,r\n")
    message = refusal(path)
    assert "line 1: not JSON" in message
    assert "one JSON object a line" in message


# --- nothing there


@pytest.mark.parametrize(
    "content", [b"", b"\n", b" \r\n\t\n\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"]
)
def test_an_empty_file_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert "is empty: it has no rows" in refusal(path)


@pytest.mark.parametrize("content", [b"[]", b"[ \n ]\n"])
def test_an_empty_list_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert "is empty: it has no rows" in refusal(path)


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_an_empty_packed_file_is_refused(path: Path, pack: "type[bytes]") -> None:
    path.write_bytes(pack(b""))
    assert "is empty: it has no rows" in refusal(path)


def test_a_parquet_file_without_rows_is_refused(path: Path) -> None:
    pq.write_table(pa.table({"prompt": pa.array([], pa.string())}), path)
    assert "is empty: it has no rows" in refusal(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "there is no such file" in refusal(tmp_path / "nothing.jsonl")


def test_a_directory_is_refused(tmp_path: Path) -> None:
    assert "is a directory\n  name one file in it" in refusal(tmp_path)


def test_a_name_with_a_nul_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be read"):
        recognise("a\0b")


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "is a pipe or a device" in refusal(tmp_path / "pipe")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(path: Path) -> None:
    path.write_bytes(GOOD)
    path.chmod(0)
    assert "cannot be read: Permission denied" in refusal(path)


# --- bytes and encodings


def test_blank_lines_are_passed_over_and_counted(path: Path) -> None:
    path.write_bytes(b"\n  \n" + GOOD + b"\n\t\n" + GOOD + b"\n\n")
    assert [row.line for row in read(recognise(path))] == [3, 5]


def test_windows_line_ends_are_fine(path: Path) -> None:
    path.write_bytes(GOOD + b"\r\n" + GOOD + b"\r\n\r\n")
    assert texts(path) == ["r", "r"]


def test_the_last_line_needs_no_end(path: Path) -> None:
    path.write_bytes(GOOD + b"\n" + GOOD)
    assert texts(path) == ["r", "r"]


def test_a_byte_order_mark_is_fine_even_where_files_were_put_together(path: Path) -> None:
    path.write_bytes((b"\xef\xbb\xbf" + GOOD + b"\n") * 2)
    assert texts(path) == ["r", "r"]


def test_a_byte_order_mark_before_a_list_is_fine(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf\n[" + GOOD + b"]")
    assert texts(path) == ["r"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_refused_with_the_way_out(path: Path, encoding: str) -> None:
    path.write_bytes(GOOD.decode().encode(encoding))
    assert "is UTF-16, not UTF-8\n  convert it: iconv" in refusal(path)


def test_other_unicode_line_ends_do_not_end_a_line(path: Path) -> None:
    path.write_bytes('{"prompt": "p", "response": "a\u2028b\u0085c"}\n'.encode())
    assert texts(path) == ["a\u2028b\u0085c"]


def test_whole_surrogate_pairs_are_fine(path: Path) -> None:
    path.write_bytes(b'{"prompt": "p", "response": "\\ud83d\\ude00", "x": "\\\\ud83d"}')
    assert texts(path) == ["\U0001f600"]


def test_zeros_at_the_end_as_after_a_crash_are_one_bad_row(path: Path) -> None:
    path.write_bytes(GOOD + b"\n" + b"\0" * 5000)
    assert "line 2: 5000 NUL bytes, the first at byte 1" in refusal(path)
    good, bad = read(recognise(path), skip_bad=True)
    assert isinstance(good, Row)
    assert isinstance(bad, Rejected)


def test_a_file_of_zeros_is_refused(path: Path) -> None:
    path.write_bytes(b"\0" * 5000)
    assert "line 1: 5000 NUL bytes" in refusal(path)


def test_nesting_within_reason_is_fine(path: Path) -> None:
    deep = b"[" * 98 + b"]" * 98
    path.write_bytes(b'{"prompt": "p", "response": "r", "x": ' + deep + b"}")
    assert texts(path) == ["r"]


def test_many_brackets_are_no_nesting(path: Path) -> None:
    path.write_text(json.dumps({"prompt": "[" * 500, "response": "r", "x": [[]] * 500}))
    assert texts(path) == ["r"]


def test_huge_integers_are_fine(path: Path) -> None:
    path.write_bytes(b'{"prompt": "p", "response": "r", "x": ' + b"9" * 4000 + b"}")
    (row,) = read(recognise(path))
    assert isinstance(row, Row)
    assert row.item.meta == {"x": int("9" * 4000)}


# --- sizes


@pytest.mark.parametrize("as_list", [False, True])
def test_rows_of_ten_megabytes_are_fine(path: Path, as_list: bool) -> None:
    long = ('"\\ \u00e9[{' + "x" * 30) * 290_000
    rows = [json.dumps({"prompt": "p", "response": long, "x": k}) for k in range(2)]
    assert len(rows[0]) > 10_000_000
    path.write_text(f"[{','.join(rows)}]" if as_list else "\n".join(rows))
    assert texts(path) == [long, long]


def test_a_file_without_line_ends_is_not_read_into_memory(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from w2s_judge.datasets import jsonlines, jsonlist

    monkeypatch.setattr(jsonlines, "LONGEST", 3 << 20)
    monkeypatch.setattr(jsonlist, "LONGEST", 3 << 20)
    path.write_bytes(GOOD + b"\n" + b"x" * (6 << 20))
    assert "line 2 is longer than 3 MiB (after line 1)" in refusal(path)
    path.write_bytes(b"[" + GOOD + b',"' + b"x" * (6 << 20))
    assert "row 2 is longer than 3 MiB (after row 1)" in refusal(path)


@pytest.mark.parametrize("shape", ["jsonl", "list", "gzip", "zstd", "parquet"])
def test_memory_does_not_grow_with_the_file(path: Path, shape: str) -> None:
    def peak(count: int) -> int:
        rows = [{"prompt": f"{k}", "response": os.urandom(500).hex()} for k in range(count)]
        text = "\n".join(json.dumps(row) for row in rows).encode()
        if shape == "parquet":
            pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=500)
        elif shape == "list":
            path.write_text(json.dumps(rows))
        else:
            pack = {"jsonl": bytes, "gzip": gzip.compress, "zstd": zstandard.compress}[shape]
            path.write_bytes(pack(text))
        del rows, text
        source = recognise(path)
        tracemalloc.start()
        assert sum(1 for _ in read(source)) == count
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    assert peak(16_000) < 1.3 * peak(4_000)


def test_a_parquet_row_group_is_not_read_whole(path: Path) -> None:
    rows = [{"prompt": f"{k}", "response": os.urandom(500).hex()} for k in range(20_000)]
    pq.write_table(pa.Table.from_pylist(rows), path)
    del rows
    before = pa.total_allocated_bytes()
    highest = max(pa.total_allocated_bytes() - before for _ in read(recognise(path)))
    assert highest < path.stat().st_size / 2


# --- damage after which nothing can be read


@pytest.mark.parametrize("skip_bad", [False, True])
@pytest.mark.parametrize("pack", ["gzip", "zstd"])
def test_cut_off_compression_is_refused_after_the_rows_before_it(
    path: Path, pack: str, skip_bad: bool
) -> None:
    lines = b"".join(
        json.dumps({"prompt": str(k), "response": os.urandom(2000).hex()}).encode() + b"\n"
        for k in range(500)
    )
    packed = gzip.compress(lines) if pack == "gzip" else zstandard.compress(lines)
    path.write_bytes(packed[: len(packed) // 2])
    seen: list[object] = []
    with pytest.raises(InputError, match=f"the {pack} data breaks off") as caught:
        seen.extend(read(recognise(path), skip_bad=skip_bad))
    assert len(seen) > 10
    assert all(isinstance(row, Row) for row in seen)
    assert f"(after line {len(seen)})" in str(caught.value)


@pytest.mark.parametrize("keep", [3, 12, -1])
@pytest.mark.parametrize(
    "pack", [gzip.compress, zstandard.ZstdCompressor(write_checksum=True).compress]
)
def test_compression_cut_anywhere_is_refused(path: Path, pack: "type[bytes]", keep: int) -> None:
    packed = pack(GOOD + b"\n")
    path.write_bytes(packed[:keep])
    assert "data breaks off" in refusal(path) or keep == 3


def test_damaged_gzip_is_refused(path: Path) -> None:
    packed = bytearray(gzip.compress((GOOD + b"\n") * 50))
    packed[-6] ^= 0xFF  # the checksum
    path.write_bytes(packed)
    assert "the gzip data is damaged" in refusal(path)


def test_damaged_zstd_is_refused(path: Path) -> None:
    packed = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(GOOD * 50))
    packed[-2] ^= 0xFF
    path.write_bytes(packed)
    assert "the zstd data is damaged" in refusal(path)


def test_something_after_the_compression_is_refused(path: Path) -> None:
    path.write_bytes(gzip.compress(GOOD + b"\n") + b"not gzip")
    assert "the gzip data is damaged" in refusal(path)
    path.write_bytes(zstandard.compress(GOOD + b"\n") + b"not zstd")
    assert "the zstd data is damaged" in refusal(path)


@pytest.mark.parametrize("skip_bad", [False, True])
@pytest.mark.parametrize(
    ("content", "row", "line"),
    [
        (b"[", 1, 1),
        (b"[" + GOOD, 1, 1),
        (b"[\n" + GOOD + b",\n", 2, 3),
        (b"[\n" + GOOD + b',\n{"prompt": "p', 2, 3),
        (b"[\n" + GOOD + b',\n{"a": "b\\', 2, 3),
        (b"[\n" + GOOD + b',\n{"prompt": ["p", "response": "r"},\n' + GOOD + b"]", 2, 3),
    ],
)
def test_a_list_that_does_not_end_is_refused(
    path: Path, content: bytes, row: int, line: int, skip_bad: bool
) -> None:
    path.write_bytes(content)
    with pytest.raises(InputError, match="the list is not closed") as caught:
        list(read(recognise(path, "plain"), skip_bad=skip_bad))
    assert f"row {row}, which starts on line {line};" in str(caught.value)


@pytest.mark.parametrize(
    "after", [b"x", GOOD, b"\n[" + GOOD + b"]", b"\0\0\0", b"]", b" " * 3_000_000 + b"x"]
)
def test_what_follows_a_list_is_refused(path: Path, after: bytes) -> None:
    path.write_bytes(b"[" + GOOD + b"]\n" + after)
    assert "something follows the end of the list" in refusal(path)


@pytest.mark.parametrize(
    "content", [b"[" + GOOD + b",]", b"[," + GOOD + b"]", b"[" + GOOD + b",," + GOOD + b"]"]
)
def test_a_comma_too_many_is_a_bad_row(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert "nothing between two commas" in refusal(path)


def test_a_comma_too_few_is_a_bad_row(path: Path) -> None:
    path.write_bytes(b"[" + GOOD + b"," + GOOD + GOOD + b"]")
    assert "row 2: not JSON: Extra data" in refusal(path)


def test_a_closing_bracket_too_many_stays_in_its_row(path: Path) -> None:
    path.write_bytes(b"[" + GOOD + b"}," + GOOD + b"]")
    bad, good = read(recognise(path), skip_bad=True)
    assert isinstance(bad, Rejected)
    assert isinstance(good, Row)


def test_a_truncated_parquet_file_is_refused(path: Path) -> None:
    pq.write_table(pa.table({"prompt": ["p"] * 9, "response": ["r"] * 9}), path)
    path.write_bytes(path.read_bytes()[:-20])
    assert "the Parquet data is damaged" in refusal(path)


def test_parquet_text_that_is_not_utf_8_is_refused(path: Path) -> None:
    offsets = pa.array([0, 4], pa.int32()).buffers()[1]
    wrong = pa.StringArray.from_buffers(1, offsets, pa.py_buffer(b"caf\xe9"))
    pq.write_table(pa.table({"prompt": ["p"], "response": wrong}), path)
    assert "the Parquet data is damaged ('utf-8' codec" in refusal(path)


def test_parquet_columns_of_one_name_are_refused(path: Path) -> None:
    columns = [pa.array(["a"]), pa.array(["b"])]
    pq.write_table(pa.Table.from_arrays(columns, ["response", "response"]), path)
    assert "two columns have the same name" in refusal(path)


# --- other packers


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (bz2.compress(GOOD), "bzip2"),
        (lzma.compress(GOOD), "xz"),
        (b"PK\x03\x04rest", "zip"),
        (gzip.compress(gzip.compress(GOOD)), "one compression inside another"),
        (zstandard.compress(gzip.compress(GOOD)), "one compression inside another"),
        (gzip.compress(b"PAR1" + b"\0" * 20), "Parquet inside a compression"),
    ],
)
def test_other_packers_are_named(path: Path, content: bytes, name: str) -> None:
    path.write_bytes(content)
    message = refusal(path)
    assert f"packed in a way that is not read here ({name})" in message
    assert "unpack it first" in message


def test_a_parquet_file_without_its_extra_names_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pq.write_table(pa.table({"prompt": ["p"], "response": ["r"]}), path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"pip install 'w2s-judge\[parquet\]'"):
        recognise(path)


# --- what messages quote


def test_messages_quote_hostile_text_safely(path: Path) -> None:
    name = "\x1b]0;owned\x07" + "\u202e" * 20 + "x" * 5000
    path.write_text(json.dumps({"prompt": "p", name: "r"}))
    message = refusal(path)
    assert "\\x1b]0;owned\\x07" in message
    assert "\u202e" not in message
    assert len(message) < 600 + len(str(path))


def test_importing_the_room_is_cheap() -> None:
    code = "import sys, w2s_judge.datasets; print(*sys.modules)"
    loaded = set(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
    )
    assert not loaded & {"pyarrow", "pydantic", "numpy", "zstandard", "scipy", "aiohttp"}
