"""Holds that any text is read, in time linear in its length."""

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.findings import FINDINGS
from components.labeler import explain, label_report, split_sections
from components.labeler._lexicon import Node, lexicon

LENGTH = 100_000
LONGEST = 1_000_000
SECONDS = 5.0  # a tenth of that alone on a core, a megabyte in half a second; the slack is for a busy machine


def _vocabulary(node: Node) -> set[str]:
    return set(node.following).union(*(_vocabulary(child) for child in node.following.values()))


WORDS = sorted(_vocabulary(lexicon().root))


def _hostile() -> dict[str, str]:
    draw = random.Random(0)  # noqa: S311
    repeated = {
        "dots": ".", "spaces": " ", "lines": "\n", "brackets": "((", "dashes": " - ", "headings": "\n FINDINGS:",
        "list": "pneumothorax, or effusion, or ", "states": "normal heart is enlarged ", "hedges": "may be possible ",
        "after": "effusion cannot be excluded resolved ", "innocent": "opacity is nipple calcified ",
        "fractures": "fracture is ", "question": "? ", "markup": "<br", "vessels": "indistinct vascularity ",
        "scars": "blunting of the costophrenic angle scar ", "elsewhere": "effusion not seen on prior ",
        "clips": "opacity representing surgical clip ", "scrubbed": "effusion, xxxx xxxx left ",
    }  # fmt: skip
    texts = {name: (text * (LENGTH // len(text) + 1))[:LENGTH] for name, text in repeated.items()}
    texts["hearts then normals"] = "heart " * (LENGTH // 12) + "normal " * (LENGTH // 14)
    texts["mentions then cues"] = "effusion " * (LENGTH // 18) + "resolved " * (LENGTH // 18)
    texts["vocabulary"] = " ".join(draw.choice(WORDS) for _ in range(LENGTH // 7))
    texts["vocabulary list"] = ", ".join(draw.choice(WORDS) for _ in range(LENGTH // 8))
    return texts


@pytest.mark.parametrize("text", _hostile().values(), ids=_hostile().keys())
def test_hostile_text_is_read_in_linear_time(text: str) -> None:
    start = time.process_time()
    label_report(text, "")
    split_sections(text)
    explain(text, "")
    assert time.process_time() - start < SECONDS


def test_a_megabyte_of_the_vocabulary_takes_about_a_second() -> None:
    text = _hostile()["vocabulary list"] * (LONGEST // LENGTH)
    start = time.process_time()
    label_report(text, "")
    assert time.process_time() - start < SECONDS


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=200), st.lists(st.sampled_from([*WORDS, ".", "\n", "XXXX", "[NAME]"]), max_size=40))
def test_any_text_gets_fourteen_labels_and_explanations(noise: str, words: list[str]) -> None:
    text = " ".join(words)
    for findings, impression in ((noise, text), (text, noise), (text.upper(), noise)):
        assert tuple(label_report(findings, impression)) == FINDINGS
        for one in explain(findings, impression):
            assert one.mention in one.sentence
            assert one.cue in one.sentence
