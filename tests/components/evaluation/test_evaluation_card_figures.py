"""Holds that the training curves can be drawn whatever the figures were."""

from hypothesis import given
from hypothesis import strategies as st

from components.evaluation import CurvePoint
from components.evaluation._card_figures import training_figures

_FIGURE = st.floats(0, 1e6, allow_nan=False) | st.just(float("nan"))


@given(st.lists(st.tuples(_FIGURE, _FIGURE, _FIGURE), min_size=1, max_size=8))
def test_any_training_can_be_drawn(figures: list[tuple[float, float, float]]) -> None:
    points = tuple(
        CurvePoint(epoch=epoch, train_loss=train, validation_loss=validation, validation_auc=auc)
        for epoch, (train, validation, auc) in enumerate(figures, start=1)
    )
    assert all("<svg" in str(figure) for figure in training_figures(points))
