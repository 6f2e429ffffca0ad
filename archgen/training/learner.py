"""A network with its loss and optimizer in Keras: one step, one answer, all of its state."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from archgen.backends.keras import build_model
from archgen.diagnostics import Fault, MachineError
from archgen.ir import Shape
from archgen.pixels import PixelMap
from archgen.recipe import Training
from archgen.training.fitting import Task
from archgen.training.images import Array
from archgen.training.preparing import prepared

if TYPE_CHECKING:
    import keras

# Beside the learning rate, what papers and libraries take where they say nothing else.
OPTIMIZERS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "adam": ("Adam", {}),
    "adamw": ("AdamW", {}),
    "nadam": ("Nadam", {}),
    "lion": ("Lion", {}),
    "rmsprop": ("RMSprop", {}),
    "sgd": ("SGD", {"momentum": 0.9, "nesterov": True}),
}
OUT_OF_MEMORY = ("ResourceExhausted", "OutOfMemory", "MemoryError")
NO_DECAY = ["bias", "gamma", "beta"]


class Measured(NamedTuple):
    """The loss of a batch, all heads and penalties included, and the main output's accuracy."""

    loss: float
    accuracy: float


class Learner:
    """A network that learns: its model, what prepares images for it, its loss, its optimizer.

    ``model`` is the network alone. ``trainer`` is it behind the preparation of images of 0…255, so
    that one compiled function does both.
    """

    def __init__(self, task: Task, options: Training, images: Shape, mapping: PixelMap) -> None:
        import keras

        self.task = task
        with _policy(options.precision):
            self.model = build_model(task.graph, seed=options.seed)
        entering = keras.Input(images, dtype="float32", name="pixels")
        inside = prepared(entering, task.graph, mapping, options)
        self.trainer = keras.Model(entering, self.model(inside), name="training")
        self.classes = task.graph.by_name[task.graph.outputs[task.main]].shape[-1]
        # Keras's default, XLA, takes twice as long to begin on CPUs and is no faster there.
        jit = "auto" if _has_accelerator() else False
        self.trainer.compile(_optimizer(options), **_losses(task, options), jit_compile=jit)
        self.optimizer = self.trainer.optimizer  # in float16 one that scales the loss
        self.optimizer.build(self.trainer.trainable_variables)

    def step(self, pixels: Array, labels: Array, learning_rate: float) -> Measured:
        """Learn from one batch of images of 0…255.

        Raises:
            MachineError: E504, the memory is too small for the batch.
        """
        import keras

        self.optimizer.learning_rate = learning_rate
        targets = keras.utils.to_categorical(labels, self.classes)
        names = list(self.task.graph.outputs)
        lone = len(names) == 1
        given = targets if lone else dict.fromkeys(names, targets)
        with _memory_told(len(labels)):
            logs = self.trainer.train_on_batch(pixels, given, return_dict=True)
        accuracy = logs["accuracy" if lone else f"{self.task.main}_accuracy"]
        return Measured(float(logs["loss"]), float(accuracy))

    def state(self) -> list[Array]:
        """Return copies of all that the next step depends on: weights, optimizer, random state."""
        return arrays(self._variables())

    def restore(self, state: Sequence[Array]) -> None:
        """Put a state back.

        Raises:
            MachineError: E516, it is that of another network or optimizer.
        """
        variables = self._variables()
        shapes = [tuple(variable.shape) for variable in variables]
        if shapes != [array.shape for array in state]:
            message = "the checkpoint does not fit: another version of Keras may have written it"
            raise MachineError(Fault("E516", message))
        for variable, array in zip(variables, state, strict=True):
            variable.assign(array)

    def _variables(self) -> list[Any]:
        return [*self.trainer.variables, *self.optimizer.variables]


def arrays(variables: Sequence[Any]) -> list[Array]:
    """Return copies of Keras's variables."""
    import keras
    import numpy as np

    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def whole_model(learner: Learner, weights: Sequence[Array]) -> "keras.Model":
    """Return the network with these weights, in float32 whatever precision it learned in."""
    model = learner.model
    if any(layer.dtype_policy.compute_dtype != "float32" for layer in model.layers):
        model = build_model(learner.task.graph)
    model.set_weights(list(weights))
    return model


def answers(model: "keras.Model", task: Task, pixels: Array, batch_size: int) -> Array:
    """Return the probabilities of the classes by the main output, an image a row.

    Every batch has the same size, so that Keras compiles once.
    """
    import numpy as np

    size = min(batch_size, len(pixels))
    rows = []
    for start in range(0, len(pixels), size):
        batch = pixels[start : start + size]
        full = np.concatenate([batch, pixels[: size - len(batch)]])
        given = model.predict_on_batch(full)
        main = given[task.main] if isinstance(given, dict) else given
        rows.append(np.asarray(main, "float64")[: len(batch)])
    answered = np.concatenate(rows)
    return softmax(answered) if task.logits[task.main] else answered


def softmax(logits: Array) -> Array:
    """Return the probabilities that logits mean, an image a row."""
    import numpy as np

    raised: Array = np.exp(logits - logits.max(axis=1, keepdims=True))
    total: Array = raised.sum(axis=1, keepdims=True)
    return np.divide(raised, total)


def taking_pixels(
    model: "keras.Model", task: Task, images: Shape, mapping: PixelMap
) -> "keras.Model":
    """Return a network behind the preparation of images of 0…255."""
    import keras

    entering = keras.Input(images, dtype="float32", name="pixels")
    return keras.Model(entering, model(prepared(entering, task.graph, mapping)), name="measuring")


def _losses(task: Task, options: Training) -> dict[str, Any]:
    """Return the losses, their weights and the metric, as ``compile`` takes them."""
    import keras

    smoothing = options.label_smoothing
    losses = {
        name: keras.losses.CategoricalCrossentropy(from_logits=logits, label_smoothing=smoothing)
        for name, logits in task.logits.items()
    }
    if len(losses) == 1:
        return {"loss": losses[task.main], "metrics": ["accuracy"]}
    weights = {name: task.graph.loss_weights.get(name, 1.0) for name in losses}
    return {"loss": losses, "loss_weights": weights, "metrics": {task.main: ["accuracy"]}}


def _optimizer(options: Training) -> Any:
    import keras

    name, arguments = OPTIMIZERS[options.optimizer]
    asked = "weight_decay" in options.model_fields_set  # else adamw has Keras's own
    decay = {"weight_decay": options.weight_decay} if asked else {}
    optimizer = getattr(keras.optimizers, name)(options.learning_rate, **arguments, **decay)
    if optimizer.weight_decay:
        optimizer.exclude_from_weight_decay(var_names=NO_DECAY)
    return optimizer


def _has_accelerator() -> bool:
    import keras

    return any(not name.startswith("cpu") for name in keras.distribution.list_devices())


@contextmanager
def _memory_told(size: int) -> Iterator[None]:
    """Turn a backend's want of memory, which each has its own error for, into MachineError E504."""
    try:
        yield
    except Exception as error:
        if not any(name in type(error).__name__ for name in OUT_OF_MEMORY):
            raise
        message = f"there is not enough memory for a step of {size} images"
        advice = f"try `--batch-size {max(1, size // 2)}`" if size > 1 else None
        raise MachineError(Fault("E504", message, help=advice)) from error


@contextmanager
def _policy(name: str) -> Iterator[None]:
    """Let layers compute in another precision while they are made."""
    import keras

    before = keras.config.dtype_policy()
    if name != "float32":
        keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
