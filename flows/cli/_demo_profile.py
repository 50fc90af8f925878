"""What the demo shrinks so that two cores do the whole loop in minutes; the code path is the full one."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DemoProfile:
    """Sizes of one demo: studies of each site (0: all there are), and the settings written to its radloop.toml."""

    studies: int
    toml: str
    shrunk: tuple[str, ...]


DRAWN = DemoProfile(
    studies=560,
    shrunk=(
        "pictures: 256 px drawn, 64 px seen by the model (a hospital: 512)",
        "studies: 560 a site (a hospital: thousands)",
        "ensemble: DenseNet-121 alone (a hospital: with ResNeXt-50 and MobileNetV2)",
        "views: frontal images alone (a hospital: DuoNet judges them with the lateral, where there is one)",
        "epochs: 6, with AdamW (a hospital: up to 100 with SGD and early stopping, as published)",
    ),
    toml="""\
# Written by `radloop demo`: a profile for two cores. Everything not named here has its default.
seed = 7

[imaging]
size = 128

[split]
validation = 0.12
test = 0.38

[model]
members = ["densenet121"]
image_size = 64
dropout = 0.1
duo = false

[training]
epochs = 6
batch_size = 32
optimizer = "adamw"
learning_rate = 0.002
weight_decay = 0.01
schedule = "cosine"
precision = "auto"

[relabel]
queue_size = 24
""",
)

REAL = DemoProfile(
    studies=0,
    shrunk=(
        "profile: tiny, pictures of 224 px (a hospital: 512)",
        "studies: those of the folder, PA as the published set, AP as the local hospital (a hospital: thousands)",
        "ensemble: MobileNetV2 alone (a hospital: with DenseNet-121 and ResNeXt-50)",
    ),
    toml="""\
# Written by `radloop demo`: the profile for two cores. Everything not named here has its default.
profile = "tiny"
seed = 7

[split]
validation = 0.12
test = 0.38

[relabel]
queue_size = 24
""",
)
