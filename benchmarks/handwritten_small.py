"""``inception_v4_mnist_tiny`` as a Keras program without archgen, and a loop that trains it.

The network is Inception-v4 with a quarter of the filters, one block of each family, and three
strides less, for 28×28 images.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import keras  # noqa: TID253 - a plain Keras program imports Keras at its top
import numpy as np  # noqa: TID253
from keras import layers  # noqa: TID253

Tensor: TypeAlias = keras.KerasTensor
Array: TypeAlias = np.ndarray[Any, Any]


def small_inception_v4() -> keras.Model:
    inputs = keras.Input((28, 28, 1))
    x = chain(inputs, [(8, 3), (8, 3), (16, 3)])
    x = layers.Concatenate()([max_pool(x), conv(x, 24, 3, 2)])
    short = chain(x, [(16, 1), (24, 3)])
    x = layers.Concatenate()([short, chain(x, [(16, 1), (16, (1, 7)), (16, (7, 1)), (24, 3)])])
    x = layers.Concatenate()([conv(x, 48, 3), max_pool(x, 1)])
    x = block(x, [[(24, 1)], [(16, 1), (24, 3)], [(16, 1), (24, 3), (24, 3)]], 24)
    double = conv(chain(x, [(48, 1), (56, 3)]), 64, 3, 2)
    x = layers.Concatenate()([conv(x, 96, 3, 2), double, max_pool(x)])
    single = [(48, 1), (56, (1, 7)), (64, (7, 1))]
    long = [(48, 1), (48, (7, 1)), (56, (1, 7)), (56, (7, 1)), (64, (1, 7))]
    x = block(x, [[(96, 1)], single, long], 32)
    double = conv(chain(x, [(64, 1), (64, (1, 7)), (80, (7, 1))]), 80, 3, 2)
    x = layers.Concatenate()([conv(conv(x, 48, 1), 48, 3, 2), double, max_pool(x)])
    wide = split(chain(x, [(96, 1), (112, (3, 1)), (128, (1, 3))]))
    branches = [conv(x, 64, 1), *split(conv(x, 96, 1)), *wide, pooled(x, 64)]
    x = layers.GlobalAveragePooling2D()(layers.Concatenate()(branches))
    outputs = layers.Dense(10, activation="softmax")(layers.Dropout(0.2)(x))
    return keras.Model(inputs, outputs)


def conv(x: Tensor, filters: int, kernel: int | tuple[int, int], strides: int = 1) -> Tensor:
    x = layers.Conv2D(filters, kernel, strides, "same", use_bias=False)(x)
    x = layers.BatchNormalization(scale=False, epsilon=1e-3, momentum=0.9)(x)
    return layers.Activation("relu")(x)


def chain(x: Tensor, steps: Sequence[tuple[int, int | tuple[int, int]]]) -> Tensor:
    for filters, kernel in steps:
        x = conv(x, filters, kernel)
    return x


def block(x: Tensor, branches: Sequence[Sequence[tuple[int, Any]]], pool: int) -> Tensor:
    return layers.Concatenate()([*(chain(x, branch) for branch in branches), pooled(x, pool)])


def split(x: Tensor) -> list[Tensor]:
    return [conv(x, 64, (1, 3)), conv(x, 64, (3, 1))]


def max_pool(x: Tensor, strides: int = 2) -> Tensor:
    return layers.MaxPooling2D(3, strides=strides, padding="same")(x)


def pooled(x: Tensor, filters: int) -> Tensor:
    return conv(layers.AveragePooling2D(3, strides=1, padding="same")(x), filters, 1)


def compiled(model: keras.Model, rate: Any) -> keras.Model:
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
    # XLA, Keras's default, is slower on CPUs; archgen does not use it there either.
    optimizer = keras.optimizers.Adam(rate)
    model.compile(optimizer, loss=loss, metrics=["accuracy"], jit_compile=False)
    return model


def fitted(shares: Sequence[tuple[Array, Array]], epochs: int, seed: int, best: str) -> float:
    """Train as one would in Keras; return the accuracy on the last of three shares.

    Images are 28×28 of 0…255; the second share chooses the epoch, whose weights go to ``best``.
    """
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((28, 28, 1))
    x = layers.RandomTranslation(0.1, 0.1)(inputs)
    x = layers.RandomZoom(0.15)(layers.RandomRotation(15 / 360)(x))
    outputs = small_inception_v4()(layers.Rescaling(2 / 255, -1.0)(x))
    learned, choosing, held_out = ((x, keras.utils.to_categorical(y, 10)) for x, y in shares)
    steps = -(-len(learned[0]) // 64)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, epochs * steps)
    model = compiled(keras.Model(inputs, outputs), rate)
    kept = keras.callbacks.ModelCheckpoint(best, save_best_only=True, save_weights_only=True)
    model.fit(
        *learned, batch_size=64, epochs=epochs, validation_data=choosing, callbacks=[kept],
        verbose=0,
    )  # fmt: skip
    model.load_weights(best)
    answers = model.predict(held_out[0], verbose=0)
    return float((answers.argmax(1) == held_out[1].argmax(1)).mean())
