"""An invented hospital: DICOM studies and reports, from drawn chests or from given pictures and texts."""

from components.simulator._export import HospitalSummary
from components.simulator._given import write_hospital_from
from components.simulator._hospital import write_hospital
from components.simulator._look import Site

__all__ = ["HospitalSummary", "Site", "write_hospital", "write_hospital_from"]
