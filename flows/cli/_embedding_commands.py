"""`radloop embed` and `fit-head`: what a model's networks make of images, and small heads on that."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table

from flows._telling import say, tell_at
from flows.cli._common import Common, clear_errors

PLAIN = Common()


def embed(*, site: str | None = None, model: str | None = None, common: Common = PLAIN) -> None:
    """Writes the embeddings of every catalogued image into Parquet files under HOME/embeddings/VERSION.

    Killed at any moment and run again, it embeds only what is missing; run after an ingest, only what is new. Columns:
    image, study, patient, view (pseudonyms throughout), model, and features, a fixed-size list of half-precision
    numbers: the pooled features of the model's networks side by side. SoloNet's networks see frontal images, DuoNet's
    lateral ones see laterals.

    Parameters
    ----------
    site
        Whose images; default: all sites'.
    model
        Version in the registry; default: the champion.
    """
    settings = common.settings()
    tell_at(common.console)
    with clear_errors():
        from flows.embedding import embed as work

        done = work(settings, site=site, version=model)
    common.answer({**asdict(done), "folder": str(done.folder)})
    if not common.json:
        say(f"{done.new} images embedded by model version {done.version}, {done.images} in all, in {done.folder}")


def fit_head(
    labels: Path | None = None, *, finding: str | None = None, model: str | None = None, common: Common = PLAIN
) -> None:
    """Fits a small head for any finding, one of the 14 or not, on frozen embeddings from few labels.

    A linear and a non-linear head learn from the training patients; the validation patients choose (where these have
    too few studies with the finding, both sides are judged in turn). The locked patients tell how good it is: where
    they show that it is better than chance, it is put into service, and the service answers it beside the 14. Each look
    at them is in the ledger. Without LABELS, all heads are fitted again, for a new champion say.

    Parameters
    ----------
    labels
        CSV: first column the study by its accession number (or Study Instance UID), as the hospital knows it or as a
        pseudonym, then one column a finding: 1 present, 0 absent, -1 or nothing: not known.
    finding
        The one column to read; default: all of them.
    model
        Version in the registry whose embeddings are used; default: the champion.
    """
    settings = common.settings()
    tell_at(common.console)
    with clear_errors():
        from flows.embedding import fit_heads

        heads = fit_heads(labels, settings, finding=finding, version=model)
    common.answer({"heads": heads})
    if not common.json:
        common.console.print(heads_table(heads))
        for head in heads:
            say(f"{head['finding']}: {head['reason']}")
        _tell_rows(heads[0])


def heads_table(heads: list[dict[str, Any]]) -> Table:
    """What each head learned from, and how good it is on the locked patients."""
    table = Table(box=None, title="Heads, judged on the locked patients", title_justify="left", padding=(0, 1))
    for heading in ("finding", "head", "learned from", "studies", "with it", "AUC (95 % interval)", ""):
        table.add_column(heading, justify="right" if heading in ("studies", "with it") else "left", overflow="fold")
    for head in heads:
        learned = list(head["learned_from"].values())
        table.add_row(
            head["finding"],
            head["kind"],
            f"{sum(side['positives'] for side in learned)}/{sum(side['studies'] for side in learned)}",
            str(head["n"]),
            str(head["positives"]),
            _auc(head),
            f"in service, version {head['version']}" if head["in_service"] else "not in service",
            style="bold" if head["in_service"] else None,
        )
    return table


def _auc(head: dict[str, Any]) -> str:
    if head["auc"] is None:
        return "–"
    interval = "" if head["auc_ci"] is None else " ({:.3f}–{:.3f})".format(*head["auc_ci"])
    return f"{head['auc']:.3f}{interval}"


def _tell_rows(head: dict[str, Any]) -> None:
    """Rows of the table that came to nothing."""
    if head["unknown"]:
        say(f"{head['unknown']} of {head['rows']} rows name no study of this catalog")
    if head["shared"]:
        say(f"{head['shared']} of {head['rows']} rows have an accession number of several studies: left out")
    if head["without_frontal"]:
        say(f"{head['without_frontal']} labelled studies have no frontal image")
