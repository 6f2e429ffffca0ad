"""What is logged of a run: a CSV table, and scalars for TensorBoard."""

import csv
import io
import shutil
from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

from archgen.files import write_text
from archgen.training.progress import Epoch

PLUGIN = "scalars"
# As Keras's own callback names them: the tag, and the field of each of its two runs.
SCALARS = (
    ("epoch_loss", {"train": "loss", "validation": "val_loss"}),
    ("epoch_accuracy", {"train": "accuracy", "validation": "val_accuracy"}),
    ("epoch_learning_rate", {"train": "learning_rate"}),
)


def write_table(path: Path, rows: Sequence[Epoch]) -> None:
    """Write the epochs as CSV, whole; Raises OSError."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(field.name for field in fields(Epoch))
    table.writerows(map(astuple, rows))
    write_text(path, text.getvalue())


class TensorBoardLog:
    """Event files for TensorBoard, which need TensorFlow and not TensorBoard to be written."""

    def __init__(self, folder: Path, rows: Sequence[Epoch]) -> None:
        """Begin with the epochs that are done; what another process logged beyond them goes."""
        import tensorflow as tf

        shutil.rmtree(folder, ignore_errors=True)
        names = ("train", "validation")
        self.writers: dict[str, Any] = {
            name: tf.summary.create_file_writer(str(folder / name)) for name in names
        }
        for row in rows:
            self.add(row)

    def add(self, row: Epoch) -> None:
        """Log an epoch."""
        import tensorflow as tf
        from tensorflow.core.framework import summary_pb2

        data = summary_pb2.SummaryMetadata.PluginData(plugin_name=PLUGIN)
        kind = summary_pb2.DATA_CLASS_SCALAR
        metadata = summary_pb2.SummaryMetadata(plugin_data=data, data_class=kind)
        for tag, runs in SCALARS:
            for name, field in runs.items():
                with self.writers[name].as_default():
                    value = tf.constant(getattr(row, field), tf.float32)
                    tf.summary.write(tag, value, step=row.epoch, metadata=metadata)
        for writer in self.writers.values():
            writer.flush()

    def close(self) -> None:
        """Close the files."""
        for writer in self.writers.values():
            writer.close()
