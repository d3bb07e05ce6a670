"""The shipped table of mortgage applications, and the features that are computed from it."""

from __future__ import annotations

import shutil
from importlib import resources
from typing import TYPE_CHECKING, Any

from assay.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

TABLE = "loans.parquet"
DATASHEET = "loans.md"
APPLICATIONS = 200
"""Applications that come in, in a file of their own: reasons are given for those that are turned down."""

CREDIT: dict[str, str] = {
    "housing_expense_ratio": "housing_expense_ratio",
    "debt_ratio": "debt_ratio",
    "loan_to_price": "least(loan_to_price, 1.5)",
    "industry_unemployment": "industry_unemployment",
    "self_employed": "self_employed",
    "cosigner": "cosigner",
    "public_record": "public_record",
    "delinquent_60_days": "delinquent_60_days",
    "consumer_credit": "consumer_credit",
    "no_mortgage_history": "mortgage_history = 'no history'",
    "one_or_two_late": "mortgage_history = 'one or two late'",
    "more_than_two_late": "mortgage_history = 'more than two late'",
}
"""What the applicant owes, earns and has repaid: feature to its SQL over the table."""

LINES: dict[str, str] = {
    "debt_over_36": "greatest(debt_ratio - 36, 0)",
    "loan_over_80": "greatest(least(loan_to_price, 1.5) - 0.8, 0)",
}
"""How far an application is beyond the lines that underwriters draw: 36 % of income owed, 80 % of the price lent."""

STAND_INS: dict[str, str] = {
    "tract_minority_over_30": "tract_minority_over_30",
    "tract_minority_not_known": "tract_minority_over_30 IS NULL",
    "tract_boarded_up_over_median": "tract_boarded_up_over_median",
    "tract_income_over_median": "tract_income_over_median",
    "tract_vacancy_over_median": "tract_vacancy_over_median",
    "two_or_more_units": "two_or_more_units",
    "mortgage_insurance_sought": "mortgage_insurance_sought",
    "married": "married",
    "dependents": "dependents",
    "over_median_age": "over_median_age",
    "over_12_years_school": "over_12_years_school",
    "over_two_credit_reports": "over_two_credit_reports",
    "gift_for_down_payment": "gift_for_down_payment",
    "meets_guidelines": "meets_guidelines",
}
"""Where the house stands, how the applicant lives, and the old lender's own judgement of the applicant."""


def copy_table(folder: Path) -> Path:
    """Copy the shipped table into a folder as `train.parquet`, and its datasheet beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, target in ((TABLE, "train.parquet"), (DATASHEET, "README.md")):
        with resources.as_file(resources.files("assay.demo") / name) as source:
            shutil.copyfile(source, folder / target)
    return folder / "train.parquet"


def write_applications(table: Path, target: Path) -> None:
    """Write some applications as they come in, each with a number, no decision, and neither race nor sex.

    Args:
        table: the shipped table.
        target: a CSV file.
    """
    import duckdb  # noqa: PLC0415 - an engine, imported only when rows are written

    named = str(target).replace("'", "''")
    columns = "'a-' || lpad(CAST(file_row_number + 1 AS VARCHAR), 4, '0') AS application, *"
    table_rows = "read_parquet($table, file_row_number = true)"
    left_out = "EXCLUDE (approved, race, sex, file_row_number)"
    chosen = f"SELECT {columns} {left_out} FROM {table_rows} ORDER BY file_row_number LIMIT {APPLICATIONS}"  # noqa: S608 - ours
    sql = f"COPY ({chosen}) TO '{named}' (HEADER)"
    with duckdb.connect() as connection:
        try:
            connection.execute(sql, {"table": str(table)})
        except duckdb.Error as error:
            raise StorageError(f"could not write {target}: {str(error).splitlines()[0]}") from None


def read_columns(table: Path, columns: Mapping[str, str]) -> dict[str, list[Any]]:
    """Compute columns from a table, one list each, in the order of its rows.

    Args:
        table: a Parquet file.
        columns: the name of each column and its SQL.
    """
    import duckdb  # noqa: PLC0415 - an engine, imported only when rows are read

    selected = ", ".join(f'{sql} AS "{name}"' for name, sql in columns.items())
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"SELECT {selected} FROM read_parquet($table, file_row_number = true) ORDER BY file_row_number",  # noqa: S608 - our own SQL
            {"table": str(table)},
        ).fetchall()
    return dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True))


def write_predictions(target: Path, columns: Mapping[str, tuple[str, Sequence[Any]]]) -> None:
    """Write columns of equal length to a Parquet file; the same values always give the same bytes.

    Args:
        target: the file to write.
        columns: the name of each column, its SQL type and its values.
    """
    import duckdb  # noqa: PLC0415 - an engine, imported only when rows are written

    declared = ", ".join(f'"{name}" {kind}' for name, (kind, _values) in columns.items())
    rows: Iterable[tuple[Any, ...]] = zip(*(values for _kind, values in columns.values()), strict=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(f"CREATE TABLE predictions ({declared})")
        connection.begin()
        connection.executemany(
            f"INSERT INTO predictions VALUES ({', '.join('?' * len(columns))})",  # noqa: S608 - placeholders
            [list(row) for row in rows],
        )
        connection.commit()
        try:
            connection.execute(f"COPY predictions TO '{str(target).replace(chr(39), chr(39) * 2)}' (FORMAT parquet)")
        except duckdb.Error as error:
            raise StorageError(f"could not write {target}: {str(error).splitlines()[0]}") from None
