"""The networks of ``keras.applications`` that shipped specs state; imports Keras only when called.

One table: the verb `verify` and the tests compare with what stands here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archgen.diagnostics import Fault, MachineError, UsageError, named
from archgen.ir import Graph

if TYPE_CHECKING:
    import keras

ACTIVATION = "classifier_activation"


@dataclass(frozen=True)
class Application:
    """A function of ``keras.applications``; parameters in ``handed`` are its arguments too."""

    function: str
    handed: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """Return the dotted name of the function."""
        return f"keras.applications.{self.function}"

    def model(self, graph: Graph, parameters: Mapping[str, Any]) -> "keras.Model":
        """Return Keras's model for the images and the classes of a graph, its weights random.

        Raises:
            MachineError: E506, the function does not take that.
        """
        import keras

        (shape,) = graph.inputs.values()
        classes = graph.shapes[next(iter(graph.outputs.values()))][-1]
        handed = (ACTIVATION, *self.handed)
        arguments = {name: parameters[name] for name in handed if name in parameters}
        function = getattr(keras.applications, self.function)
        try:
            return function(weights=None, input_shape=shape, classes=classes, **arguments)
        except (ValueError, TypeError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise MachineError(
                Fault("E506", f"{self.path} does not take this: {reason}")
            ) from error


APPLICATIONS: Mapping[str, Application] = {
    "densenet121": Application("DenseNet121"),
    "efficientnet_b0": Application("EfficientNetB0"),
    "efficientnet_b3": Application("EfficientNetB3"),
    "inception_resnet_v2": Application("InceptionResNetV2"),
    "inception_v3": Application("InceptionV3"),
    "mobilenet_v2": Application("MobileNetV2", ("alpha",)),
    "resnet50": Application("ResNet50"),
    "vgg16": Application("VGG16"),
    "xception": Application("Xception"),
}


def application_of(name: str) -> Application:
    """Return the application that states the network of a spec.

    Raises:
        UsageError: E501, ``keras.applications`` does not have it.
    """
    if name not in APPLICATIONS:
        message = f"keras.applications has no network for {named(name)}"
        note = f"it has {', '.join(APPLICATIONS)}"
        advice = (
            "compare it with a model of your own, `--against module:function`, or with a file that "
            "`archgen build` wrote, `--against FILE.keras`"
        )
        raise UsageError(Fault("E501", message, notes=(note,), help=advice))
    return APPLICATIONS[name]


def with_logits(known: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters from outside that make a network answer logits, unless they say otherwise.

    Probabilities of a thousand classes hide most of what their logits show.
    """
    logits = {ACTIVATION: "linear"} if ACTIVATION in known else {}
    return {**logits, **parameters}
