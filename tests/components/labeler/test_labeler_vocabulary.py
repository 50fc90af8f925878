"""Holds that every example written beside an entry of the vocabulary is read as it says."""

import pytest

from components.errors import ConfigurationError
from components.labeler import label_report
from components.labeler._lexicon import Example, expand, lexicon, read_vocabulary


@pytest.mark.parametrize("example", lexicon().examples, ids=lambda example: f"{example.file}:{example.sentence}")
def test_example_beside_an_entry_is_read_as_it_says(example: Example) -> None:
    assert label_report(example.sentence, "")[example.finding] is example.assertion


def test_pattern_stands_for_each_choice() -> None:
    assert expand("no|without [clear] effusion") == {
        ("no", "effusion"),
        ("no", "clear", "effusion"),
        ("without", "effusion"),
        ("without", "clear", "effusion"),
    }


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ('[[cue]]\nrole = "denies"\nphrases = ["no"]\nexamples = ["No effusion."]', "must read"),
        ('[[cue]]\nrole = "denis"\nphrases = ["no"]\nexamples = ["x"]', "wrong at cue.0.role"),
        ('[[cue]]\nrole = "denies"\nphrases = ["no"]\n', "wrong at cue.0.examples"),
        ('[[cue]\nrole = "denies"', "not valid TOML"),
        ('[[cue]]\nrole = "verb"\nphrases = ["effusion"]\nexamples = ["edema absent: No edema."]', "two entries"),
    ],
)
def test_wrong_entry_is_named_in_one_sentence(entry: str, sentence: str) -> None:
    effusion = '[[mention]]\nfindings = ["pleural_effusion"]\nphrases = ["effusion"]\nexamples = ["present: Effusion."]'
    with pytest.raises(ConfigurationError, match=sentence):
        read_vocabulary({"findings.toml": effusion, "cues.toml": entry})
