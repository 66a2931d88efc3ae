"""How a table of the demo looks."""

from __future__ import annotations

from rich import box
from rich.table import Table


def table(title: str, *columns: tuple[str, bool]) -> Table:
    """An empty table; each column has a name, and whether it holds numbers."""
    made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, expand=True, pad_edge=False)
    for name, number in columns:
        made.add_column(name, justify="right" if number else "left", overflow="fold")
    return made
