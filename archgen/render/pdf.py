"""A picture as PDF, its text selectable; reportlab is asked only here. Imports ``scene``."""

import io
from collections.abc import Sequence
from typing import Any

from archgen.diagnostics import Fault, MachineError
from archgen.render.palette import DARK, LIGHT, Theme
from archgen.render.paths import headed, steps
from archgen.render.scene import Line, Point, Rect, Scene, Text
from archgen.render.svg import BASELINE
from archgen.render.typography import FACES, FONTS, Run, width

POINTS = 0.75  # a pixel is 1/96 inch, a point 1/72
NAMES = {False: "ArchgenSans-Regular", True: "ArchgenSans-Bold"}


def pdf_bytes(scene: Scene, theme: str = "light") -> bytes:
    """Return a scene as a PDF of one page, the same bytes for the same scene.

    Raises:
        MachineError: E509, reportlab is not installed.
    """
    try:
        from reportlab.pdfbase.pdfmetrics import registerFont
        from reportlab.pdfbase.ttfonts import TTFont
        from reportlab.pdfgen.canvas import Canvas
    except ImportError as error:
        advice = "install it (pip install reportlab), or write `svg` or `png`"
        raise MachineError(Fault("E509", "PDF needs the package reportlab", help=advice)) from error
    for bold, name in NAMES.items():
        registerFont(TTFont(name, FONTS / FACES["bold" if bold else "regular"]))
    target = io.BytesIO()
    size = (scene.width * POINTS, scene.height * POINTS)
    canvas = Canvas(target, pagesize=size, invariant=1)
    canvas.setTitle(scene.title)
    canvas.setSubject(scene.description)
    canvas.setCreator("archgen")
    canvas.scale(POINTS, POINTS)
    _Page(canvas, scene.height, DARK if theme == "dark" else LIGHT).draw(scene)
    canvas.showPage()
    canvas.save()
    return target.getvalue()


class _Page:
    """Draws on a canvas whose y runs upwards."""

    def __init__(self, canvas: Any, height: float, theme: Theme) -> None:
        self.canvas = canvas
        self.height = height
        self.theme = theme

    def draw(self, scene: Scene) -> None:
        self.canvas.setFillColor(self.theme.background)
        self.canvas.rect(0, 0, scene.width, scene.height, stroke=0, fill=1)
        for shape in scene.shapes:
            if isinstance(shape, Rect):
                self.rect(shape)
            elif isinstance(shape, Line):
                self.line(shape)
            else:
                self.text(shape)

    def rect(self, rect: Rect) -> None:
        pair = self.theme.families.get(rect.family)
        colour = self.theme.roles.get(rect.family, rect.family)
        self.canvas.setFillColor(pair.fill if pair else colour)
        self.canvas.setStrokeColor(pair.line if pair else colour)
        self.canvas.setLineWidth(rect.stroke)
        self.canvas.setDash(*((4, 3) if rect.dashed else ()))
        radius = min(rect.r, rect.w / 2, rect.h / 2)
        place = (rect.x, self.height - rect.y - rect.h, rect.w, rect.h, radius)
        self.canvas.roundRect(*place, stroke=1 if pair else 0, fill=1)

    def text(self, text: Text) -> None:
        long = width(*text.runs)
        start = {"start": 0.0, "middle": -long / 2, "end": -long}[text.anchor]
        drop = BASELINE * max(run.size for run in text.runs)
        self.canvas.saveState()
        self.canvas.translate(text.x, self.height - text.y)
        if text.turned:
            self.canvas.rotate(90)
        for run in text.runs:
            self.run(run, start + run.gap, -drop)
            start += width(run)
        self.canvas.restoreState()

    def run(self, run: Run, x: float, y: float) -> None:
        self.canvas.setFont(NAMES[run.bold], run.size)
        self.canvas.setFillColor(self.theme.roles[run.role])
        self.canvas.drawString(x, y, run.text)

    def line(self, line: Line) -> None:
        colour = self.theme.roles[line.role]
        self.canvas.setStrokeColor(colour)
        self.canvas.setFillColor(colour)
        self.canvas.setLineWidth(1.2)
        self.canvas.setDash()
        points: Sequence[Point] = [(x, self.height - y) for x, y in line.points]
        if line.arrow:
            points, corners = headed(points)
            self.head(corners)
        path = self.canvas.beginPath()
        path.moveTo(*points[0])
        for step in steps(points, line):
            flat = [number for point in step for number in point]
            (path.lineTo if len(step) == 1 else path.curveTo)(*flat)
        self.canvas.drawPath(path)

    def head(self, corners: Sequence[Point]) -> None:
        path = self.canvas.beginPath()
        first, *rest = corners
        path.moveTo(*first)
        for corner in rest:
            path.lineTo(*corner)
        path.close()
        self.canvas.drawPath(path, stroke=0, fill=1)
