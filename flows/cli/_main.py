"""`radloop`: exit 0 done, 1 refused or failed with one clear line, 2 wrong usage."""

import logging
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError, Group

from components.errors import RadloopError
from components.settings import go_offline

# Commands are named by their place and imported when asked for: `radloop --help` does not wait for the engines.
_COMMANDS = {
    "The loop": {
        "demo": ("_demo:demo", "the whole loop once, on an invented hospital or on real pictures"),
        "up": ("_stack_commands:up", "start the local stack: Prefect, MLflow, the service, Label Studio"),
        "status": ("_stack_commands:status", "which servers of this home run, and where"),
        "down": ("_stack_commands:down", "end what `up` started"),
    },
    "Studies in": {
        "simulate": ("_data_commands:simulate", "write an invented hospital's export"),
        "listen": ("_reception_commands:listen", "receive studies by DICOM and reports by HL7 into the inbox"),
        "fetch": ("_reception_commands:fetch", "fetch studies from the archive into the inbox"),
        "ingest": ("_data_commands:ingest", "take studies and reports in: de-identified, labelled, checked"),
        "import": ("_import_commands:import_dataset", "take a published dataset in, to train a first model on"),
        "deidentify": ("_data_commands:deidentify", "de-identified copies of a folder of DICOM files"),
        "label": ("_label_commands:label", "read the 14 findings out of a table of reports"),
        "label-report": ("_label_commands:label_report", "how well the labeller reads, judged by the radiologists"),
    },
    "Models": {
        "pretrain": ("_model_commands:pretrain", "train a first model on published studies"),
        "retrain": ("_model_commands:retrain", "fine-tune the champion, prove it, promote it only on proof"),
        "tune": ("_tune_commands:tune", "search for better settings of the next training"),
        "embed": ("_embedding_commands:embed", "write every image's embedding into Parquet files"),
        "fit-head": ("_embedding_commands:fit_head", "a small head for any finding, from few labels"),
        "efficiency": ("_efficiency_commands:efficiency", "how many local images each way of training needs"),
        "compare": ("_model_commands:compare", "the gate's statistics on any two models' scores"),
        "explain": ("_explain_command:explain", "where a model looks in a study, as pictures"),
        "promote": ("_release_commands:promote", "make a version champion that the gate let pass"),
        "rollback": ("_release_commands:rollback", "put the previous champion back"),
        "ledger": ("_release_commands:ledger", "prove that no decision was altered"),
        "trace": ("_release_commands:trace", "what a model's probabilities rest on, back to each label"),
        "evidence": ("_release_commands:evidence", "the file that proves a release, for who must approve it"),
        "serve": ("_model_commands:serve", "run the prediction service"),
    },
    "Identity": {
        "reidentify": ("_identity_commands:reidentify", "the original behind a pseudonym; the ledger notes who asked"),
        "forget": ("_identity_commands:forget", "remove every trace of a patient who withdrew consent"),
        "key": ("_identity_commands:key", "rotate the key behind all pseudonyms, check its copy"),
    },
    "People": {
        "relabel": ("_relabel_commands:relabel", "studies out to the radiologists, readings in"),
    },
}


def make_app(asked: str | None) -> App:
    """The command line; a command that is asked for says its whole docstring in --help, the others their line."""
    app = App(
        name="radloop",
        help="Keeps a hospital's chest X-ray model tuned to its own patients.",
        version_flags=["--version"],
    )
    for order, (title, commands) in enumerate(_COMMANDS.items()):
        group = Group(title, sort_key=order)
        for rank, (command, (place, text)) in enumerate(commands.items()):
            line = None if command == asked else text
            app.command(f"flows.cli.{place}", name=command, group=group, help=line, sort_key=rank)
    return app


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of the console script."""
    go_offline()
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    for handler in logging.getLogger().handlers:
        handler.setLevel(logging.WARNING)  # engines give their own loggers a level of their own
        # a failed flow's traceback is in Prefect's pages; here it is one clear line
        handler.addFilter(lambda record: not record.name.startswith("prefect"))
    try:
        words = sys.argv[1:] if argv is None else list(argv)
        make_app(words[0] if words else None)(words, exit_on_error=False, print_error=True)
    except CycloptsError:
        sys.exit(2)
    except RadloopError as error:
        sys.stderr.write(f"radloop: {error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write("radloop: stopped by the keyboard; what was finished is kept, run the same again to go on.\n")
        sys.exit(130)
