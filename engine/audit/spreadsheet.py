"""Tables as files that a spreadsheet opens: CSV with a byte order mark, and XLSX with real dates, of any number of rows.

The only importer of XlsxWriter, which writes row by row and keeps none.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import BinaryIO
from zoneinfo import ZoneInfo

import xlsxwriter

from engine.durations import ZONE

Cell = str | int | datetime | None
MOST = 1_000_000
"""Rows of one XLSX; a sheet ends soon after."""
BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
WIDEST = 40
_OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def write_csv(file: BinaryIO, titles: Sequence[str], rows: Iterable[Sequence[Cell]]) -> int:
    """Write a table as UTF-8 with a byte order mark; says how many rows it has. Times are those of China."""
    text = io.TextIOWrapper(file, "utf-8-sig", newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([safe(each) for each in titles])
    number = 0
    for row in rows:
        writer.writerow([_text(cell) for cell in row])
        number += 1
    text.flush()
    text.detach()
    return number


def write_xlsx(file: BinaryIO, titles: Sequence[str], rows: Iterable[Sequence[Cell]], *, names: tuple[str, str],
               facts: Iterable[tuple[str, Cell]], counted: str, beyond: str, most: int = MOST) -> int:
    """Write a table of at most `most` rows, and a sheet of `facts` that ends with how many rows there are, called `counted`,
    and with the sentence `beyond` if there were more.

    `names` are those of the two sheets. The header stays in sight and filters.
    """
    waiting = iter(rows)
    with xlsxwriter.Workbook(file, _OPTIONS) as book:
        sheet, bold = book.add_worksheet(names[0]), book.add_format({"bold": True})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(titles) - 1, 18)
        for column, title in enumerate(titles):
            sheet.write_string(0, column, title, bold)
        number = 0
        for number, row in enumerate(islice(waiting, most), 1):
            _write(sheet, number, row, moment)
        sheet.autofilter(0, 0, number, len(titles) - 1)
        about = book.add_worksheet(names[1])
        about.set_column(0, 1, WIDEST)
        is_whole = next(waiting, None) is None
        for line, fact in enumerate([*facts, (counted, number), *([] if is_whole else [(beyond, None)])]):
            _write(about, line, fact, moment)
    return number


def safe(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(BEGINS_FORMULA) else text


def _write(sheet: xlsxwriter.worksheet.Worksheet, line: int, row: Sequence[Cell], moment: xlsxwriter.format.Format) -> None:
    for column, cell in enumerate(row):
        if isinstance(cell, datetime):
            sheet.write_datetime(line, column, _local(cell), moment)
        elif isinstance(cell, int):
            sheet.write_number(line, column, cell)
        elif cell:
            sheet.write_string(line, column, cell)


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    return _local(cell).strftime("%Y-%m-%d %H:%M") if isinstance(cell, datetime) else safe(str(cell))


def _local(moment: datetime) -> datetime:
    """The time in China; a spreadsheet has no zones."""
    return moment.astimezone(ZoneInfo(ZONE)).replace(tzinfo=None)
