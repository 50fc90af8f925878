"""medspaCy or negspacy over texts, run by the peers' Python: phrases and texts in on stdin, labels and seconds out.

Both get the same phrases on a blank English pipeline with rule-based sentences. A label is as CheXpert aggregates with
the committed positive first: 1 over -1 over 0.
"""

import json
import re
import sys
import time
import warnings
from typing import Any

warnings.simplefilter("ignore")

WEIGHT = {0: 1, -1: 2, 1: 3}
HEALTHY = ["normal", "unremarkable", "within normal limits", "normal limits", "not enlarged"]


def token_pattern(phrase: str) -> list[dict[str, Any]]:
    """spaCy's pattern for a phrase whose last word may go on: "opaci" finds opacity and opacities."""
    *whole, last = phrase.split()
    return [{"LOWER": word} for word in whole] + [{"LOWER": {"REGEX": "^" + re.escape(last)}}]


def medspacy_pipeline(phrases: dict[str, list[str]]) -> Any:
    """medspaCy 1.3 with its own ConText rules, and words of health as negations, as CheXpert's rules have them."""
    import medspacy
    from loguru import logger
    from medspacy.context import ConTextRule
    from medspacy.target_matcher import TargetRule

    logger.remove()  # its sentence splitter logs each token otherwise
    nlp = medspacy.load(medspacy_enable=["medspacy_pyrush", "medspacy_target_matcher", "medspacy_context"])
    nlp.get_pipe("medspacy_target_matcher").add(
        [TargetRule(phrase, name, pattern=token_pattern(phrase)) for name, all_ in phrases.items() for phrase in all_]
    )
    nlp.get_pipe("medspacy_context").add(
        [
            ConTextRule(words, "NEGATED_EXISTENCE", direction="BIDIRECTIONAL",
                        allowed_types={"cardiomegaly", "enlarged_cardiomediastinum"})
            for words in HEALTHY
        ]
    )  # fmt: skip
    return nlp


def negspacy_pipeline(phrases: dict[str, list[str]]) -> Any:
    """negspacy with its clinical term set, behind spaCy's entity ruler."""
    import spacy
    from negspacy.negation import Negex  # noqa: F401  # registers the pipe
    from negspacy.termsets import termset

    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns(
        [{"label": name, "pattern": token_pattern(phrase)} for name, all_ in phrases.items() for phrase in all_]
    )
    terms = termset("en_clinical")
    terms.add_patterns({"following_negations": HEALTHY})
    nlp.add_pipe("negex", config={"neg_termset": terms.get_patterns(), "ent_types": list(phrases)})
    return nlp


def code_of(entity: Any) -> int | None:
    """1, 0 or -1; None for history and for what is only considered."""
    marks = entity._
    if marks.has("negex"):
        return 0 if marks.negex else 1
    if marks.is_negated:
        return 0
    if marks.is_historical or marks.is_family:
        return None
    return -1 if marks.is_uncertain or marks.is_hypothetical else 1


def labels_of(document: Any) -> dict[str, int]:
    """One document's labels."""
    labels: dict[str, int] = {}
    for entity in document.ents:
        code = code_of(entity)
        if code is not None and WEIGHT[code] > WEIGHT.get(labels.get(entity.label_, 9), 0):
            labels[entity.label_] = code
    if all(code == 0 for name, code in labels.items() if name != "support_devices"):
        labels["no_finding"] = 1
    return labels


def main(peer: str) -> None:
    """Reads every text once unmeasured, once on the clock."""
    given = json.load(sys.stdin)
    nlp = {"medspaCy": medspacy_pipeline, "negspacy": negspacy_pipeline}[peer](given["phrases"])
    labels = [labels_of(nlp(text)) for text in given["texts"]]
    start = time.process_time()
    for text in given["texts"]:
        labels_of(nlp(text))
    json.dump({"labels": labels, "seconds": time.process_time() - start}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
