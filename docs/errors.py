"""Writes docs/errors.md from the pages that `archgen explain` prints: ``python -m docs.errors``."""

from pathlib import Path

from archgen.explaining import errors_page

TARGET = Path(__file__).with_name("errors.md")

if __name__ == "__main__":
    TARGET.write_text(errors_page(), encoding="utf-8")
    print(f"wrote {TARGET}")
