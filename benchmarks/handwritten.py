"""Inception-v4 (TF-slim layout) as a Keras program without archgen: what archgen is held against.

Source: arXiv:1602.07261, figures 3-9, with the kernel orders and branch orders of TF-slim.
"""

from typing import TypeAlias

import keras  # noqa: TID253 - a plain Keras program imports Keras at its top
from keras import layers  # noqa: TID253

Tensor: TypeAlias = keras.KerasTensor


def inception_v4(
    input_shape: tuple[int, int, int] = (299, 299, 3), classes: int = 1000
) -> keras.Model:
    inputs = keras.Input(input_shape)
    x = stem(inputs)
    for _ in range(4):
        x = inception_a(x)
    x = reduction_a(x)
    for _ in range(7):
        x = inception_b(x)
    x = reduction_b(x)
    for _ in range(3):
        x = inception_c(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.2)(x)
    outputs = layers.Dense(classes, activation="softmax", name="predictions")(x)
    return keras.Model(inputs, outputs, name="inception_v4")


def conv(
    x: Tensor,
    filters: int,
    kernel: int | tuple[int, int],
    strides: int = 1,
    padding: str = "same",
) -> Tensor:
    x = layers.Conv2D(filters, kernel, strides, padding, use_bias=False)(x)
    x = layers.BatchNormalization(scale=False, epsilon=1e-3, momentum=0.9997)(x)
    return layers.Activation("relu")(x)


def halved(x: Tensor, filters: int) -> Tensor:
    return conv(x, filters, 3, strides=2, padding="valid")


def max_pool(x: Tensor) -> Tensor:
    return layers.MaxPooling2D(3, strides=2, padding="valid")(x)


def pooled(x: Tensor, filters: int) -> Tensor:
    x = layers.AveragePooling2D(3, strides=1, padding="same")(x)
    return conv(x, filters, 1)


def stem(x: Tensor) -> Tensor:
    x = halved(x, 32)
    x = conv(x, 32, 3, padding="valid")
    x = conv(x, 64, 3)
    x = layers.Concatenate()([max_pool(x), halved(x, 96)])
    short = conv(x, 64, 1)
    short = conv(short, 96, 3, padding="valid")
    long = conv(x, 64, 1)
    long = conv(long, 64, (1, 7))
    long = conv(long, 64, (7, 1))
    long = conv(long, 96, 3, padding="valid")
    x = layers.Concatenate()([short, long])
    return layers.Concatenate()([halved(x, 192), max_pool(x)])


def inception_a(x: Tensor) -> Tensor:
    direct = conv(x, 96, 1)
    single = conv(x, 64, 1)
    single = conv(single, 96, 3)
    double = conv(x, 64, 1)
    double = conv(double, 96, 3)
    double = conv(double, 96, 3)
    return layers.Concatenate()([direct, single, double, pooled(x, 96)])


def reduction_a(x: Tensor) -> Tensor:
    single = halved(x, 384)
    double = conv(x, 192, 1)
    double = conv(double, 224, 3)
    double = halved(double, 256)
    return layers.Concatenate()([single, double, max_pool(x)])


def inception_b(x: Tensor) -> Tensor:
    direct = conv(x, 384, 1)
    single = conv(x, 192, 1)
    single = conv(single, 224, (1, 7))
    single = conv(single, 256, (7, 1))
    double = conv(x, 192, 1)
    double = conv(double, 192, (7, 1))
    double = conv(double, 224, (1, 7))
    double = conv(double, 224, (7, 1))
    double = conv(double, 256, (1, 7))
    return layers.Concatenate()([direct, single, double, pooled(x, 128)])


def reduction_b(x: Tensor) -> Tensor:
    single = conv(x, 192, 1)
    single = halved(single, 192)
    double = conv(x, 256, 1)
    double = conv(double, 256, (1, 7))
    double = conv(double, 320, (7, 1))
    double = halved(double, 320)
    return layers.Concatenate()([single, double, max_pool(x)])


def inception_c(x: Tensor) -> Tensor:
    direct = conv(x, 256, 1)
    single = conv(x, 384, 1)
    double = conv(x, 384, 1)
    double = conv(double, 448, (3, 1))
    double = conv(double, 512, (1, 3))
    branches = [direct, *split(single), *split(double), pooled(x, 256)]
    return layers.Concatenate()(branches)


def split(x: Tensor) -> list[Tensor]:
    return [conv(x, 256, (1, 3)), conv(x, 256, (3, 1))]
