"""Holds that what other labellers read wrong is read right (FIELD.md), LABELING.md's rules, other hospitals' styles."""

import pytest

from components.findings import Assertion, Finding
from components.labeler import label_report

F, P, A, U, N = Finding, Assertion.PRESENT, Assertion.ABSENT, Assertion.UNCERTAIN, Assertion.UNMENTIONED

REPORTED_WRONG = [
    ("No rib fracture.", F.FRACTURE, A),
    ("No evidence of focal airspace consolidation large pleural effusion or pneumothorax", F.CONSOLIDATION, A),
    ("No evidence of focal airspace consolidation large pleural effusion or pneumothorax", F.PLEURAL_EFFUSION, A),
    ("No evidence of focal airspace consolidation large pleural effusion or pneumothorax", F.PNEUMOTHORAX, A),
    ("The lungs are normally inflated without evidence of focal airspace disease. There is no evidence of "
     "pneumothorax or large pleural effusion.", F.LUNG_OPACITY, A),
    ("The lungs are normally inflated without evidence of focal airspace disease. There is no evidence of "
     "pneumothorax or large pleural effusion.", F.PLEURAL_EFFUSION, A),
    ("Heart and mediastinum normal.", F.CARDIOMEGALY, A),
    ("Heart and mediastinum normal.", F.ENLARGED_CARDIOMEDIASTINUM, A),
    ("There are nodular opacities that most likely represent nipple shadows.", F.LUNG_LESION, N),
    ("The examination is negative for pneumothorax.", F.PNEUMOTHORAX, A),
    ("The chest is negative for focal consolidation, effusion, or pneumothorax.", F.PLEURAL_EFFUSION, A),
]  # fmt: skip

TRAPS = [
    ("Platelike atelectasis at the left base.", F.SUPPORT_DEVICES),
    ("No evidence of tuberculosis.", F.SUPPORT_DEVICES),
    ("Elastic recoil of the lung is preserved.", F.SUPPORT_DEVICES),
    ("The findings support the diagnosis of emphysema.", F.SUPPORT_DEVICES),
    ("Repeat with nipple markers.", F.SUPPORT_DEVICES),
    ("Portable view.", F.SUPPORT_DEVICES),
    ("The trachea is midline.", F.SUPPORT_DEVICES),
    ("Clumped calcifications at the hilum.", F.LUNG_LESION),
    ("There is mass effect on the trachea.", F.LUNG_LESION),
    ("Known breast mass.", F.LUNG_LESION),
    ("Body mass index above 30.", F.LUNG_LESION),
    ("Calcified granuloma in the left lower lobe.", F.LUNG_LESION),
    ("The diaphragmatic contour is normal.", F.ENLARGED_CARDIOMEDIASTINUM),
    ("The trachea is midline.", F.ENLARGED_CARDIOMEDIASTINUM),
    ("Prominent hilum.", F.ENLARGED_CARDIOMEDIASTINUM),
    ("Opacity behind the heart is prominent.", F.CARDIOMEGALY),
    ("Heart size is stable.", F.CARDIOMEGALY),
    ("Vertebral collapse at T12.", F.ATELECTASIS),
    ("Low lung volumes.", F.ATELECTASIS),
    ("Knee joint effusion.", F.PLEURAL_EFFUSION),
    ("Small pericardial effusion.", F.PLEURAL_EFFUSION),
    ("Scarcity of lung markings.", F.PLEURAL_OTHER),
    ("There is a scarcity of prior films.", F.LUNG_OPACITY),
    ("No focal consolidation.", F.LUNG_OPACITY),
    ("No acute bony abnormality.", F.FRACTURE),
    ("Osseous structures are intact.", F.FRACTURE),
    ("Status post CABG and sternotomy.", F.SUPPORT_DEVICES),
    ("Clear lungs. No acute cardiopulmonary abnormality.", F.LUNG_OPACITY),
]

RULES = [
    ("A 1.5 cm nodule is seen in the left lung.", F.LUNG_LESION, P),
    ("Previously seen effusion has resolved.", F.PLEURAL_EFFUSION, A),
    ("History of pneumonia.", F.PNEUMONIA, N),
    ("Rule out pneumonia.", F.PNEUMONIA, N),
    ("NO FOCAL CONSOLIDATION. STABLE CARDIOMEGALY.", F.CARDIOMEGALY, P),
    ("NO FOCAL CONSOLIDATION. STABLE CARDIOMEGALY.", F.CONSOLIDATION, A),
    ("Small haemothorax; no pneumothorax.", F.PLEURAL_EFFUSION, P),
    ("Interstitial oedema.", F.EDEMA, P),
    ("Lung tumour in the right upper lobe.", F.LUNG_LESION, P),
    ("No ptx. LLL pna.", F.PNEUMOTHORAX, A),
    ("No ptx. LLL pna.", F.PNEUMONIA, P),
    ("Heart: Normal in size.\nLungs: No infiltrate.\nPleura: No effusion.", F.CARDIOMEGALY, A),
    ("Heart: Normal in size.\nLungs: No infiltrate.\nPleura: No effusion.", F.LUNG_OPACITY, A),
    ("Pneumothorax: None.", F.PNEUMOTHORAX, A),
    ("[NAME] was told on [DATE] of the right pneumothorax.", F.PNEUMOTHORAX, P),
    ("Compared with [DATE], there is no ___ change in the left pleural effusion.", F.PLEURAL_EFFUSION, P),
    ("___ pleural effusion has increased.", F.PLEURAL_EFFUSION, P),
    ("Opacity XXXX representing atelectasis.", F.ATELECTASIS, U),
    ("Opacity XXXX representing atelectasis.", F.LUNG_OPACITY, P),
    ("Atelectasis/airspace disease at the left base.", F.LUNG_OPACITY, U),
    ("Heart size is at the upper limits of normal.", F.CARDIOMEGALY, U),
    ("Effusion vs. pleural thickening.", F.PLEURAL_OTHER, U),
    ("Prominent pulmonary vasculature, possibly from fluid status.", F.EDEMA, P),
    ("Multiple old healed rib fractures.", F.FRACTURE, P),
    ("Compression deformity of T8.", F.FRACTURE, P),
    ("Anterior wedging of T8.", F.FRACTURE, U),
    ("Interval removal of the chest tube.", F.SUPPORT_DEVICES, A),
    ("No pneumothorax.Heart size is enlarged.", F.CARDIOMEGALY, P),
    ("No pneumothorax or effusion but there is atelectasis.", F.ATELECTASIS, P),
    ("Resolving pneumonia.", F.PNEUMONIA, P),
    ("Effusion has not resolved.", F.PLEURAL_EFFUSION, P),
    ("Pneumonia?", F.PNEUMONIA, U),
    ("The heart is not enlarged.", F.CARDIOMEGALY, A),
    ("No pneumothorax, heart is enlarged.", F.CARDIOMEGALY, P),
    ("The aorta is prominent, heart size is normal.", F.CARDIOMEGALY, A),
]

OTHER_HOSPITALS = [
    ("RLL opacity c/f PNA.", F.PNEUMONIA, U),
    ("RLL opacity c/f PNA.", F.LUNG_OPACITY, P),
    ("Mild CHF w/ small bilat effusions.", F.EDEMA, P),
    ("Mild CHF w/ small bilat effusions.", F.PLEURAL_EFFUSION, P),
    ("Findings c/w CHF.", F.EDEMA, P),
    ("s/p CABG.", F.SUPPORT_DEVICES, N),
    ("ETT and NGT in standard position.", F.SUPPORT_DEVICES, P),
    ("heart normal lungs clear no effusion no ptx", F.CARDIOMEGALY, A),
    ("heart normal lungs clear no effusion no ptx", F.PLEURAL_EFFUSION, A),
    ("heart normal lungs clear no effusion no ptx", F.PNEUMOTHORAX, A),
    ("No pneumothorax effusion consolidation.", F.CONSOLIDATION, A),
    ("LUNGS: Clear. HEART: Normal size. BONES: No fracture.", F.FRACTURE, A),
    ("In comparison with the study of ___, the monitoring and support devices remain in place.", F.SUPPORT_DEVICES, P),
    ("Lines and tubes: none.", F.SUPPORT_DEVICES, A),
    ("Collapse/consolidation at the left base.", F.CONSOLIDATION, U),
    ("Upper lobe blood diversion in keeping with cardiac failure.", F.EDEMA, P),
    ("Patchy shadowing in the left mid zone.", F.LUNG_OPACITY, P),
    ("Cardiomegally with pul. oedema.", F.CARDIOMEGALY, P),
    ("Pneumothorax is minimal, if any.", F.PNEUMOTHORAX, U),
    ("Pneumothorax absent", F.PNEUMOTHORAX, A),
    ("Atelectasis or, less likely, pneumonia at the left base.", F.PNEUMONIA, U),
    ("No large pleural effusion; small effusions cannot be excluded.", F.PLEURAL_EFFUSION, U),
    ("Status post right upper lobectomy for lung cancer.", F.LUNG_LESION, N),
    ("No pneumothorax after chest tube removal.", F.SUPPORT_DEVICES, A),
    ("No acute fracture is identified, but nondisplaced fractures may be missed.", F.FRACTURE, A),
    ("Skin fold simulating pneumothorax.", F.PNEUMOTHORAX, A),
    ("Cannon ball metastases.", F.LUNG_LESION, P),
    ("Patient treated for pneumonia. Lungs now clear.", F.PNEUMONIA, N),
]


@pytest.mark.parametrize(("text", "finding", "assertion"), REPORTED_WRONG + RULES + OTHER_HOSPITALS)
def test_statement_is_read(text: str, finding: Finding, assertion: Assertion) -> None:
    assert label_report(text, "")[finding] is assertion


@pytest.mark.parametrize(("text", "finding"), TRAPS)
def test_word_that_only_looks_like_a_mention_labels_nothing(text: str, finding: Finding) -> None:
    assert label_report(text, "")[finding] is Assertion.UNMENTIONED
