"""Retrain: fine-tune the champion on the hospital's studies, prove it on locked patients, promote it only on proof."""

from typing import Any

from prefect import flow

from components.errors import ModelError
from components.promotion import Alias
from components.settings import load_settings
from flows._card import write_card
from flows._fitting import fit
from flows._judging import judge, promote, releases, require_look
from flows._modelling import check, freeze, register, registry, remember_scores, score, work_folder
from flows._steps import run_name
from flows._telling import say
from flows.embedding import refit_heads


@flow(name="retrain", flow_run_name=run_name("retrain"))
def retrain(site: str | None = None) -> dict[str, Any]:
    """One turn of the loop on a hospital's studies; the answer says what the gate decided and why.

    Raises:
        ModelError: there is no champion to start from.
        GateError: the looks at the locked patients are spent.
        DataQualityError, SnapshotError, TrainingError: the data or the training do not allow it.
    """
    settings = load_settings()
    site = site or settings.site
    shelf = registry(settings)
    releases(settings)
    if shelf.champion_version() is None:
        raise ModelError("There is no champion to fine-tune: run `radloop pretrain` on published data first.")
    champion = shelf.fetch(Alias.CHAMPION, settings.home / "models")
    folder = work_folder(settings, f"retrain-{site}")
    snapshot = freeze(site, settings, folder)
    require_look(snapshot, settings)
    checks = check(snapshot, site, settings, folder)
    trained = fit(snapshot, settings, folder, f"retrain-{site}", base=champion)
    candidate = register(snapshot, trained, settings, folder=folder, run_name=f"retrain {site}", base=champion.name)
    champion_scores, scores = score(champion, snapshot), score(candidate.bundle, snapshot)
    found, verdict = judge(
        snapshot,
        champion_scores,
        scores,
        champion=champion,
        candidate=candidate,
        checks=checks,
        settings=settings,
    )
    card = write_card(
        folder,
        candidate=candidate,
        champion=champion.name,
        snapshot=snapshot,
        found=found,
        verdict=verdict,
        checks=checks,
        scores=scores,
        site=site,
        settings=settings,
    )
    # The champion had not yet learned from the new studies: what it says of them shows which labels are doubtful.
    remember_scores(champion.name, champion, snapshot, settings)
    promoted = verdict.promoted and promote(candidate, settings)
    if promoted:
        refit_heads(settings)
    if verdict.promoted:  # also while it waits: once approved, it serves at once
        remember_scores(candidate.version, candidate.bundle, snapshot, settings)
    if not promoted:
        say(f"  version {champion.name} stays champion")
    return {
        "version": candidate.version,
        "champion_before": champion.name,
        "champion": candidate.version if promoted else champion.name,
        "promoted": promoted,
        "waits_for_approval": verdict.promoted and not promoted,
        "sentence": verdict.sentence,
        "clauses": verdict.to_json()["clauses"],
        "comparison": found.to_json(),
        "bootstrap_p": found.overall.bootstrap_p,
        "report_card": str(card),
    }
