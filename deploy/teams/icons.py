"""Draws the app's icons, color.png and outline.png, beside this file: `python deploy/teams/icons.py`."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

COLOR, OUTLINE = 192, 32
GROUND = "#2F4FB5"
OVERSIZE = 8
"""Drawn this much larger and then reduced, which smooths the edges."""

Sign = tuple[tuple[float, float], ...]
PULSE: Sign = ((0.20, 0.43), (0.32, 0.43), (0.38, 0.28), (0.46, 0.57), (0.52, 0.43), (0.62, 0.43))


def drawn(size: int, ground: str | None, share: float) -> Image.Image:
    """A magnifying glass over a pulse in white, `share` of the icon wide, on `ground` or on nothing."""
    side = size * OVERSIZE
    image = Image.new("RGBA", (side, side), ground or (255, 255, 255, 0))
    draw = ImageDraw.Draw(image)
    line = round(side * share * (0.085 if ground else 0.1))

    def at(x: float, y: float) -> tuple[float, float]:
        return (side * (0.5 + (x - 0.5) * share), side * (0.5 + (y - 0.5) * share))

    draw.ellipse((*at(0.05, 0.05), *at(0.77, 0.77)), outline="white", width=line)
    draw.line((at(0.67, 0.67), at(0.93, 0.93)), fill="white", width=round(line * 1.5))
    draw.circle(at(0.93, 0.93), line * 0.75, fill="white")
    draw.line([at(*point) for point in PULSE], fill="white", width=round(line * 0.8), joint="curve")
    return image.resize((size, size), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    here = Path(__file__).parent
    drawn(COLOR, GROUND, 0.6).convert("RGB").save(here / "color.png", optimize=True)
    drawn(OUTLINE, None, 0.94).save(here / "outline.png", optimize=True)
