"""A whole invented hospital comes in: everything matched, every view known, no marker of anybody anywhere."""

import csv

from components.simulator import write_hospital

CLINICAL = ("The", "No", "lungs", "heart")


def test_an_invented_hospital_comes_in_whole_and_nobody_is_named(hospital):
    made = write_hospital(hospital.inbox, studies=12, seed=5, site="local", size=64)
    with (hospital.inbox / "identities.csv").open(newline="", encoding="utf-8") as file:
        wanted = {row["marker"].lower().encode() for row in csv.DictReader(file)}
    result = hospital.ingest(hospital.inbox / "export")
    assert result.as_json() == {
        "received": made.images + made.reports, "accepted": made.images + made.reports, "duplicates": 0, "waiting": 0,
        "quarantined": {},
    }  # fmt: skip
    assert "UNKNOWN" not in set(hospital.catalog.images()["view"])
    assert hospital.catalog.studies()["report"].notna().all()
    left = hospital.downstream().lower()
    assert len(wanted) > 100
    assert not [marker for marker in wanted if marker in left]
    texts = " ".join(hospital.catalog.reports()["findings"])
    assert "[" not in texts.replace("[NAME]", ""), "findings of these reports hold no date, number or address"
    assert any(word in texts for word in CLINICAL)
