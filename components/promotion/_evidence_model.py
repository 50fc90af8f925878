"""Evidence: what the model is made of, and how it is to be read."""

from components.evaluation import LabelVerdict, label_title
from components.promotion._evidence_types import Fact, Grid, Section
from components.promotion._records import ReleaseRecords, entry_name


def security(records: ReleaseRecords) -> Section:
    """Hashes of the model's files, and the software that made and judged it."""
    facts = [
        Fact(name="Weights", value="safetensors: data, no code", source="files of the bundle"),
        Fact(name="SHA-256 over the bundle's files", value=records.bundle_sha256, source="MLflow registry, verified"),
    ]
    materials = records.materials
    if records.verdict is not None:
        digest = records.verdict.body.get("bill_of_materials_sha256")
        facts.append(Fact(name="Bill of materials' SHA-256", value=digest, source=entry_name(records.verdict)))
    if materials is None:
        return Section(title=_SECURITY, asked=_SECURITY_ASKED, facts=tuple(facts), missing=("the bill of materials",))
    for found in materials["metadata"]["properties"]:
        facts.append(Fact(name=found["name"].capitalize(), value=found["value"], source=_BILL))
    components = Grid(
        title=f"Bill of materials: {len(materials['components'])} components",
        columns=("component", "version", "SHA-256 of its RECORD"),
        rows=tuple(
            (each["name"], each["version"], each["hashes"][0]["content"] if "hashes" in each else None)
            for each in materials["components"]
        ),
        source=_BILL,
        long=True,
    )
    return Section(title=_SECURITY, asked=_SECURITY_ASKED, facts=tuple(facts), grids=(components,))


_SECURITY, _SECURITY_ASKED = "Cybersecurity", "What the model and the program are made of, and how alteration is seen."
_BILL = "bill-of-materials.json of the version (CycloneDX 1.6)"


def model_card(records: ReleaseRecords) -> Section:
    """What the model takes and gives, and how its answers are read."""
    bundle, source = records.bundle, f"bundle.json of version {records.version}"
    facts = (
        Fact(name="Takes", value="frontal chest radiographs, with a lateral where there is one"
             if records.config.get("duo") else "frontal chest radiographs", source="config.json of the bundle"),
        Fact(name="Picture's side, pixels", value=bundle.preprocessing.size, source=source),
        Fact(name="Black borders cut", value=bundle.preprocessing.crop_borders, source=source),
        Fact(name="Version of the pictures' preparation", value=bundle.preprocessing.version, source=source),
        Fact(name="Version of the report labeller", value=bundle.labeler_version, source=source),
        Fact(name="Gives", value=f"probabilities of {len(bundle.findings)} findings", source=source),
    )  # fmt: skip
    answers = Grid(
        title="Answers",
        columns=("finding", "present at or above", "calibration"),
        rows=tuple(
            (each.value, bundle.thresholds.get(each), _map_text(records, each.value)) for each in bundle.findings
        ),
        source=source,
    )
    settings = Grid(
        title="Settings of the training",
        columns=("setting", "value"),
        rows=tuple(sorted(records.parameters.items())),
        source=f"parameters of MLflow run {records.model.run_id}",
        long=True,
    )
    return Section(
        title="Model card",
        asked="What the model takes, gives, and does not know.",
        facts=(*facts, *_limits(records)),
        grids=(answers, settings),
    )


def _map_text(records: ReleaseRecords, finding: str) -> str:
    chosen = records.bundle.calibration.maps.get(finding)
    if chosen is None:
        return "none"
    if chosen.kind == "logit":
        line = f"logit × {chosen.slope:.3f} + {chosen.intercept:.3f}".replace("+ -", "− ")
        return chosen.reason or line
    return f"isotonic, {len(chosen.scores)} knots"


def _limits(records: ReleaseRecords) -> tuple[Fact, ...]:
    labels = (records.results or {}).get("labels", ())
    few = [
        label_title(each["label"])
        for each in labels
        if not each.get("judged", each.get("verdict") != LabelVerdict.TOO_FEW)
    ]
    judged_on = (
        None if records.look is None else f"{records.look.body['patients']:,} patients of {records.look.body['site']}"
    )
    return (
        Fact(
            name="Not judged: too few positives", value=", ".join(few) or "none", source="results.json of the version"
        ),
        Fact(name="Judged on", value=judged_on, source="ledger" if records.look is None else entry_name(records.look)),
    )
