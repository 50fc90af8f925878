"""Base: the first model, trained on published data; champion where there is none to beat."""

from typing import Any

from prefect import flow

from components.settings import load_settings
from flows._card import write_card
from flows._fitting import Method, fit
from flows._judging import judge_first, promote, releases, require_look
from flows._modelling import check, freeze, register, registry, remember_scores, score, work_folder
from flows._steps import run_name
from flows._telling import say


@flow(name="base", flow_run_name=run_name("base"))
def base(site: str = "published", method: Method = Method.SUPERVISED) -> dict[str, Any]:
    """Trains the ensemble on `site`'s studies; it serves where no model serves yet."""
    settings = load_settings()
    releases(settings)
    folder = work_folder(settings, f"base-{site}")
    snapshot = freeze(site, settings, folder)
    require_look(snapshot, settings)
    checks = check(snapshot, site, settings, folder)
    trained = fit(snapshot, settings, folder, f"base-{site}", method=method)
    candidate = register(snapshot, trained, settings, folder=folder, run_name=f"base {site}")
    scores = score(candidate.bundle, snapshot)
    found, verdict = judge_first(snapshot, scores, candidate, checks, settings)
    card = write_card(
        folder,
        candidate=candidate,
        champion=None,
        snapshot=snapshot,
        found=found,
        verdict=verdict,
        checks=checks,
        scores=scores,
        site=site,
        settings=settings,
    )
    serving = registry(settings).champion_version()
    say(f"  mean AUC {found.mean_auc:.3f} on {found.patients} locked patients of {site}. {verdict.sentence}")
    passed = verdict.promoted and serving is None
    promoted = passed and promote(candidate, settings)
    if passed:  # also while it waits: once approved, it serves at once
        remember_scores(candidate.version, candidate.bundle, snapshot, settings)
    elif serving is not None:
        say(f"  version {serving} stays champion: only `radloop retrain` may replace it")
    return {
        "version": candidate.version,
        "mean_auc": found.mean_auc,
        "mean_auc_ci": list(found.mean_auc_ci),
        "promoted": promoted,
        "waits_for_approval": passed and not promoted,
        "sentence": verdict.sentence,
        "report_card": str(card),
    }
