"""De-identified text's XXXX where the author wrote "likely"."""

from components.findings import Finding
from components.labeler._lexicon import Role
from components.labeler._open import OpenScopes
from components.labeler._tagging import Element

_ADJECTIVES = frozenset({Role.MEASURE, Role.PLACE, Role.STEADY, Role.STATE})
_MOST_ADJECTIVES = 3
_BLUNTED_WITHIN = 4


def scrubbed_likely(scope: OpenScopes, index: int) -> Element | None:
    """ "… opacity, XXXX atelectasis": the scrubbed word that stood for "likely" before the mention at `index`."""
    element, place = scope.elements[index], index - 1
    while scope.role(place) in _ADJECTIVES and not scope.is_scrubbed(place):
        place -= 1
    if not scope.is_scrubbed(place):
        return None
    scrubbed = scope.elements[place]
    while scope.is_scrubbed(place - 1):
        place -= 1
    before = scope.elements[place - 1] if place else None
    if before is None:
        alone = element.entry.diagnosis and scrubbed.start == 0 and element.start == 1
        return scrubbed if alone else None
    touching = before.end == scope.elements[place].start
    if not touching or element.start - scrubbed.end > _MOST_ADJECTIVES:
        return None
    if element.entry.diagnosis:
        return scrubbed if before.role in {Role.COMMA, Role.MENTION} else None
    blunted = any(one.blunts for one in scope.elements[max(0, place - 1 - _BLUNTED_WITHIN) : place])
    return scrubbed if blunted and Finding.PLEURAL_EFFUSION in element.entry.findings else None


def follows_scrubbed_likely(scope: OpenScopes, index: int) -> bool:
    """ "Heart size XXXX mildly enlarged": the scrubbed word between a structure and its state stood for "likely"."""
    place = index - 1
    if scope.role(place) is Role.MEASURE and not scope.is_scrubbed(place):
        place -= 1
    if not scope.is_scrubbed(place):
        return False
    return scope.role(place - 1) in {Role.ANATOMY, Role.VERB}
