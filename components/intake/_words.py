"""The words by which vendors and hospitals name regions, views and processing, without accents.

English, German, French, Spanish, Portuguese, Italian, Dutch, Polish, Scandinavian and a little beyond. A word that
means something else in another of these languages ("main", "des", "pie") is left out.
"""

import re

from components.catalog import View


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


CHEST = _any_of(
    r"chest|thora[xck]|torax|torac|cxr|brustkorb|hemithorax|poumon|\bpulmon(?:es|e|i)?\b|polmon|\bpecho\b",
    r"\blung(?:s|e|en|or)?\b",  # not "Darstellung"
    r"piersiow|\bpluc\w*|hrudn|gogus|akciger|грудн|θωρακ|θώρακ|胸|흉부",
    r"51185008|t-d3000",
)
SPINE = _any_of(
    r"\b(?:thora|tora)\w*[\s/.-]*(?:spine|vertebra\w*|wirbel\w*|wervel\w*|rygg\w*)",
    r"\b(?:spine|rachis|rachide|columna|colonna|coluna|colonne)\s+(?:vertebra\w*\s+)?(?:thora|tora|dors)\w*",
    r"\b(?:thoraco|toraco)[\s-]*(?:lumb|lomb|abdom)\w*|\bbrustwirbel\w*",
)
ELSEWHERE = _any_of(
    r"\b(?:abdom\w*|addome|buik|kub|pelvi\w*|becken|backen|bekken|bassin|bacino|bacia|hips?|hufte|huft\w*|hanche|cadera|anca"
    r"|quadril|heup|femur|cuisse|knees?|knie|genou\w*|rodilla|ginocchio|joelho|tibia|fibula|legs?|jambe|pierna|gamba|perna"
    r"|(?:ober|unter)schenkel|ankles?|cheville|tobillo|caviglia|tornozelo|enkel|sprunggelenk|foot|feet|fuss|pied|piede"
    r"|voet|calcaneus|toes?|zehe\w*|orteil|hands?|handgelenk|mano|wrist|poignet|muneca|polso|punho|pols|fingers?|doigt|dedo"
    r"|dito|thumb|elbow|ellenbogen|coude|codo|gomito|cotovelo|elleboog|forearm|unterarm|humerus|oberarm|shoulders?|schulter"
    r"|epaule|hombro|spalla|ombro|schouder|clavicle|clavicula|scapula|arm|[tlch]?[\s-]?spine|lumbar|cervical|sacrum|coccyx"
    r"|[bhl]ws|wirbel\w*|rachis|rachide|columna|colonna|coluna|wervel\w*|skull|schadel|crane|craneo|cranio|schedel|head|neck"
    r"|nasal|sinus\w*|facial|orbit\w*|mandible|kiefer|teeth|dental|breast|mammo\w*|extremity|whole body)\b",
    r"локоть|колен|кисть|стоп|таз|череп|позвон",
)
OTHER_PROJECTION = _any_of(
    r"\b(?:obl|obliques?|oblicu[ao]s?|obliqu[ao]s?|schrag\w*|skos\w*)\b",
    r"\blordot\w*|\blordos\w*|\bapical\b|\bswimmers?\b|\btangential\w*",
    # "decubitus" by itself is a lateral decubitus film; "decubitus dorsal", "decubito supino" is lying on the back.
    r"\b(?:left|right|lateral|lat|ventral|l|r)\s*decub\w*|\bdecub\w*\s+(?:lat|left|right|izq|der|gauche|droit|sin|des)\w*",
    r"(?<!supine )(?<!dorsal )\bdecub(?:itus)?\b(?!\s+(?:dors|supin|ventr|pron))",
)
OTHER_PROCESSING = _any_of(
    r"bone[\s-]*(?:supp\w*|free|only|image)|rib[\s-]*supp\w*|soft[\s-]*(?:tissue[\s-]*image|view)|\bdes[\s-]+(?:soft|bone)",
    r"dual[\s-]*energy|energy[\s-]*subtr\w*|subtract\w*|subtrak\w*|tomosynth\w*|volumerad|clear\s?read|companion\b",
    r"(?:tubes?|lines?|catheters?|ptx|pneumothorax)[\s,&/+-]*(?:and|tubes?|lines?)*[\s-]*(?:visuali[sz]|enhanc|view)\w*",
    r"\bcad\b|heat\s?map|saliency|\binverted\b|\binvers[eo]?\b",
)
VIEWS = (
    (
        View.LATERAL,
        _any_of(
            r"\b(?:lat|lateral\w*|latero-?\s?lateral\w*|ll|rl|seitl\w*|profile?|perfil|boczn\w*|zijdeling\w*|sida|sidebild)\b"
        ),
    ),
    (View.PA, _any_of(r"\bp[.\-/]{0,2}\s?a\b", r"\b(?:postero-?\s?anterior\w*|dorso-?\s?ventral\w*)")),
    (
        View.AP,
        _any_of(
            r"\ba[.\-/]{0,2}\s?p\b",
            r"\b(?:antero-?\s?posterior\w*|ventro-?\s?dorsal\w*|portable|portatil\w*|bedside|bettlunge|bettaufnahme)\b",
            r"\b(?:supin[eo]|liegend|im liegen|au lit|allettat\w*|a letto|encamad\w*|liggend\w*|zaal\w*|lezac\w*)\b",
            r"\bdecub\w*\s+(?:dors|supin)\w*",
        ),
    ),
)
