"""What the columns of a row mean: every shape, every synonym, every refusal."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from w2s_judge.datasets import Rejected, Row, read, readers, recognise
from w2s_judge.errors import InputError, UsageError
from w2s_judge.types import Message, Response

Understood = Callable[..., Row]


@pytest.fixture
def understood(tmp_path: Path) -> Understood:
    """The Row that a file with this one record gives."""

    def one(record: object, reader: str | None = None) -> Row:
        path = tmp_path / "rows.jsonl"
        path.write_text(json.dumps(record) + "\n")
        (row,) = read(recognise(path, reader))
        assert isinstance(row, Row)
        return row

    return one


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


# --- plain rows


@pytest.mark.parametrize("column", ["prompt", "instruction", "input", "question", "query"])
def test_the_prompt_goes_by_several_names(understood: Understood, column: str) -> None:
    row = understood({column: "why?", "response": "so"})
    assert row.item.prompt == "why?"
    assert row.item.meta == {}


@pytest.mark.parametrize(
    "column", ["response", "output", "completion", "answer", "generation", "actual_output"]
)
def test_the_response_goes_by_several_names(understood: Understood, column: str) -> None:
    row = understood({"prompt": "why?", column: "so"})
    assert row.item.responses == (Response("so"),)
    assert row.item.meta == {}


@pytest.mark.parametrize("column", ["reference", "reference_answer", "expected_output", "ideal"])
def test_the_reference_goes_by_several_names(understood: Understood, column: str) -> None:
    row = understood({"prompt": "why?", "response": "so", column: "because"})
    assert row.item.reference == "because"


@pytest.mark.parametrize("column", ["model", "generator", "model_name"])
def test_the_model_goes_by_several_names(understood: Understood, column: str) -> None:
    row = understood({"prompt": "p", "response": "r", column: "phi-2", "family": "phi"})
    assert row.item.responses == (Response("r", "phi-2", "phi"),)


def test_the_first_name_wins_and_the_others_are_kept(understood: Understood) -> None:
    row = understood(
        {"question": "q", "prompt": "p", "answer": "42", "response": "r", "output": "o"}
    )
    assert (row.item.prompt, row.item.responses[0].text) == ("p", "r")
    assert row.item.meta == {"question": "q", "answer": "42", "output": "o"}


def test_unknown_columns_are_kept_untouched(understood: Understood) -> None:
    extra = {"score": 0.5, "tags": ["a", None], "nested": {"deep": [1, {"x": True}]}, "null": None}
    assert understood({"prompt": "p", "response": "r", **extra}).item.meta == extra


def test_the_task_is_read(understood: Understood) -> None:
    assert understood({"prompt": "p", "response": "r", "task": "legal"}).item.task == "legal"


@pytest.mark.parametrize("column", ["reference", "task", "model", "family"])
@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_optional_columns_may_be_null_or_blank(
    understood: Understood, column: str, nothing: str | None
) -> None:
    item = understood({"prompt": "p", "response": "r", column: nothing}).item
    assert (item.reference, item.task) == (None, None)
    assert item.responses == (Response("r"),)


def test_a_null_reference_leaves_room_for_the_next_name(understood: Understood) -> None:
    row = understood({"prompt": "p", "response": "r", "reference": None, "ideal": "i"})
    assert row.item.reference == "i"


def test_a_reference_may_be_an_integer(understood: Understood) -> None:
    assert understood({"prompt": "p", "response": "r", "ideal": 42}).item.reference == "42"


@pytest.mark.parametrize("column", ["reference", "task", "model", "family"])
@pytest.mark.parametrize("wrong", [1.5, True, ["a"], {"a": 1}])
def test_optional_columns_are_text(understood: Understood, column: str, wrong: object) -> None:
    with pytest.raises(InputError, match=f"'{column}' is .*, not text"):
        understood({"prompt": "p", "response": "r", column: wrong})


def test_alpaca_joins_instruction_and_input(understood: Understood) -> None:
    row = understood({"instruction": "Sum it up.", "input": "A long text.", "output": "Short."})
    assert row.item.prompt == "Sum it up.\n\nA long text."
    assert row.item.meta == {}


@pytest.mark.parametrize("blank", ["", " \n", None])
def test_alpaca_without_input_is_its_instruction(understood: Understood, blank: str | None) -> None:
    row = understood({"instruction": "Sum.", "input": blank, "output": "Short."})
    assert row.item.prompt == "Sum."
    assert row.item.meta == {}


def test_alpacas_input_is_text(understood: Understood) -> None:
    with pytest.raises(InputError, match="'input' beside 'instruction' is a list"):
        understood({"instruction": "Sum.", "input": [user("x")], "output": "Short."})


def test_input_beside_another_prompt_is_meta(understood: Understood) -> None:
    row = understood({"prompt": "p", "input": "i", "response": "r"})
    assert row.item.prompt == "p"
    assert row.item.meta == {"input": "i"}


def test_an_empty_prompt_is_a_text_judged_by_itself(understood: Understood) -> None:
    assert understood({"prompt": "", "response": "r"}).item.prompt == ""


@pytest.mark.parametrize("column", ["prompt", "input"])
def test_a_prompt_may_be_chat_messages(understood: Understood, column: str) -> None:
    row = understood({column: [user("hi"), assistant("ho"), user("so?")], "output": "r"})
    assert row.item.prompt == (
        Message("user", "hi"),
        Message("assistant", "ho"),
        Message("user", "so?"),
    )


def test_a_missing_prompt_is_refused_with_the_way_to_say_none(understood: Understood) -> None:
    with pytest.raises(InputError, match=r"no prompt; the row has 'response', 'topic'") as caught:
        understood({"response": "r", "topic": "t"})
    assert '"prompt": ""' in str(caught.value)


@pytest.mark.parametrize("wrong", [None, 3, True, {"a": "b"}])
def test_a_prompt_is_text_or_messages(understood: Understood, wrong: object) -> None:
    with pytest.raises(InputError, match=r"'prompt' is .*, not text or a list of chat messages"):
        understood({"prompt": wrong, "response": "r"})


def test_a_missing_response_is_refused(understood: Understood) -> None:
    with pytest.raises(InputError, match="no response; the row has 'prompt', 'text'") as caught:
        understood({"prompt": "p", "text": "r"})
    assert "name the model's output 'response'" in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [(None, "null"), (3, "a number"), (False, "true or false"), ({"text": "r"}, "an object")],
)
def test_a_response_is_text(understood: Understood, wrong: object, kind: str) -> None:
    with pytest.raises(InputError, match=f"'response' is {kind}, not text"):
        understood({"prompt": "p", "response": wrong})


def test_a_null_response_is_not_replaced_by_another_column(understood: Understood) -> None:
    with pytest.raises(InputError, match="'response' is null"):
        understood({"prompt": "p", "response": None, "answer": "the reference, maybe"})


def test_a_list_as_the_response_is_shown_its_column(understood: Understood) -> None:
    with pytest.raises(InputError, match=r"'response' is a list, not text\n.*'responses'"):
        understood({"prompt": "p", "response": ["a", "b"]})


@pytest.mark.parametrize("empty", ["", " ", "\n\t\u00a0"])
def test_an_empty_response_is_refused(understood: Understood, empty: str) -> None:
    with pytest.raises(InputError, match=r"'response' is empty\n.*nothing to judge.*--skip-bad"):
        understood({"prompt": "p", "response": empty})


# --- ids


@pytest.mark.parametrize("column", ["id", "uid", "item_id"])
def test_the_id_goes_by_several_names(understood: Understood, column: str) -> None:
    row = understood({column: "x7", "prompt": "p", "response": "r"})
    assert (row.item.id, row.grouped) == ("x7", False)
    assert row.item.meta == {}


@pytest.mark.parametrize("column", ["prompt_id", "group_id", "question_id"])
def test_a_prompt_id_groups_and_the_rows_own_id_is_meta(
    understood: Understood, column: str
) -> None:
    row = understood({column: "q1", "id": "x7", "prompt": "p", "response": "r"})
    assert (row.item.id, row.grouped) == ("q1", True)
    assert row.item.meta == {"id": "x7"}


def test_without_an_id_it_is_the_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('\n{"prompt":"p","response":"r"}\n\n{"prompt":"p","response":"s"}\n')
    rows = list(read(recognise(path)))
    assert [row.item.id for row in rows if isinstance(row, Row)] == ["2", "4"]


@pytest.mark.parametrize("number", [0, -3, 10**40])
def test_integers_become_text(understood: Understood, number: int) -> None:
    assert understood({"id": number, "prompt": "p", "response": "r"}).item.id == str(number)


@pytest.mark.parametrize("column", ["id", "prompt_id"])
@pytest.mark.parametrize("wrong", [True, 1.0, ["a"], {"a": 1}])
def test_other_ids_are_refused(understood: Understood, column: str, wrong: object) -> None:
    with pytest.raises(InputError, match=f"'{column}' is .*, not text or an integer"):
        understood({column: wrong, "prompt": "p", "response": "r"})


@pytest.mark.parametrize("column", ["id", "prompt_id"])
def test_an_empty_id_is_refused(understood: Understood, column: str) -> None:
    with pytest.raises(InputError, match=f"'{column}' is empty"):
        understood({column: "", "prompt": "p", "response": "r"})


def test_a_null_id_is_none(understood: Understood) -> None:
    row = understood({"id": None, "prompt_id": None, "prompt": "p", "response": "r"})
    assert (row.item.id, row.grouped) == ("1", False)


def test_the_column_that_merging_writes_is_not_the_users(understood: Understood) -> None:
    record = {"prompt": "p", "response": "r", "merged_rows": 3}
    assert understood(record).item.meta == {"merged_rows": 3}
    with pytest.raises(InputError, match="the column 'merged_rows'"):
        understood({"prompt_id": "q", **record})


# --- several responses


@pytest.mark.parametrize("column", ["responses", "completions", "outputs", "generations"])
def test_responses_come_as_a_list_of_texts(understood: Understood, column: str) -> None:
    row = understood({"prompt": "p", column: ["a", "b", "c"]})
    assert row.item.responses == (Response("a"), Response("b"), Response("c"))


@pytest.mark.parametrize("key", ["text", "response", "content", "output"])
def test_responses_come_as_a_list_of_objects(understood: Understood, key: str) -> None:
    row = understood(
        {"prompt": "p", "responses": [{key: "a", "model": "phi-2", "family": "phi"}, {key: "b"}]}
    )
    assert row.item.responses == (Response("a", "phi-2", "phi"), Response("b"))
    assert row.item.meta == {}


@pytest.mark.parametrize("column", ["models", "generation_models"])
def test_models_may_be_a_list_beside_them(understood: Understood, column: str) -> None:
    row = understood({"prompt": "p", "responses": ["a", "b", "c"], column: ["m1", None, ""]})
    assert [one.model for one in row.item.responses] == ["m1", None, None]


def test_a_rows_model_and_family_hold_for_responses_without_one(understood: Understood) -> None:
    row = understood(
        {
            "prompt": "p",
            "responses": [{"text": "a", "model": "m1"}, "b"],
            "model": "m0",
            "family": "f",
        }
    )
    assert row.item.responses == (Response("a", "m1", "f"), Response("b", "m0", "f"))


def test_what_else_an_object_has_is_kept_by_position(understood: Understood) -> None:
    row = understood(
        {"prompt": "p", "completions": [{"response": "a", "score": 1}, {"response": "b"}, "c"]}
    )
    assert row.item.meta == {"completions": [{"score": 1}, {}, {}]}


def test_one_response_in_a_list_is_enough(understood: Understood) -> None:
    assert understood({"prompt": "p", "responses": ["a"]}).item.responses == (Response("a"),)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"responses": []}, "'responses' is an empty list"),
        ({"responses": ["a", ""]}, r"'responses\[1\]' is empty"),
        ({"responses": ["a", None]}, r"'responses\[1\]' is null, not text"),
        ({"responses": ["a", ["b"]]}, r"'responses\[1\]' is a list, not text"),
        ({"responses": [{"model": "m"}]}, r"'responses\[0\]' has no text"),
        ({"responses": [{"text": " "}]}, r"'responses\[0\].text' is empty"),
        ({"responses": [{"text": "a", "model": 3}]}, "'model' is a number"),
        ({"responses": ["a", "b"], "models": ["m"]}, "'models' has 1 entries, 'responses' has 2"),
        ({"responses": ["a"], "models": "m"}, "'models' is text, 'responses' has 1"),
        ({"responses": ["a"], "models": [3]}, "'models' holds a number"),
        ({"responses": [{"text": "a", "model": "m"}], "models": ["n"]}, "different models"),
    ],
)
def test_lists_of_responses_that_are_wrong(
    understood: Understood, record: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        understood({"prompt": "p", **record})


def test_a_list_reader_says_when_there_is_no_list(understood: Understood) -> None:
    with pytest.raises(InputError, match="no response; the row has 'prompt', 'response'"):
        understood({"prompt": "p", "response": "r"}, reader="responses")
    with pytest.raises(InputError, match="'outputs' is text, not a list of responses"):
        understood({"prompt": "p", "outputs": "r"}, reader="responses")


# --- chat


def test_the_last_assistant_turn_is_the_response(understood: Understood) -> None:
    row = understood(
        {
            "messages": [
                {"role": "system", "content": "Be brief."},
                user("hi"),
                assistant("ho"),
                user("so?"),
                assistant("done"),
            ],
            "model": "phi-2",
        }
    )
    assert row.item.responses == (Response("done", "phi-2"),)
    assert [turn.role for turn in row.item.prompt if isinstance(turn, Message)] == [
        "system",
        "user",
        "assistant",
        "user",
    ]
    assert row.item.meta == {}


@pytest.mark.parametrize("column", ["conversations", "conversation", "messages"])
def test_sharegpt_is_a_chat(understood: Understood, column: str) -> None:
    turns = [
        {"from": "system", "value": "s"},
        {"from": "human", "value": "hi"},
        {"from": "gpt", "value": "ho"},
    ]
    row = understood({column: turns})
    assert row.item.prompt == (Message("system", "s"), Message("user", "hi"))
    assert row.item.responses == (Response("ho"),)


def test_a_chat_may_have_its_response_in_a_column(understood: Understood) -> None:
    row = understood({"messages": [user("hi")], "response": "ho"})
    assert row.item.prompt == (Message("user", "hi"),)
    assert row.item.responses == (Response("ho"),)


def test_a_chat_may_have_several_responses_in_a_column(understood: Understood) -> None:
    row = understood({"messages": [user("hi")], "responses": ["a", "b"], "models": ["m", "n"]})
    assert row.item.prompt == (Message("user", "hi"),)
    assert row.item.responses == (Response("a", "m"), Response("b", "n"))


@pytest.mark.parametrize("column", ["messages", "prompt"])
def test_a_response_that_also_ends_the_chat_is_no_part_of_the_prompt(
    understood: Understood, column: str
) -> None:
    row = understood({column: [user("hi"), assistant("ho")], "response": "ho"})
    assert row.item.prompt == (Message("user", "hi"),)


@pytest.mark.parametrize("column", ["messages", "prompt"])
@pytest.mark.parametrize("other", [{"answer": "42"}, {"responses": ["a", "b"]}])
def test_two_candidates_for_the_response_are_refused(
    understood: Understood, column: str, other: dict[str, Any]
) -> None:
    with pytest.raises(InputError, match="ends with an assistant turn, and there is another"):
        understood({column: [user("hi"), assistant("ho")], **other})


def test_parts_of_text_are_joined(understood: Understood) -> None:
    parts = [{"type": "text", "text": "one"}, {"type": "input_text", "text": "two"}]
    row = understood({"messages": [{"role": "user", "content": parts}, assistant("ho")]})
    assert row.item.prompt == (Message("user", "one\ntwo"),)


@pytest.mark.parametrize(
    ("messages", "message"),
    [
        ([], "'messages' is an empty list"),
        ([user("hi")], "'messages' ends with a turn of the role 'user': no response"),
        ([assistant("ho")], "'messages' has no turn before the response"),
        ([user("hi"), assistant(" ")], r"'messages\[1\]' is empty"),
        (["hi", assistant("ho")], "turn 1 of 'messages' is text, not an object"),
        ([{"content": "hi"}, assistant("ho")], "turn 1 of 'messages' has no role"),
        ([{"role": "bard", "content": "hi"}, assistant("ho")], "has the role 'bard'"),
        ([{"role": 3, "content": "hi"}, assistant("ho")], "has the role a number"),
        ([{"role": "user"}, assistant("ho")], "'content' of turn 1 of 'messages' is null"),
        ([{"role": "user", "content": 3}, assistant("ho")], "is a number, not text"),
        ([{"from": "human", "value": None}, assistant("ho")], "'value' of turn 1"),
        (
            [{"role": "assistant", "content": "x", "tool_calls": [{"id": "1"}]}, assistant("ho")],
            "turn 1 of 'messages' calls a tool",
        ),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}, assistant("h")],
            "a part of the type 'image_url'; only text can be judged",
        ),
        ([{"role": "user", "content": ["hi"]}, assistant("ho")], "is no object with a type"),
        ([{"role": "user", "content": [{"type": "text"}]}, assistant("ho")], "has null as its"),
    ],
)
def test_chats_that_are_wrong(understood: Understood, messages: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        understood({"messages": messages}, reader="chat")


def test_a_chat_reader_says_when_there_is_no_chat(understood: Understood) -> None:
    with pytest.raises(InputError, match="no messages; the row has 'prompt', 'response'"):
        understood({"prompt": "p", "response": "r"}, reader="chat")
    with pytest.raises(InputError, match="'messages' is text, not a list of chat messages"):
        understood({"messages": "hi"}, reader="chat")


# --- recognising


@pytest.mark.parametrize(
    ("record", "reader"),
    [
        ({"prompt": "p", "response": "r"}, "plain"),
        ({"instruction": "p", "input": "", "output": "r", "generator": "m"}, "plain"),
        ({"input": [user("hi")], "output": "r"}, "plain"),
        ({"messages": [user("hi"), assistant("ho")]}, "chat"),
        (
            {"conversations": [{"from": "human", "value": "h"}, {"from": "gpt", "value": "g"}]},
            "chat",
        ),
        ({"messages": [user("hi")], "responses": ["a"]}, "chat"),
        ({"prompt": "p", "responses": ["a", "b"]}, "responses"),
        ({"instruction": "p", "generations": ["a"], "generation_models": ["m"]}, "responses"),
    ],
)
def test_a_shape_is_recognised(tmp_path: Path, record: object, reader: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(record))
    assert recognise(path).reader == reader


def test_two_shapes_at_once_are_not_guessed_between(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"prompt": "p", "response": "r", "responses": ["a", "b"]}))
    with pytest.raises(InputError, match=r"line 1: .*more than one reader") as caught:
        recognise(path)
    assert "--reader plain or --reader responses" in str(caught.value)
    assert recognise(path, "plain").columns["meta"] == ("responses",)
    (row,) = read(recognise(path, "responses"))
    assert isinstance(row, Row)
    assert row.item.meta == {"response": "r"}


def test_unknown_columns_alone_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1, "b": 2}\n')
    with pytest.raises(InputError, match="line 1: no reader knows these columns: 'a', 'b'"):
        recognise(path)


def test_an_unknown_reader_gets_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no reader 'chatt'; did you mean 'chat'"):
        recognise(tmp_path / "not-even-looked-for", "chatt")


def test_what_was_understood_can_be_told(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(
        '{"question": "q", "answer": "a"}\n{"question": "q", "answer": "b", "to\x7fpic": 3}\n'
    )
    source = recognise(path)
    assert source.columns == {
        "prompt": ("question",),
        "response": ("answer",),
        "meta": ("to\x7fpic",),
    }
    assert source.described() == (
        "JSON Lines, reader plain: prompt from 'question'; response from 'answer'; "
        r"kept as meta: 'to\x7fpic'"
    )


def test_first_rows_that_are_bad_do_not_hide_the_shape(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prompt"\n[1]\n{"x": 1}\n{"messages": []}\n{"prompt": "p", "response": "r"}')
    source = recognise(path, "plain")
    kinds = [type(row) for row in read(source, skip_bad=True)]
    assert kinds == [Rejected] * 4 + [Row]


def test_readers_are_listed() -> None:
    assert [name for name, _ in readers()] == ["chat", "plain", "responses"]
    assert all(summary and "\n" not in summary for _, summary in readers())


def test_an_installed_reader_of_another_tools_format_is_preferred(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "foreign_reader.py").write_text(
        "from w2s_judge.datasets import Reader, Record, Row\n"
        "from w2s_judge.types import Item, Response\n"
        "def parse(record):\n"
        "    text = record.take('response', 'output')\n"
        "    item = Item('x', '', (Response(text),), meta=record.rest())\n"
        "    return Row(item, False, record.line)\n"
        "READER = Reader('foreign', 'a tool', lambda v: 'sample_id' in v, parse, specific=True)\n"
    )
    info = tmp_path / "foreign-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[w2s_judge.readers]\nforeign = foreign_reader:READER\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    path = tmp_path / "rows.jsonl"
    path.write_text('{"sample_id": 7, "input": "p", "output": "r"}')
    source = recognise(path)
    assert source.reader == "foreign"
    (row,) = read(source)
    assert isinstance(row, Row)
    assert row.item.meta == {"sample_id": 7, "input": "p"}
    assert "foreign" in dict(readers())
